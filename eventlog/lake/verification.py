"""Proves that the lake holds the log: every fact, once, as it stands there, and nothing else."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date

from eventlog.base import EventLog, Stored
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.columns import NAMES
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError, Manifest
from eventlog.lake.reading import LakeFact, facts_in_order
from eventlog.lake.rows import row_of
from eventlog.paging import pages_until
from learning.events import UnreadableFactError, decode
from learning.facts import DayStarted

_SURPLUS = "the lake has a fact here that is not on the log, or has it twice"

Step = Callable[[int], object]
"""Told of every run of records that was compared, with their number."""


class LakeDifferenceError(LakeError):
    """The lake is not what the log says; the message names the first difference."""


def verify(lake: Lake, log: EventLog, step: Step = lambda _: None) -> int:
    """Compare every fact of the log, as far as the lake goes, with the lake's; answer the number of facts.

    Each partition is compared as it was at one moment, while others may write. Memory does not grow with the facts.

    Raises:
        LakeDifferenceError: With the first partition and offset that differ.
        LakeError: A file of the lake cannot be read.
    """
    return sum(_verify_partition(lake, log, lake.manifest(partition), step) for partition in lake.partitions())


def _verify_partition(lake: Lake, log: EventLog, manifest: Manifest, step: Step) -> int:
    partition, position = manifest.partition, manifest.position
    end = log.end_offsets(FACTS_TOPIC).get(partition, 0)
    if position.next_offset > end:
        raise _difference(partition, end, f"the log ends here, the lake goes on to {position.next_offset}")
    heads = {place.next_offset - 1: bytes.fromhex(place.head) for place in manifest.archived}
    with closing(facts_in_order(lake, manifest)) as found:
        total, day = _compare(_records(log, partition, position.next_offset, step), found, heads)
    if position.day != day:
        raise _difference(partition, position.next_offset, f"the latest day is {day}, the lake says {position.day}")
    return total


def _compare(
    records: Iterable[Stored], found: Iterator[LakeFact], heads: Mapping[int, bytes]
) -> tuple[int, date | None]:
    """Compare record by record; answer the number of facts and the latest day that started."""
    total = 0
    day: date | None = None
    for record in records:
        if heads.get(record.offset, record.head) != record.head:
            raise _difference(record.partition, record.offset, "the hash chain is not the one the lake was written by")
        try:
            fact = decode(record.value)
        except UnreadableFactError:
            continue
        expected = LakeFact(record.partition, record.offset, day, fact)
        if (there := next(found, None)) != expected:
            raise _unequal(expected, there)
        total += 1
        if isinstance(fact.data, DayStarted):
            day = fact.data.day if day is None else max(day, fact.data.day)
    if (more := next(found, None)) is not None:
        raise _difference(more.partition, more.offset, _SURPLUS)
    return total, day


def _records(log: EventLog, partition: int, until: int, step: Step) -> Iterator[Stored]:
    for page in pages_until(log, FACTS_TOPIC, partition, 0, until):
        yield from page
        step(len(page))


def _unequal(expected: LakeFact, there: LakeFact | None) -> LakeDifferenceError:
    """Say how the lake differs from what is expected of it."""
    if there is None or there.offset > expected.offset:
        return _difference(expected.partition, expected.offset, "the log has a fact here that the lake has not")
    if there.offset < expected.offset:
        return _difference(expected.partition, there.offset, _SURPLUS)
    rows = (row_of(each.fact, each.partition, each.offset, each.day_known, None) for each in (expected, there))
    name, ours, theirs = next(values for values in zip(NAMES, *rows, strict=True) if values[1] != values[2])
    return _difference(expected.partition, expected.offset, f"{name} is {ours} by the log and {theirs} in the lake")


def _difference(partition: int, offset: int, what: str) -> LakeDifferenceError:
    return LakeDifferenceError(
        f"Partition {partition} at offset {offset}: {what}; move the lake's folder aside and archive the log anew."
    )
