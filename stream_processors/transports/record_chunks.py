"""Frames what Kafka brought: chains the records of a partition on from where it stands, and cuts them into chunks."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aiokafka import ConsumerRecord

from eventlog.base import CorruptLogError, Stored
from eventlog.chain import Tip, link
from stream_processors import chunks


class Frame(NamedTuple):
    """A chunk on its way to the agent."""

    first_offset: int
    message: Stored
    """Offset and head are those of the chunk's last record; the value is the chunk (see `chunks.pack`)."""


def chunked(
    tip: Tip, partition: int, records: Iterable[ConsumerRecord[bytes, bytes]], max_bytes: int
) -> tuple[list[Frame], Tip]:
    """One frame for each run of records whose values add up to `max_bytes`, and where the partition stands after them.

    Raises:
        CorruptLogError: When the records do not go on at the tip: Kafka has lost some, or tells others than before.
    """
    chained: list[Stored] = []
    for record in records:
        if record.offset != tip.next_offset:
            raise not_going_on(record.topic, partition, tip.next_offset, record.offset)
        key, value = record.key, record.value or b""
        tip = Tip(record.offset + 1, link(tip.head, record.offset, key, value))
        chained.append(Stored(partition, record.offset, key, value, tip.head))
    return [_frame(run) for run in _runs(chained, max_bytes)], tip


def not_going_on(topic: str, partition: int, wanted: int, found: int) -> CorruptLogError:
    """What to say when Kafka goes on at another offset than work does."""
    where = f"Topic {topic}, partition {partition}"
    if found > wanted:
        return CorruptLogError(
            f"{where} has no records from offset {wanted} to {found - 1}: retention or somebody has removed them. "
            "Restore the topic from a backup."
        )
    return CorruptLogError(
        f"{where} goes on at offset {found}, but {wanted} records of it were known: it is not the topic that it was. "
        "Restore the topic, or rebuild the projections from it."
    )


def _frame(run: list[Stored]) -> Frame:
    return Frame(run[0].offset, run[-1]._replace(key=None, value=chunks.pack(run)))


def _runs(records: list[Stored], max_bytes: int) -> Iterator[list[Stored]]:
    """Cut records into runs of at most so many bytes, or of one record that is larger."""
    run: list[Stored] = []
    size = 0
    for record in records:
        size += len(record.value)
        if run and size > max_bytes:
            yield run
            run, size = [], len(record.value)
        run.append(record)
    if run:
        yield run
