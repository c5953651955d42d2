"""What every page knows of alerts: how many wait for an answer, and when one has changed while it is open."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from dashboard import live
from dashboard.alerts_now import AlertsNow, Look
from dashboard.live import Watch
from dashboard.reading import Reading
from registry.errors import RegistryAwayError
from tests.alert_pages_kit import OURS, a_notice, an_alert, changed, keep, page
from tests.dashboard_kit import NOW, Client, Site
from tests.stream_kit import PATIENCE, opened_stream

PATHS = ("/", "/at-risk", "/enrolments", "/alerts", "/alerts/messages", "/withdrawals", "/cohorts", "/definitions")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY", 0.001)


def in_navigation(client: Client, path: str = "/") -> str:
    """The words of the link to the alerts."""
    return next(words for words, href in page(client, path).links.items() if href == "/alerts")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_says_how_many_alerts_wait_for_an_answer(told: Site, path: str) -> None:
    """The number stands in the navigation, without a script: for a partner of its own, for staff of all."""
    keep(told, [an_alert("e-5"), an_alert("e-7", state="acknowledged"), an_alert("e-1", state="waiting")])

    assert in_navigation(told.browser("partner", "partner-1"), path) == "Alerts 2 to answer"
    assert in_navigation(told.browser("partner", "partner-0"), path) == "Alerts 1 to answer"
    assert in_navigation(told.browser(), path) == "Alerts 3 to answer"


def test_the_number_is_the_length_of_a_list(told: Site) -> None:
    """Those that are told and not answered can be listed, and are as many."""
    partner = told.browser("partner", "partner-1")
    rows = page(partner, "/alerts?state=told").tables["Alerts, the latest first"][1:]

    assert in_navigation(partner) == f"Alerts {len(rows)} to answer"


def test_where_none_waits_there_is_no_number(told: Site) -> None:
    """A second after the last one was answered, the word stands alone."""
    partner = told.browser("partner", "partner-1")
    assert in_navigation(partner) == "Alerts 1 to answer"

    keep(told, [changed(OURS, state="acknowledged")])
    told.clock.move(seconds=1)

    assert in_navigation(partner) == "Alerts"


def test_before_a_dispatcher_has_run_there_is_no_number(site: Site) -> None:
    """Every page is whole without an alert book."""
    assert in_navigation(site.browser()) == "Alerts"


def test_pages_are_whole_while_the_book_is_away(told: Site) -> None:
    """What has nothing to do with alerts is shown, and so is what is not there."""

    def away() -> None:
        raise RegistryAwayError("the alert book does not answer")

    told.app.state.alerts = AlertsNow(told.parts._replace(alerts=away))

    assert in_navigation(told.browser()) == "Alerts"
    assert told.browser().get("/nowhere").status_code == 404


def test_a_page_that_refreshes_itself_gets_the_number_too(told: Site) -> None:
    """What is sent to an open page holds the mark of the navigation, and not the rest of it."""
    text = told.browser("partner", "partner-1").get("/alerts", headers={"X-Fragment": "main"}).text

    assert 'data-live-region="waiting"' in text
    assert "to answer" in text
    assert '<nav aria-label="Pages"' not in text


def heard(site: Site, partner: str | None, change: Callable[[], object]) -> bool:
    """Whether a page of this partner's hears of a change; one of everybody's tells when to look."""

    async def watched() -> bool:
        loop, looks, again = asyncio.get_running_loop(), count(1), asyncio.Event()

        def look() -> Look | None:
            if next(looks) > 1:  # so that the first look is over, which wakes everybody
                loop.call_soon_threadsafe(again.set)
            return AlertsNow(site.parts).look()

        watch = Watch(Reading(site.parts), alerts=look)
        looking = asyncio.create_task(watch.run())
        with watch.woken_for(partner) as ours, watch.woken_for(None) as everybodys:
            await asyncio.wait_for(again.wait(), PATIENCE)
            ours.clear()
            everybodys.clear()
            change()
            await asyncio.wait_for(everybodys.wait(), PATIENCE)
            found = ours.is_set()
        looking.cancel()
        return found

    return asyncio.run(watched())


@pytest.mark.parametrize(("partner", "hears"), [(None, True), ("partner-1", True), ("partner-0", False)])
@pytest.mark.parametrize("what", ["answered", "reminded", "resolved", "new", "sent"])
def test_an_open_page_hears_when_an_alert_changes(told: Site, what: str, partner: str | None, hears: bool) -> None:
    """Also where nothing has changed in the projections: whom a turn of the dispatcher concerns sees it at once."""
    keep(told, [], [a_notice("msg_way", [OURS], state="waiting", settled_at=None)])
    later = NOW.replace(hour=11)
    changes = {
        "answered": lambda: keep(told, [changed(OURS, state="acknowledged", state_since=later)]),
        "reminded": lambda: keep(told, [changed(OURS, last_told_at=later)]),
        "resolved": lambda: keep(told, [changed(OURS, state="resolved", state_since=later)]),
        "new": lambda: keep(told, [an_alert("e-7", state="waiting", told_at=None, last_told_at=None)]),
        "sent": lambda: keep(told, [], [a_notice("msg_way", [OURS])]),
    }

    assert heard(told, partner, changes[what]) is hears


@pytest.mark.parametrize(("who", "told_at_once"), [("partner-1", True), ("partner-0", False)])
async def test_what_changed_while_a_page_was_on_its_way_is_told(told: Site, who: str, told_at_once: bool) -> None:
    """A change between the making of a page and its first look at the stream is not lost."""
    browser = told.browser("partner", who)
    [stream] = {each.split('"')[0] for each in browser.get("/alerts").text.split('data-live="')[1:]}
    keep(told, [changed(OURS, state="acknowledged")])
    told.clock.move(seconds=1)
    watch: Watch = told.app.state.watch

    stamp = stream.partition("alerts=")[2]

    assert stamp
    assert watch.alerts_changed(stamp, who) is told_at_once
    if told_at_once:
        headers = {"cookie": f"engagement={browser.token}"}
        async with opened_stream(told.app, stream.replace("&amp;", "&"), headers) as opened:
            assert (await opened.event())["event"] == "open"
            assert (await opened.event())["event"] == "change"


def test_looking_rests_longer_than_it_takes(told: Site) -> None:
    """With so many open alerts that a look takes half a second, there is one in ten seconds and no more."""
    spent = count(0)
    alerts = AlertsNow(told.parts, cost=lambda: next(spent) / 2)
    first = alerts.look()

    keep(told, [an_alert("e-7")])
    told.clock.move(seconds=9)
    second = alerts.look()
    told.clock.move(seconds=1)
    third = alerts.look()

    assert first is second
    assert third is not None
    assert third.waiting("partner-1") == 2


def test_a_stamp_is_of_one_partner() -> None:
    """Two looks are the same for as long as nothing of a partner's has changed, and each partner has its own stamp."""
    row = ("told", 1, NOW, NOW)
    before = Look({"partner-0": (row,), "partner-1": (row,)})
    after = Look({"partner-0": (row,)})

    assert after.changed_since(before) == before.changed_since(after) == {"partner-1"}
    assert before.stamp("partner-0") == after.stamp("partner-0") != before.stamp("partner-1")
    assert before.stamp(None) != after.stamp(None)
