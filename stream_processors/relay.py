"""Relays what the projections have to tell onto the log, once: the outbox was written with what made it true.

A day is told when every partition has come to it. Facts of a merged participant stand in two of them, and while a
worker catches up one can be days ahead of the other: until both are there, a decision can still become another one.
"""

from itertools import groupby
from operator import attrgetter

from eventlog.base import EventLog, Record
from eventlog.facts import FACTS_TOPIC
from learning.changes import SOURCE
from projections import days, outbox
from projections.outbox import Message
from projections.store import Store

_AT_ONCE = 1_000


def relay(log: EventLog, store: Store) -> int:
    """Put every message onto its topic that waits and whose day has come everywhere; answer how many.

    A message that was put there before something broke off has the same identity, so it stands on an embedded log once,
    and on Kafka mostly. Of several workers one relays at a time; the next chunk of any brings what it leaves.

    Raises:
        LogError: When the log cannot write; then the messages wait for the next time.
    """
    with store.connect() as connection:  # mostly nothing waits, and then Kafka need not be asked for its topics
        if outbox.is_empty(connection):
            return 0
    partitions = len(log.end_offsets(FACTS_TOPIC))
    total = 0
    while some := _relay_some(log, store, partitions):
        total += some
    return total


def _relay_some(log: EventLog, store: Store, partitions: int) -> int:
    with store.changing(patient=True) as connection:
        until = days.reached_by_all(connection, partitions)
        if until is None or not outbox.claim(connection):
            return 0
        messages = outbox.waiting(connection, _AT_ONCE, until)
        for topic, some in groupby(sorted(messages, key=attrgetter("topic")), key=attrgetter("topic")):
            log.create_topic(topic, partitions)
            log.append(topic, [_record(message) for message in some])
        outbox.mark_relayed(connection, messages)
        return len(messages)


def _record(message: Message) -> Record:
    return Record(key=message.key.encode(), value=message.value, identity=f"{SOURCE}\n{message.id}")
