"""Puts facts onto the log, durably, in order and once each; another fact under an id that is taken is set aside."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from eventlog.base import EventLog, LogError, Receipt, Record
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.paging import each_record
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


class Sent(NamedTuple):
    """What became of one fact that was sent to the log."""

    sent: Fact
    record: Record
    receipt: Receipt
    there: bytes | None
    """What the id stood for already; None: nothing, and the fact was appended."""

    @property
    def conflicts(self) -> bool:
        """Whether the id stands for another fact. When it became known does not make a fact another one."""
        if self.there is None or self.there == self.record.value:
            return False
        there = decode(self.there)
        return there != msgspec.structs.replace(self.sent, recordedtime=there.recordedtime)


def send(log: EventLog, facts: Sequence[Fact]) -> list[Sent]:
    """Append facts durably, in order and in one step, and answer what became of each; nothing is parked.

    Raises:
        LogError: When the log cannot write; sending all again is safe.
    """
    records = [record_of(fact) for fact in facts]
    receipts = log.append(FACTS_TOPIC, records)
    stored = _read(log, [receipt for receipt in receipts if receipt.duplicate])
    return [
        Sent(fact, record, receipt, stored[receipt.partition, receipt.offset] if receipt.duplicate else None)
        for fact, record, receipt in zip(facts, records, receipts, strict=True)
    ]


def _publish_batch(log: EventLog, batch: Sequence[Fact], now: datetime) -> Published:
    found = send(log, batch)
    conflicts = [_conflict(each, now) for each in found if each.conflicts]
    park(log, conflicts)
    appended = sum(each.there is None for each in found)
    return Published(appended, len(batch) - appended - len(conflicts), len(conflicts))


def _read(log: EventLog, receipts: Iterable[Receipt]) -> Mapping[tuple[int, int], bytes]:
    """What stands at those places (and some between), by partition and offset; few reads, whatever the order."""
    stored: dict[tuple[int, int], bytes] = {}
    for partition, first, end in _runs(sorted({(receipt.partition, receipt.offset) for receipt in receipts})):
        found = each_record(log, FACTS_TOPIC, partition, first, end)
        stored.update(((partition, each.offset), each.value) for each in found)
    return stored


def _runs(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Stretches (partition, first offset, end) of a partition that hold the places, which are in order."""
    if not places:
        return
    (partition, first), last = places[0], places[0][1]
    for place, offset in places[1:]:
        if place != partition or offset - last > _NEAR:
            yield partition, first, last + 1
            partition, first = place, offset
        last = offset
    yield partition, first, last + 1


def _conflict(found: Sent, now: datetime) -> Parked:
    sent, receipt = found.sent, found.receipt
    return Parked(
        origin=f"{sent.source} {sent.id}",
        reason=f"the id {sent.id} of source {sent.source} already stands for another fact at "
        f"{FACTS_TOPIC}/{receipt.partition}/{receipt.offset}; send a correction as a new fact with an id of its own",
        original=found.record.value,
        at=now,
    )
