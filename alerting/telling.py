"""Tells the log what was sent: a fact for each alert and message, waiting in the alert book until it stands there."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, select

from alerting.model import Notice, Step
from alerting.schema import fact_waiting
from alerting.store import AlertStore
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC, record_of
from learning.events import Fact, decode, encode, fact
from learning.facts import AlertSent

SOURCE: Final = "/engagement/alerts"

_AT_ONCE = 1_000


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
    while some := _first(store):
        log.append(FACTS_TOPIC, [record_of(each) for each in some])
        with store.writing() as connection:
            connection.execute(delete(fact_waiting).where(fact_waiting.c.id.in_([each.id for each in some])))
        told += len(some)
    return told


def _first(store: AlertStore) -> list[Fact]:
    with store.reading() as connection:
        values = connection.scalars(select(fact_waiting.c.value).order_by(fact_waiting.c.id).limit(_AT_ONCE))
        return [decode(value) for value in values]
