"""What many ask for is counted once, is never older than it says, and is never another partner's."""

from contextlib import nullcontext
from datetime import UTC, date, datetime
from functools import partial
from threading import Event, Thread
from typing import Any, cast

import pytest

from dashboard.freshness import Freshness
from dashboard.recent import IN_USE, LONGEST, MOST, OLDEST, SPARE, SPARE_A_SECOND, Counted, Recent
from learning.facts import ContactMade
from tests.builders import make
from tests.dashboard_kit import Client, Site
from tests.html_kit import Page

COSTS = SPARE / 4
"""Seconds of processor time that counting takes here."""


class Projections:
    """Projections into which records come, a clock that stands until it is moved, and what was counted of them."""

    def __init__(self) -> None:
        self.records = 0
        self.seconds = 0.0
        self.spent = 0.0
        self.counted: list[tuple[int, str | None]] = []
        """Of how many records and for whom, each time."""
        self.recent = Recent(
            cast(Any, lambda: nullcontext(self.records)), self._freshness, lambda: self.seconds, lambda: self.spent
        )

    def ask(self, partner: str | None = None) -> Counted[tuple[int, str | None]]:
        """What somebody is shown now."""
        return self.recent.of(self.now, self.count, partner)

    def ask_until_nothing_is_spared(self) -> None:
        """Ask again and again while records come in, nearly at one moment."""
        for _ in range(5):
            self.records += 1
            self.seconds += 0.001
            self.ask()

    @property
    def now(self) -> Freshness:
        """How far they are."""
        return self._freshness(self.records)

    def _freshness(self, connection: Any) -> Freshness:
        moment = datetime(2026, 3, 2, 9, microsecond=connection, tzinfo=UTC)
        return Freshness(date(2026, 3, 2), moment, behind=0, stale=False, records=connection)

    def count(self, connection: Any, partner: str | None) -> tuple[int, str | None]:
        """Count."""
        self.spent += COSTS
        self.counted.append((connection, partner))
        return self.counted[-1]


@pytest.fixture
def projections() -> Projections:
    """Projections of which nothing was asked yet."""
    return Projections()


def test_what_has_not_changed_is_counted_once(projections: Projections) -> None:
    """However often somebody asks, and however late, nothing is counted again before a record comes in."""
    for _ in range(100):
        projections.ask()
        projections.seconds += OLDEST

    assert len(projections.counted) == 1


def test_in_ordinary_use_everything_is_as_of_this_moment(projections: Projections) -> None:
    """Whoever asks now and then sees each record that has come in."""
    for _ in range(100):
        projections.records += 1
        projections.seconds += COSTS / SPARE_A_SECOND

        assert projections.ask().answer == (projections.records, None)


def test_who_asks_all_the_time_is_shown_what_was_counted_a_moment_ago(projections: Projections) -> None:
    """When counting has taken its share of the processor, more questions at the same moment take none of it."""
    projections.ask_until_nothing_is_spared()
    before = projections.ask()
    counted = len(projections.counted)

    projections.records += 5

    assert projections.ask() == before
    assert len(projections.counted) == counted


def test_what_is_shown_says_how_fresh_it_is(projections: Projections) -> None:
    """The freshness is that of the figures, and records that they do not have are told as missing."""
    projections.ask_until_nothing_is_spared()
    records = projections.records
    projections.records += 5

    found = projections.ask().freshness

    assert found.records == records
    assert found.seen_from(projections.now._replace(behind=2, stale=True)) == found._replace(behind=7, stale=True)


def test_nothing_that_has_changed_is_shown_for_longer_than_its_time(projections: Projections) -> None:
    """However many ask, after its time it is counted anew."""
    projections.ask_until_nothing_is_spared()
    projections.records += 1
    projections.seconds += OLDEST

    assert projections.ask().answer == (projections.records, None)


@pytest.mark.parametrize(("age", "waits"), [(OLDEST, False), (LONGEST, True)])
def test_while_somebody_counts_others_are_shown_what_was_before(
    projections: Projections, age: float, *, waits: bool
) -> None:
    """Nobody waits for another's counting, unless what was before is too old by then to be shown."""
    go_on, counting = Event(), Event()

    def count(connection: Any) -> int:
        if connection:
            counting.set()
            assert go_on.wait(10)
        projections.spent += 10 * SPARE
        return int(connection)

    projections.recent.of(projections.now, count)
    projections.records = 1
    projections.seconds += age
    found: list[int] = []
    ask = partial(projections.recent.of, projections.now, count)
    first, second = (Thread(target=lambda: found.append(ask().answer)) for _ in range(2))
    first.start()
    assert counting.wait(10)
    second.start()
    if not waits:
        second.join(10)
        assert found == [0]
    go_on.set()
    for each in (first, second):
        each.join(10)

    assert found == ([1, 1] if waits else [0, 1])


