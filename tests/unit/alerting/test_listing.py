"""Lists of the alert book: by any page size they are what plain Python finds in the same alerts."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alerting import listing
from alerting.listing import ByDay, ByMoment, WantedAlerts, WantedNotices
from alerting.model import OPEN, Alert, Notice
from alerting.store import AlertStore
from tests.alert_book_kit import ALERTS, NOTICES, WANTED, filled


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A book with all of them."""
    path: Path = tmp_path_factory.mktemp("book") / "alerts.db"
    with AlertStore(path) as store, filled(store).reading() as reading:
        yield reading


def found_plainly(wanted: WantedAlerts) -> list[Alert]:
    """The same by looking at each."""

    def fits(each: Alert) -> bool:
        asked = [(wanted.partner, each.partner), (wanted.state, each.state), (wanted.level, each.level)]
        asked.append((wanted.enrolment, each.enrolment))
        latest = max(filter(None, (each.state_since, each.last_told_at)))
        since = wanted.updated_since is None or latest >= wanted.updated_since
        return all(ask in (None, has) for ask, has in asked) and since and (not wanted.only_open or each.state in OPEN)

    return [each for each in ALERTS if fits(each)]


@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize("wanted", WANTED)
def test_the_latest_come_first_page_by_page(connection: Connection, wanted: WantedAlerts, size: int) -> None:
    """Every alert comes once, whatever the size of a page, in the order of days and ids."""
    found: list[Alert] = []
    place = None
    while some := listing.latest(connection, wanted, place, size=size):
        found += some
        place = ByDay(some[-1].raised_on, some[-1].id)

    assert found == sorted(found_plainly(wanted), key=lambda each: (each.raised_on, each.id), reverse=True)
    assert found == list(listing.every(connection, wanted))


@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize("wanted", WANTED)
def test_changes_come_in_their_order_page_by_page(connection: Connection, wanted: WantedAlerts, size: int) -> None:
    """What changed first comes first: its state, or that somebody was told of it, whichever was later."""
    found: list[Alert] = []
    place = None
    while some := listing.changes(connection, wanted, place, size=size):
        found += some
        place = ByMoment(listing.changed_at(some[-1]), some[-1].id)

    def changed(each: Alert) -> tuple[datetime, str]:
        return max(filter(None, (each.state_since, each.last_told_at))), each.id

    assert found == sorted(found_plainly(wanted), key=changed)


@pytest.mark.parametrize("wanted", WANTED)
def test_counts_are_the_lengths_of_lists(connection: Connection, wanted: WantedAlerts) -> None:
    """By state, together with every other filter."""
    plain = [each.state for each in found_plainly(wanted)]

    assert listing.counts(connection, wanted) == {state: plain.count(state) for state in set(plain)}


def test_messages_come_the_latest_first(connection: Connection) -> None:
    """Page by page, each with what it says."""
    found: list[Notice] = []
    place = None
    while some := listing.notices(connection, WantedNotices(), place, size=3):
        found += some
        place = ByMoment(some[-1].planned_at, some[-1].id)

    assert found == sorted(NOTICES, key=lambda each: (each.planned_at, each.id), reverse=True)


def test_a_message_and_its_alerts_lead_to_each_other(connection: Connection) -> None:
    """Whom a message told of comes in the order in which it told them; an alert knows every message."""
    told = listing.told_of(connection, NOTICES[4])
    telling = listing.tellings(connection, ALERTS[6].id)

    assert [each.alert for each in told] == ALERTS[4:7]
    assert {each.notice.id for each in telling} == {"msg_4", "msg_5", "msg_6"}
    assert [each.notice.planned_at for each in telling] == sorted(each.notice.planned_at for each in telling)


def test_the_latest_step_is_that_of_the_partner_that_has_it(connection: Connection) -> None:
    """An alert has a step as soon as its own partner was told; what another one was told does not count."""
    to_their_own = {
        each.id
        for notice, told in zip(NOTICES, (ALERTS[number : number + 3] for number in range(20)), strict=True)
        for each in told
        if each.partner == notice.partner
    }

    assert set(listing.latest_steps(connection, [each.id for each in ALERTS])) == to_their_own
    assert len(to_their_own) < len(ALERTS[:22])
