"""Puts facts onto the log, durably, in order and once each; another fact under an id that is taken is set aside."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from eventlog.base import EventLog, LogError, Receipt, Record
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.rejects import Parked, park
from learning.events import Fact, decode

_BATCH: Final = 2_000
_NEAR: Final = 50
"""Records in between two that are looked for, up to which both are read at once."""


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


def publish(log: EventLog, facts: Iterable[Fact], *, now: datetime) -> Published:
    """Append facts durably, in order; a fact that is there already adds nothing.

    A fact under an id that already stands for a different fact is parked as a reject (`now` is when), never written
    over. When a fact became known does not make it different: the record that came first keeps its `recordedtime`.

    Raises:
        LogError: When the log cannot write; the message says how many facts it had acknowledged before. These stay,
            and sending all again is safe.
    """
    stream = iter(facts)
    total = Published()
    with telling(lambda: total.appended + total.duplicates):
        while batch := list(islice(stream, _BATCH)):
            total += _publish_batch(log, batch, now)
    return total


@contextmanager
def telling(acknowledged: Callable[[], int]) -> Iterator[None]:
    """Let an error of the log say how many facts it had acknowledged before, if any.

    Raises:
        LogError: Of the kind that it was.
    """
    try:
        yield
    except LogError as error:
        if facts := acknowledged():
            raise type(error)(f"{error} Before that, {facts:,} facts were acknowledged and are on the log.") from error
        raise


def _publish_batch(log: EventLog, batch: Sequence[Fact], now: datetime) -> Published:
    records = [record_of(fact) for fact in batch]
    receipts = log.append(FACTS_TOPIC, records)
    repeated = [
        (sent, record, receipt)
        for sent, record, receipt in zip(batch, records, receipts, strict=True)
        if receipt.duplicate
    ]
    if not repeated:
        return Published(len(batch))
    stored = _read(log, [receipt for _, _, receipt in repeated])
    conflicts = [
        _conflict(sent, record, receipt, now)
        for sent, record, receipt in repeated
        if not _says_the_same(sent, record, stored[receipt.partition, receipt.offset])
    ]
    park(log, conflicts)
    return Published(len(batch) - len(repeated), len(repeated) - len(conflicts), len(conflicts))


def _read(log: EventLog, receipts: Iterable[Receipt]) -> Mapping[tuple[int, int], bytes]:
    """What stands at those places (and some between), by partition and offset; few reads, whatever the order."""
    stored: dict[tuple[int, int], bytes] = {}
    for partition, first, end in _runs(sorted({(receipt.partition, receipt.offset) for receipt in receipts})):
        offset = first
        while offset < end and (page := log.read(FACTS_TOPIC, partition, offset, end - offset)):
            stored.update(((partition, found.offset), found.value) for found in page)
            offset = page[-1].offset + 1
    return stored


def _runs(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Stretches (partition, first offset, end) of a partition that hold the places, which are in order."""
    (partition, first), last = places[0], places[0][1]
    for place, offset in places[1:]:
        if place != partition or offset - last > _NEAR:
            yield partition, first, last + 1
            partition, first = place, offset
        last = offset
    yield partition, first, last + 1


def _says_the_same(sent: Fact, record: Record, stored: bytes) -> bool:
    if record.value == stored:
        return True
    there = decode(stored)
    return msgspec.structs.replace(sent, recordedtime=there.recordedtime) == there


def _conflict(sent: Fact, record: Record, receipt: Receipt, now: datetime) -> Parked:
    return Parked(
        origin=f"{sent.source} {sent.id}",
        reason=f"the id {sent.id} of source {sent.source} already stands for another fact at "
        f"{FACTS_TOPIC}/{receipt.partition}/{receipt.offset}; send a correction as a new fact with an id of its own",
        original=record.value,
        at=now,
    )