def test_what_is_in_use_is_counted_ahead(projections: Projections) -> None:
    """After a renewal everybody is shown the change, and nobody has to wait until it is counted."""
    projections.ask_until_nothing_is_spared()
    projections.records += 1
    projections.recent.renew(projections.now)
    counted = len(projections.counted)

    assert projections.ask().answer == (projections.records, None)
    assert len(projections.counted) == counted


def test_what_nobody_asks_for_any_more_is_not_counted_ahead(projections: Projections) -> None:
    """Pages that were closed cost nothing."""
    projections.ask()
    projections.records += 1
    projections.seconds += IN_USE + 1

    projections.recent.renew(projections.now)

    assert len(projections.counted) == 1


def test_what_seldom_comes_out_differently_is_counted_ahead_less_often(projections: Projections) -> None:
    """It is let be until its time has passed, and then counted ahead like everything else."""
    projections.recent.of(projections.now, projections.count, "choices", every=5.0)
    counted = []
    for _ in range(10):
        projections.records += 1
        projections.seconds += 1.0
        projections.recent.renew(projections.now)
        counted.append(len(projections.counted))

    assert counted == [1, 1, 1, 1, 2, 2, 2, 2, 2, 3]


def test_so_much_is_counted_ahead_and_no_more(projections: Projections) -> None:
    """Of many different questions only the latest are counted ahead, so that pages hear of the change soon."""
    for number in range(MOST + 5):
        projections.seconds += 0.1
        projections.ask(f"partner-{number}")
    before = len(projections.counted)
    projections.records += 1

    projections.recent.renew(projections.now)

    latest = {(1, f"partner-{number}") for number in range(5, MOST + 5)}
    assert set(projections.counted[before:]) == latest


def test_nobody_is_shown_what_was_counted_for_another(projections: Projections) -> None:
    """Each delivery partner gets its own figures, whoever asked before, kept or counted."""
    asked = ["partner-1", "partner-2", None, "partner-2", "partner-1"]

    assert [projections.ask(each).answer[1] for each in asked] == asked


def test_of_many_who_ask_at_once_one_counts(projections: Projections) -> None:
    """Who asks while the same is being counted waits for it and does not count it too."""
    counting, go_on = Event(), Event()
    calls: list[int] = []

    def slowly(connection: Any) -> int:
        calls.append(connection)
        counting.set()
        assert go_on.wait(10)
        return len(calls)

    answers: list[int] = []
    threads = [
        Thread(target=lambda: answers.append(projections.recent.of(projections.now, slowly).answer)) for _ in range(8)
    ]
    for each in threads:
        each.start()
    assert counting.wait(10)
    go_on.set()
    for each in threads:
        each.join(10)

    assert answers == [1] * 8


def test_what_could_not_be_counted_is_asked_for_again(projections: Projections) -> None:
    """An error reaches who asked, and is not kept."""
    failures = [ValueError("the store is away")]

    def count(connection: Any) -> int:
        if failures:
            raise failures.pop()
        return int(connection)

    with pytest.raises(ValueError, match="away"):
        projections.recent.of(projections.now, count)

    assert projections.recent.of(projections.now, count).answer == 0


@pytest.mark.parametrize("path", ["/", "/at-risk", "/enrolments"])
def test_pages_of_a_partner_are_never_those_that_staff_have_just_seen(site: Site, path: str) -> None:
    """Staff and two partners ask for the same page, one after the other: each partner sees nobody else's people."""
    browsers: dict[str | None, Client] = {None: site.browser()}
    browsers |= {partner: site.browser("partner", partner) for partner in ("partner-0", "partner-1")}
    pages = [(partner, Page.of(browsers[partner].get(path))) for _ in range(2) for partner in browsers]

    for partner, page in pages:
        others = {"partner-0", "partner-1"} - {partner}
        assert any(other in page.words for other in others) is (partner is None)


def test_a_page_that_is_kept_says_what_it_lacks(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load the overview can be a moment old; then it says so by the facts that it is behind."""
    monkeypatch.setattr("dashboard.recent.SPARE", 0.0)
    monkeypatch.setattr("dashboard.recent.OLDEST", 3600.0)  # nobody is so slow
    monkeypatch.setattr("dashboard.live.LOOK_EVERY", 3600.0)
    site.app.state.reading.recent = Recent(lambda: site.live.open().connect(), site.app.state.reading.freshness)
    staff = site.browser()
    assert "behind" not in Page.of(staff.get("/")).words

    contact = ContactMade(channel="phone", outcome="reached", by="staff-1")
    site.publish(make(contact, site.clock(), "e-1", "p-1")).fold()
    site.clock.move(seconds=2)

    assert "1 fact behind" in Page.of(staff.get("/")).words
