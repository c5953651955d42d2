"""Erased participants leave the alert book: nobody is told of them any more, and the other alerts stay as they were."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting import book, schema
from alerting.forgetting import forget
from alerting.model import Alert, NoticeState
from alerting.store import AlertStore
from learning.progress import NOBODY
from tests.delivery_kit import NOW, a_notice, an_alert, found, later, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    """An empty alert book."""
    with AlertStore(tmp_path / "alerts.db") as opened:
        yield opened


def erase(store: AlertStore, *enrolments: str) -> int:
    """Forget enrolments, an hour later."""
    with store.writing() as connection:
        return forget(connection, enrolments, later(hours=1))


def alerts(store: AlertStore, *enrolments: str) -> list[Alert]:
    """Alerts as they stand."""
    with store.reading() as connection:
        return list(book.alerts(connection, enrolments=enrolments))


def test_a_message_about_nobody_else_is_cancelled(store: AlertStore) -> None:
    """Whether it waits, was given up and could be sent again, or was only composed."""
    states: tuple[NoticeState, ...] = ("waiting", "dead", "dry-run")
    put(store, *(a_notice(number, an_alert(1), receiver="r", state=each) for number, each in enumerate(states)))

    assert erase(store, "e-1") == len(states)

    for number in range(len(states)):
        left = found(store, f"msg_{number}")
        assert (left.state, left.content.alerts, left.settled_at) == ("cancelled", (), later(hours=1))


def test_a_message_about_others_goes_on_without_them(store: AlertStore) -> None:
    """It tells of the others as before, and leaves no fact about who was erased."""
    put(store, a_notice(1, an_alert(1), an_alert(2), receiver="r"), a_notice(2, an_alert(2), receiver="r"))
    before = found(store, "msg_2")

    erase(store, "e-1")

    left = found(store, "msg_1")
    assert (left.state, [each.enrolment for each in left.content.alerts]) == ("waiting", ["e-2"])
    assert found(store, "msg_2") == before
    with store.reading() as connection:
        assert not any(row.alert.startswith("e-1/") for row in connection.execute(schema.notice_alert.select()))


def test_what_arrived_stays_as_it_was_sent(store: AlertStore) -> None:
    """A message that was delivered is a record."""
    put(store, a_notice(1, an_alert(1), receiver="r", state="delivered"))
    before = found(store, "msg_1")

    assert erase(store, "e-1") == 0
    assert found(store, "msg_1") == before


def test_the_alerts_end_and_name_nobody(store: AlertStore) -> None:
    """They stay to be counted; others are not touched."""
    put(store, a_notice(1, an_alert(1), an_alert(2), receiver="r"))
    [other] = alerts(store, "e-2")
    erase(store, "e-1")

    [gone] = alerts(store, "e-1")
    assert (gone.participant, gone.state, gone.state_since) == (NOBODY, "lapsed", later(hours=1))
    assert alerts(store, "e-2") == [other]


def test_what_had_ended_keeps_how_it_ended(store: AlertStore) -> None:
    """A resolved alert is counted as resolved."""
    with store.writing() as connection:
        book.put_alerts(connection, [an_alert(1, state="resolved", state_since=NOW, resolved_on=NOW.date())])
    erase(store, "e-1")

    [gone] = alerts(store, "e-1")
    assert (gone.participant, gone.state, gone.state_since) == (NOBODY, "resolved", NOW)


def test_doing_it_again_changes_nothing(store: AlertStore) -> None:
    """Nor does forgetting whom nobody was told of."""
    put(store, a_notice(1, an_alert(1), an_alert(2), receiver="r"))
    erase(store, "e-1")
    before = alerts(store, "e-1", "e-2")

    assert erase(store, "e-1", "e-unknown") == 0
    assert erase(store) == 0
    assert alerts(store, "e-1", "e-2") == before
