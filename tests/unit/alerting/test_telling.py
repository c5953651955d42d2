"""What was sent is told to the log: once, by facts that say it to analysts, however often it is interrupted."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from alerting import book, queue, schema
from alerting.following import of_withdrawal
from alerting.outcomes import ACCEPTED
from alerting.policy import DEFAULT_POLICY
from alerting.queue import Attempt
from alerting.raising import decided
from alerting.store import AlertStore
from alerting.telling import tell_log
from eventlog.base import LogError
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from learning.events import Fact, decode
from learning.facts import AlertSent
from tests.alert_kit import current, flag
from tests.delivery_kit import NOW, a_notice, an_alert, facts_left, put
from tests.faults_kit import open_log, values_on


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    """An alert book with two delivered messages, of two alerts and of one."""
    with AlertStore(tmp_path / "alerts.db") as opened:
        notices = (a_notice(1, an_alert(1), an_alert(2), receiver="endpoint-1"), a_notice(3, receiver="endpoint-2"))
        put(opened, *notices)
        with opened.writing() as connection:
            queue.settle(connection, [Attempt(each, ACCEPTED, NOW) for each in notices], lambda: 0.5)
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """An empty log."""
    with open_log(tmp_path) as opened:
        yield opened


def told(log: EmbeddedLog) -> list[Fact]:
    """The facts on the log."""
    return sorted(map(decode, values_on(log)), key=lambda fact: fact.id)


def test_each_alert_of_each_message_is_told_of(store: AlertStore, log: EmbeddedLog) -> None:
    """Of whom, by what message, over which channel, to which receiver, when it was accepted; and nothing is left."""
    assert tell_log(store, log) == 3
    assert facts_left(store) == []
    first = told(log)[0]
    assert [fact.id for fact in told(log)] == [
        "alert-sent/msg_1/e-1/2026-03-01",
        "alert-sent/msg_1/e-2/2026-03-01",
        "alert-sent/msg_3/e-3/2026-03-01",
    ]
    assert (first.source, first.subject, first.partitionkey, first.time) == ("/engagement/alerts", "e-1", "p-1", NOW)
    assert first.data == AlertSent(
        alert="e-1/2026-03-01", notice="msg_1", step="first", channel="webhook", to="endpoint-1"
    )


def test_nothing_waiting_tells_nothing(store: AlertStore, log: EmbeddedLog) -> None:
    """Told once, it is not told again."""
    tell_log(store, log)
    assert tell_log(store, log) == 0
    assert len(told(log)) == 3


def test_an_enrolment_with_a_long_id_is_told_of(tmp_path: Path, log: EmbeddedLog) -> None:
    """Given the longest id that a fact takes, with a flag and a recommended withdrawal: both facts are on the log."""
    of = "e" * 256
    raised = decided(None, flag(enrolment=of), NOW, DEFAULT_POLICY)
    recommended = of_withdrawal(None, current(of, withdrawal="recommended", withdrawal_at=NOW), NOW, DEFAULT_POLICY)
    assert raised is not None
    assert recommended is not None
    with AlertStore(tmp_path / "long.db") as store:
        message = a_notice(1, raised, recommended, receiver="endpoint-1")
        with store.writing() as connection:
            book.put_alerts(connection, [raised, recommended])
            book.put_notices(connection, [message])
            queue.settle(connection, [Attempt(message, ACCEPTED, NOW)], lambda: 0.5)
        assert tell_log(store, log) == 2
    assert [(fact.subject, fact.data.alert) for fact in told(log)] == sorted(  # type: ignore[attr-defined]  # of any kind
        (of, each.id) for each in (raised, recommended)
    )


def test_what_the_log_can_never_take_keeps_nothing_else_from_it(store: AlertStore, log: EmbeddedLog) -> None:
    """It is left out for good, which is said; whatever comes before and after it stands on the log."""
    with store.writing() as connection:
        values = [{"id": f"alert-sent/msg_2/{n}", "participant": "p-1", "value": b"no fact"} for n in range(1_001)]
        connection.execute(insert(schema.fact_waiting), values)
    with capture_logs() as said:
        assert tell_log(store, log) == 3
    assert facts_left(store) == []
    assert [each["log_level"] for each in said] == ["error"] * 1_001


class Breaking:
    """A log that breaks off before or after it took what it was given."""

    def __init__(self, log: EmbeddedLog, *, takes: bool) -> None:
        self._log, self._takes = log, takes

    def append(self, topic: str, records: Sequence[Any]) -> None:
        """Break."""
        if self._takes:
            self._log.append(topic, records)
        raise LogError("broken off")


@pytest.mark.parametrize("takes", [False, True])
def test_a_log_that_breaks_off_is_told_again_and_has_each_fact_once(
    store: AlertStore, log: EmbeddedLog, *, takes: bool
) -> None:
    """Whether it had taken the facts or not, they wait, and afterwards each stands there once."""
    with pytest.raises(LogError):
        tell_log(store, Breaking(log, takes=takes))  # type: ignore[arg-type]  # all that it needs of a log
    assert len(facts_left(store)) == 3
    tell_log(store, log)
    assert len(told(log)) == 3 == sum(log.end_offsets(FACTS_TOPIC).values())
