"""Tells the log what was sent: a fact for each alert and message, waiting in the alert book until it stands there."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Row, delete, select

from alerting.model import Notice, Step
from alerting.schema import fact_waiting
from alerting.store import AlertStore
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC, record_of
from learning.events import Fact, UnreadableFactError, decode, encode, fact
from learning.facts import AlertSent

SOURCE: Final = "/engagement/alerts"

_AT_ONCE = 1_000

_log = structlog.get_logger("engagement.alerts")


class Told(NamedTuple):
    """An alert that a message told of."""

    alert: str
    step: Step
    enrolment: str
    participant: str


def sent_fact(notice: Notice, told: Told, at: datetime) -> Fact:
    """That a message which tells of an alert was accepted; sent twice, it is the same fact."""
    return fact(
        AlertSent(alert=told.alert, notice=notice.id, step=told.step, channel=notice.channel, to=notice.receiver),
        id=f"alert-sent/{notice.id}/{told.alert}",
        source=SOURCE,
        subject=told.enrolment,
        time=at,
        partitionkey=told.participant,
    )


def waiting_row(told: Fact) -> dict[str, str | bytes]:
    """The row of a fact that waits to be put onto the log."""
    return {"id": told.id, "participant": told.partitionkey, "value": encode(told)}


def tell_log(store: AlertStore, log: EventLog) -> int:
    """Put every fact that waits onto the log, and let go of it once it stands there; answer how many.

    A fact that was put there before something broke off has the same identity, so it counts once.

    Raises:
        LogError: The log cannot write; then the facts wait for the next time.
    """
    told = 0
    while rows := _first(store):
        facts = _readable(rows)
        if facts:
            log.append(FACTS_TOPIC, [record_of(each) for each in facts])
        with store.writing() as connection:
            connection.execute(delete(fact_waiting).where(fact_waiting.c.id.in_([row.id for row in rows])))
        told += len(facts)
    return told


def _first(store: AlertStore) -> Sequence[Row[Any, Any]]:
    with store.reading() as connection:
        query = select(fact_waiting.c.id, fact_waiting.c.value).order_by(fact_waiting.c.id)
        return connection.execute(query.limit(_AT_ONCE)).all()


def _readable(rows: Iterable[Row[Any, Any]]) -> list[Fact]:
    """Those that can stand on the log; one that never can is let go of, or nothing would ever be told after it."""
    facts = []
    for row in rows:
        try:
            facts.append(decode(row.value))
        except UnreadableFactError as error:
            _log.error("what was sent cannot be told to the log and is left out", fact=row.id, error=str(error))
    return facts
