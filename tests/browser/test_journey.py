"""What people do at the dashboard, in a real browser over a real worker: with scripts, without them, by keyboard."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from learning.facts import ContactMade
from tests.browser.site_processes import Running, running
from tests.builders import at, completed, enrolled, make

BEGAN = date(2025, 9, 8)
QUIET = BEGAN + timedelta(days=1)
"""A day on which nobody is behind."""

LATER = BEGAN + timedelta(days=42)
"""Six study weeks later: who did nothing is flagged."""

PATIENCE = 60_000
"""Milliseconds; machines are shared, and how long it took is measured, not asserted."""

OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
"""By how many pixels a page is wider than its window."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    """Four people of two partners, all on track on the first day."""
    people = [enrolled(at(-5), f"e-{number}", f"p-{number}", partner=f"partner-{number % 2}") for number in range(4)]
    with running(tmp_path, *people) as site:
        yield site.name(p_0="Amina Example", p_1="Bo Example", p_2="Chi Example", p_3="Dee Example").start(QUIET)


def sign_in(page: Page) -> None:
    """Press the button behind a link, and arrive on the overview."""
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def until_shown(page: Page, path: str, words: str) -> None:
    """Load a page again and again, as somebody without scripts does, until it shows these words."""
    deadline = monotonic() + PATIENCE / 1000
    while page.get_by_text(words).count() == 0:
        assert monotonic() < deadline, f"{path} does not show {words}"
        page.wait_for_timeout(200)
        page.goto(path)


def test_a_flag_appears_and_is_worked_on_without_reloading(
    site: Running, visit: Any, picture: Callable[[Page, str], None], tmp_path: Path
) -> None:
    """Staff sign in, see a flag come up as the day starts, filter, open the person, acknowledge, and read the story."""
    page, troubles = visit(site.link())
    sign_in(page)
    page.get_by_role("link", name="At risk", exact=True).first.click()
    expect(page.get_by_text("Nobody is at risk as of")).to_be_visible()
    page.evaluate("window.neverReloaded = true")

    began = monotonic()
    site.start(LATER)
    expect(page.get_by_role("link", name="Amina Example")).to_be_visible()
    seconds = monotonic() - began

    assert page.evaluate("window.neverReloaded")
    (tmp_path / "fact-to-screen.txt").write_text(f"{seconds:.2f}\n", encoding="utf-8")
    picture(page, "at-risk")
    page.get_by_label("Delivery partner").select_option("partner-0")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name="Bo Example")).to_have_count(0)
    page.get_by_role("link", name="Amina Example").click()
    page.get_by_role("link", name="Acknowledge").first.click()
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_text("Noted: you have seen the flag")).to_be_visible()
    expect(page.locator("[data-live-region=story]")).to_contain_text("acknowledged")
    picture(page, "enrolment")
    assert troubles == []


def test_everything_works_without_scripts(site: Running, visit: Any) -> None:
    """With JavaScript off, the same can be seen and done by loading pages."""
    page, _ = visit(site.link(), javascript=False)
    sign_in(page)

    site.start(LATER)
    until_shown(page, f"{site.address}/at-risk", "Amina Example")
    page.get_by_label("Delivery partner").select_option("partner-0")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Amina Example").click()
    address = page.url
    page.get_by_role("link", name="Acknowledge").first.click()
    page.get_by_role("main").get_by_role("button").first.click()

    until_shown(page, address, "acknowledged")
    assert "acknowledged" in page.locator("[data-live-region=story]").inner_text().lower()


def test_the_keyboard_is_enough(site: Running, visit: Any) -> None:
    """Whoever uses no mouse gets in, past the navigation, to the person, and notes something."""
    page, _ = visit(site.link())
    reach(page, "Sign in").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"

    site.start(LATER)
    page.goto(f"{site.address}/at-risk")
    expect(page.get_by_role("link", name="Amina Example")).to_be_visible()
    reach(page, "Amina Example").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Amina Example")
    reach(page, "Acknowledge", begins=True).press("Enter")
    expect(page.get_by_role("main").get_by_role("button").first).to_be_visible()
    reach(page, page.get_by_role("main").get_by_role("button").first.inner_text()).press("Enter")

    expect(page.get_by_text("Noted: you have seen the flag")).to_be_visible()


def test_a_partner_sees_its_own_people_only_live_too(site: Running, visit: Any) -> None:
    """A partner's page comes alive with its own participants and never shows another's."""
    page, _ = visit(site.link("partner", "partner-1"))
    sign_in(page)
    page.goto(f"{site.address}/at-risk")

    site.start(LATER)

    expect(page.get_by_role("link", name="Bo Example")).to_be_visible()
    assert "Amina" not in page.content()


def test_updates_can_be_paused(site: Running, visit: Any) -> None:
    """Who reads a list can keep it still, and catch up afterwards."""
    page, _ = visit(site.link())
    sign_in(page)
    page.goto(f"{site.address}/at-risk")
    page.get_by_role("button", name="Pause updates").click()
    other, _ = visit(site.link())
    sign_in(other)
    other.goto(f"{site.address}/at-risk")

    site.start(LATER)
    expect(other.get_by_role("link", name="Amina Example")).to_be_visible()

    assert page.get_by_role("link", name="Amina Example").count() == 0
    page.get_by_role("button", name="Resume updates").click()
    expect(page.get_by_role("link", name="Amina Example")).to_be_visible()


PAGES = {
    "overview": "/",
    "at-risk": "/at-risk",
    "enrolments": "/enrolments",
    "enrolment": "/enrolments/e-0",
    "contact": "/actions/contact/e-0",
    "cohorts": "/cohorts",
    "cohort": "/cohort?programme=small/course&intake=autumn",
    "partners": "/partners",
    "partner": "/partners/partner-0",
    "rejects": "/rejects",
    "health": "/health",
    "definitions": "/definitions",
    "accessibility": "/accessibility",
    "not-there": "/enrolments/nobody",
}


def test_every_page_is_accessible_wide_and_narrow(
    site: Running,
    visit: Any,
    axe_violations: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    """axe-core finds nothing on any page, at 1280 pixels and at 400 % zoom, which is as wide as 320 pixels."""
    work = [completed(f"module-{number}", at(number), subject="e-1", partitionkey="p-1") for number in range(1, 5)]
    contact = make(ContactMade(channel="phone", outcome="reached", by="staff-1"), at(40), "e-0", "p-0")
    site.publish(*work, contact).start(LATER)
    found: dict[str, list[str]] = {}
    for width in (1280, 320):
        page, troubles = visit(site.link(), width=width)
        sign_in(page)
        until_shown(page, f"{site.address}/at-risk", "Amina Example")
        for name, path in PAGES.items():
            page.goto(f"{site.address}{path}")
            found[f"{name} at {width}"] = axe_violations(page)
            picture(page, f"{name}-{width}")
            assert page.evaluate(OVERFLOW) <= 0, f"{name} scrolls sideways at {width}"
        assert [each for each in troubles if "404" not in each] == []
    assert {name: each for name, each in found.items() if each} == {}


WIDTHS = (320, 768, 1100, 1280)
"""A phone or 400 % zoom, a tablet, a window that is a little narrower than our pages can be, and a desk."""


def test_no_page_scrolls_sideways_at_any_width(site: Running, visit: Any) -> None:
    """Only tables and charts may be wider than the window; they scroll for themselves."""
    page, _ = visit(site.link())
    sign_in(page)
    site.start(LATER)
    until_shown(page, f"{site.address}/at-risk", "Amina Example")
    wider = []
    for name, path in PAGES.items():
        page.goto(f"{site.address}{path}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(OVERFLOW) > 0:
                wider.append(f"{name} at {width}")
    assert wider == []


def test_the_last_step_of_a_sign_off_is_accessible(
    site: Running, visit: Any, axe_violations: Callable[[Page], list[str]], picture: Callable[[Page, str], None]
) -> None:
    """axe-core finds nothing on the page that asks a partner to confirm, at any width, and it fits."""
    page, troubles = visit(site.link("partner", "partner-0"))
    sign_in(page)
    until_shown(page, f"{site.address}/enrolments", "Amina Example")
    page.goto(f"{site.address}/actions/sign-off/e-0")
    page.locator("input[name=reason][value=other]").check()
    page.get_by_label("From which day does it hold?").fill("2025-09-09")
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign off this withdrawal?")

    found: dict[int, list[str]] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = axe_violations(page)
        assert page.evaluate(OVERFLOW) <= 0, f"it scrolls sideways at {width}"
        picture(page, f"sign-off-confirm-{width}")

    assert {width: each for width, each in found.items() if each} == {}
    page.get_by_role("button", name="Sign off the withdrawal").click()
    expect(page.get_by_text("Noted: the withdrawal is signed off.")).to_be_visible()
    assert troubles == []


def focused(page: Page) -> str:
    """The words of what has the focus."""
    words: str = page.evaluate("document.activeElement.innerText.trim()")
    return words


def reach(page: Page, words: str, *, begins: bool = False) -> Any:
    """Press the tab key until what has these words has the focus, and answer it."""
    for _ in range(200):
        page.keyboard.press("Tab")
        now = focused(page)
        if now == words or (begins and now.startswith(words)):
            return page.locator(":focus")
    raise AssertionError(f"the tab key does not lead to {words}")
