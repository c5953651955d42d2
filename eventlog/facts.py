"""Facts on the log: which topic, which key, and what happens to one that is sent twice."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from eventlog.base import EventLog, Record
from eventlog.rejects import Parked, park
from learning.events import Fact, decode, encode, fact
from learning.facts import DayStarted
from learning.plan import start_of

FACTS_TOPIC = "learning-events"
"""Every fact, keyed by participant, kept for ever."""

DEFAULT_PARTITIONS = 12

DAY_CLOCK = "/engagement/day-clock"
"""The source of `day started` facts."""

CALENDAR = "calendar"
"""The subject of facts that are about no enrolment."""

_BATCH = 2_000
_IDENTITY_SEPARATOR = "\n"


class Published(NamedTuple):
    """What became of facts that were sent to the log."""

    appended: int = 0
    duplicates: int = 0
    """Were there already, word for word; nothing was added."""
    conflicts: int = 0
    """Had an id that stands for another fact; parked as rejects."""

    def __add__(self, other: tuple[int, ...]) -> "Published":  # type: ignore[override]
        """Count two publications together."""
        return Published(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def record_of(fact: Fact, partition: int | None = None) -> Record:
    """The record that puts a fact on the log, keyed by participant, once per (source, id)."""
    return Record(
        key=fact.partitionkey.encode(),
        value=encode(fact),
        identity=_IDENTITY_SEPARATOR.join(fact.identity),
        partition=partition,
    )


def publish(log: EventLog, facts: Iterable[Fact], *, now: datetime) -> Published:
    """Append facts durably, in order; a fact that is there already adds nothing.

    A fact under an id that already stands for a different fact is parked as a reject (`now` is when), never written
    over. When a fact became known does not make it different: the record that came first keeps its `recordedtime`.

    Raises:
        LogError: When the log cannot write. What was appended before that stays, and sending all again is safe.
    """
    stream = iter(facts)
    total = Published()
    while batch := list(islice(stream, _BATCH)):
        total += _publish_batch(log, batch, now)
    return total


def _publish_batch(log: EventLog, batch: Sequence[Fact], now: datetime) -> Published:
    receipts = log.append(FACTS_TOPIC, map(record_of, batch))
    conflicts: list[Parked] = []
    duplicates = 0
    for sent, receipt in zip(batch, receipts, strict=True):
        if not receipt.duplicate:
            continue
        [stored] = log.read(FACTS_TOPIC, receipt.partition, receipt.offset, 1)
        if _says_the_same(sent, decode(stored.value)):
            duplicates += 1
        else:
            conflicts.append(_conflict(sent, f"{FACTS_TOPIC}/{receipt.partition}/{receipt.offset}", now))
    park(log, conflicts)
    return Published(len(batch) - duplicates - len(conflicts), duplicates, len(conflicts))


def _says_the_same(one: Fact, other: Fact) -> bool:
    return msgspec.structs.replace(one, recordedtime=other.recordedtime) == other


def _conflict(sent: Fact, where: str, now: datetime) -> Parked:
    return Parked(
        origin=f"{sent.source} {sent.id}",
        reason=f"the id {sent.id} of source {sent.source} already stands for another fact at {where}; "
        "send a correction as a new fact with an id of its own",
        original=encode(sent),
        at=now,
    )


def start_day(log: EventLog, day: date, now: datetime) -> None:
    """Put `day started` on every partition; a day that was started before stays as it is."""
    partitions = log.topics()[FACTS_TOPIC]
    log.append(
        FACTS_TOPIC,
        [
            record_of(
                fact(
                    DayStarted(day=day),
                    id=f"{day.isoformat()}/{partition}",
                    source=DAY_CLOCK,
                    subject=CALENDAR,
                    time=start_of(day),
                    recordedtime=now,
                    partitionkey=CALENDAR,
                ),
                partition,
            )
            for partition in range(partitions)
        ],
    )
