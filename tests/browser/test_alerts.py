"""What a delivery partner does in the morning, in a real browser: email, sign-in, names, and an answer for all."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from alerting import book
from alerting.model import Alert
from alerting.store import AlertStore
from registry import accounts, contacts, endpoints
from registry.store import Registry
from tests.alert_pages_kit import a_notice, an_alert, changed
from tests.browser.site_processes import Running, running
from tests.browser.test_journey import LATER, PATIENCE, sign_in, until_shown
from tests.builders import at, enrolled

ADDRESS = "kim@partner.example.org"
expect.set_options(timeout=PATIENCE)


def alerts() -> list[Alert]:
    """About four people of one partner and one of another, in every state that has much to show."""
    others = {"told_at": None, "last_told_at": None}
    return [
        an_alert("e-1", on=LATER),
        an_alert("e-3", on=LATER, level="at-risk"),
        an_alert("e-5", on=LATER, state="held-back", **others),
        an_alert("e-7", on=LATER, matter="withdrawal", state="waiting", **others),
        an_alert("e-0", on=LATER, partner="partner-0", state="acknowledged"),
    ]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    """People of two partners who are flagged, of whom a dispatcher has told."""
    people = [enrolled(at(-5), f"e-{number}", f"p-{number}", partner=f"partner-{number % 2}") for number in range(8)]
    told = alerts()
    with AlertStore(tmp_path / "alerts.db") as store, store.writing() as connection:
        book.put_alerts(connection, told)
        dead = a_notice("msg_dead", told[-1:], state="dead", attempts=12, error="SMTP 451", kind="at-once")
        ours = a_notice("msg_ours", told[:2], receiver=receivers(tmp_path), held_back=1)
        book.put_notices(connection, [ours, dead])
    with running(tmp_path, *people, ENGAGEMENT_MAILBOX_DIR=str(tmp_path / "mail")) as site:
        yield site.name(p_1="Amina Example", p_3="Bo Example").start(LATER)


def receivers(folder: Path) -> str:
    """An account, a contact and endpoints, one of them switched off; answers the contact."""
    now = datetime.now(UTC) - timedelta(days=30)
    with Registry(folder / "registry.db") as registry, registry.writing() as connection:
        accounts.create(connection, label="Kim", role="partner", partner="partner-1", email=ADDRESS, now=now)
        made = contacts.create(connection, partner="partner-1", label="Kim", email=ADDRESS, now=now, by="account-1")
        for host in ("hooks", "gone"):
            hook = endpoints.create(
                connection,
                partner="partner-1",
                channel="webhook",
                url=f"https://{host}.example.org/alerts",
                secret=endpoints.new_secret(),
                now=now,
                by="account-1",
            )
        endpoints.switch_off(connection, hook.id, now, "the endpoint answered 410 Gone")
    return made.id


def link_in_mail(folder: Path) -> str:
    """The address in the message that has come."""
    deadline = monotonic() + PATIENCE / 1000
    while not (found := list((folder / "mail" / "new").glob("*"))):
        assert monotonic() < deadline, "no message has come"
    message = BytesParser(policy=policy.default).parsebytes(found[0].read_bytes())
    [line] = [each for each in message.get_content().splitlines() if each.startswith("http")]
    return line


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_email_to_an_answer(
    site: Running, visit: Any, picture: Callable[[Page, str], None], javascript: bool
) -> None:
    """The link of a digest leads over a sign-in link by email to the participants, and one button answers for all."""
    page, troubles = visit(f"{site.address}/alerts/notices/msg_ours", javascript=javascript)
    page.get_by_label("Your email address").fill(ADDRESS)
    picture(page, "sign-in-by-mail")
    page.get_by_role("button", name="Email me a sign-in link").click()
    expect(page.get_by_text("a link to sign in is on its way")).to_be_visible()

    page.goto(link_in_mail(site.folder))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What this message told of")
    until_shown(page, page.url, "2 flags wait for somebody")
    expect(page.get_by_role("link", name="Amina Example", exact=True)).to_be_visible()
    picture(page, "alert-notice-to-answer")
    page.get_by_role("button", name="Acknowledge all of these").click()

    expect(page.get_by_text("Noted: you have seen these flags")).to_be_visible()
    if javascript:
        expect(page.get_by_text("No flag here waits for an answer")).to_be_visible()
    else:
        until_shown(page, f"{site.address}/alerts/notices/msg_ours", "No flag here waits for an answer")
    assert troubles == []


def test_open_pages_follow_what_becomes_of_alerts(site: Running, visit: Any) -> None:
    """When the dispatcher notes an answer, the list and the number in the navigation change without loading anew."""
    page, troubles = visit(site.link())
    sign_in(page)
    until_shown(page, f"{site.address}/alerts", "Amina Example")
    expect(page.get_by_role("link", name="Alerts 2 to answer")).to_be_visible()
    page.evaluate("window.loadedOnce = true")

    with AlertStore(site.folder / "alerts.db") as store, store.writing() as connection:
        book.put_alerts(connection, [changed(alerts()[0], state="acknowledged")])

    expect(page.get_by_role("link", name="Alerts 1 to answer")).to_be_visible()
    expect(page.get_by_role("row", name="Amina Example").get_by_text("Acknowledged")).to_be_visible()
    assert page.evaluate("window.loadedOnce")
    assert troubles == []


PAGES = {
    "alerts": "/alerts",
    "alerts-held-back": "/alerts?state=held-back",
    "alert": f"/alerts/about/e-1/{LATER}",
    "alert-notice": "/alerts/notices/msg_ours",
    "alert-messages": "/alerts/messages",
    "alert-receivers": "/alerts/receivers",
    "alert-preview": "/alerts/preview",
    "unsubscribe": "/unsubscribe/some-token",
}


def test_every_page_about_alerts_is_accessible_wide_and_narrow(
    site: Running, visit: Any, axe_violations: Callable[[Page], list[str]], picture: Callable[[Page, str], None]
) -> None:
    """axe-core finds nothing on any of them, at 1280 pixels and at 320, and none scrolls sideways."""
    found: dict[str, list[str]] = {}
    for width in (1280, 320):
        page, troubles = visit(f"{site.address}/sign-in", width=width)
        found[f"sign-in at {width}"] = axe_violations(page)
        page.goto(site.link())
        sign_in(page)
        until_shown(page, f"{site.address}/at-risk", "Amina Example")
        for name, path in PAGES.items():
            page.goto(f"{site.address}{path}")
            found[f"{name} at {width}"] = axe_violations(page)
            picture(page, f"{name}-{width}")
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} scrolls sideways at {width}"
        assert troubles == []
    assert {name: each for name, each in found.items() if each} == {}
