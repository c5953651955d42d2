"""Lists of an alert book in PostgreSQL are those of one in a file, page by page and figure by figure."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from alerting import listing
from alerting.listing import ByDay, ByMoment, WantedAlerts, WantedNotices
from alerting.store import AlertStore
from registry.store import PostgresqlDatabase
from tests.alert_book_kit import ALERTS, NOTICES, WANTED, filled

_SIZE = 7
_WANTED_NOTICES = [
    WantedNotices(),
    WantedNotices(partner="partner-1"),
    WantedNotices(state="delivered", channel="email", kind="digest"),
    WantedNotices(state="dead"),
    WantedNotices(receiver="contact-0000000001"),
    WantedNotices(alert=ALERTS[6].id),
]


@pytest.fixture
def connections(postgres_url: str, tmp_path: Path) -> Iterator[tuple[Connection, Connection]]:
    """To a book in PostgreSQL, and to one in a file, with the same alerts and messages."""
    with (
        AlertStore(PostgresqlDatabase(postgres_url)) as server,
        AlertStore(tmp_path / "alerts.db") as file,
        filled(server).reading() as of_server,
        filled(file).reading() as of_file,
    ):
        yield of_server, of_file


def pages(ask: Callable[[Any], list[Any]], place: Callable[[Any], Any]) -> list[list[Any]]:
    """All pages of a list."""
    found = [ask(None)]
    while found[-1]:
        found.append(ask(place(found[-1][-1])))
    return found


def of_alerts(connection: Connection, wanted: WantedAlerts) -> list[Any]:
    """Everything that is listed and counted of alerts."""
    return [
        pages(
            lambda after: listing.latest(connection, wanted, after, size=_SIZE),
            lambda last: ByDay(last.raised_on, last.id),
        ),
        pages(
            lambda after: listing.changes(connection, wanted, after, size=_SIZE),
            lambda last: ByMoment(listing.changed_at(last), last.id),
        ),
        list(listing.every(connection, wanted)),
        listing.counts(connection, wanted),
    ]


def of_notices(connection: Connection, wanted: WantedNotices) -> list[Any]:
    """Everything that is listed and counted of messages."""
    return [
        pages(
            lambda after: listing.notices(connection, wanted, after, size=_SIZE),
            lambda last: ByMoment(last.planned_at, last.id),
        ),
        listing.notice_counts(connection, wanted),
    ]


def one_by_one(connection: Connection) -> list[Any]:
    """What is shown of one alert, one message, one receiver or one partner."""
    ids = [each.id for each in ALERTS]
    return [
        [listing.find(connection, each) for each in (*ids, "nobody")],
        [listing.find_notice(connection, each) for each in (*(each.id for each in NOTICES), "msg_nobody")],
        [listing.tellings(connection, each) for each in ids],
        [listing.told_of(connection, each) for each in NOTICES],
        listing.latest_steps(connection, ids),
        listing.traffic(connection),
        [listing.partners(connection, only) for only in (None, "partner-1", "nobody")],
    ]


def test_a_schema_lists_as_a_file_does(connections: tuple[Connection, Connection]) -> None:
    """The same filters and places have the same answers, moments and their order included."""
    of_server, of_file = connections

    for wanted in WANTED:
        assert of_alerts(of_server, wanted) == of_alerts(of_file, wanted)
    for notices in _WANTED_NOTICES:
        assert of_notices(of_server, notices) == of_notices(of_file, notices)
    assert one_by_one(of_server) == one_by_one(of_file)
