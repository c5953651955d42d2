"""Relays what the projections have to tell onto the log, once: the outbox was written with what made it true."""

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
    """Put every message that waits onto its topic; answer how many.

    A message that was put there before something broke off has the same identity, so it stands on the topic once.

    Raises:
        LogError: When the log cannot write; then the messages wait for the next time.
    """
    total = 0
    while messages := _waiting(store):
        for topic, some in groupby(sorted(messages, key=attrgetter("topic")), key=attrgetter("topic")):
            log.create_topic(topic, log.topics()[FACTS_TOPIC])
            log.append(topic, [_record(message) for message in some])
        with store.changing() as connection:
            outbox.mark_relayed(connection, messages)
        total += len(messages)
    return total


def _waiting(store: Store) -> list[Message]:
    with store.connect() as connection:
        return outbox.waiting(connection, _AT_ONCE)


def _record(message: Message) -> Record:
    return Record(key=message.key.encode(), value=message.value, identity=f"{SOURCE}\n{message.id}")
