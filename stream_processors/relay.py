"""Relays what the projections have to tell onto the log, once: the outbox was written with what made it true.

A day is told when every partition has come to it. Facts of a merged participant stand in two of them, and while a
worker catches up one can be days ahead of the other: until both are there, a decision can still become another one.
"""

from datetime import date
from itertools import groupby
from operator import attrgetter

from eventlog.base import EventLog, Record
from eventlog.facts import FACTS_TOPIC
from learning.changes import SOURCE
from projections import outbox
from projections.outbox import Message
from projections.store import Store

_AT_ONCE = 1_000


def relay(log: EventLog, store: Store) -> int:
    """Put every message onto its topic that waits and whose day has come everywhere; answer how many.

    A message that was put there before something broke off has the same identity, so it stands on the topic once.

    Raises:
        LogError: When the log cannot write; then the messages wait for the next time.
    """
    total = 0
    until = _reached_by_all(log, store)
    while until is not None and (messages := _waiting(store, until)):
        for topic, some in groupby(sorted(messages, key=attrgetter("topic")), key=attrgetter("topic")):
            log.create_topic(topic, log.topics()[FACTS_TOPIC])
            log.append(topic, [_record(message) for message in some])
        with store.changing() as connection:
            outbox.mark_relayed(connection, messages)
        total += len(messages)
    return total


def _reached_by_all(log: EventLog, store: Store) -> date | None:
    """The latest day that has started in every partition, as far as they were read; None before the first."""
    checkpoints = store.checkpoints()
    days = [checkpoints[each].day if each in checkpoints else None for each in range(log.topics()[FACTS_TOPIC])]
    known = [day for day in days if day is not None]
    return min(known) if len(known) == len(days) else None


def _waiting(store: Store, until: date) -> list[Message]:
    with store.connect() as connection:
        return outbox.waiting(connection, _AT_ONCE, until)


def _record(message: Message) -> Record:
    return Record(key=message.key.encode(), value=message.value, identity=f"{SOURCE}\n{message.id}")
