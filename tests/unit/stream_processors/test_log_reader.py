"""Reading: in order, in turn, in bounded portions, and from where it was last told to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from faust.types import TP

from eventlog.base import Record
from eventlog.embedded import EmbeddedLog
from stream_processors import chunks
from stream_processors.transports.log_reader import Chunking, LogReader
from stream_processors.transports.log_thread import LogThread

CHUNKED, SINGLE = "facts", "others"
RECORD = b"x" * 100


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[LogThread]:
    """A log with two topics of two partitions, ten records in each partition."""
    thread = LogThread("test-reader", lambda: EmbeddedLog(tmp_path / "log.db"))
    await thread.open()
    for topic in (CHUNKED, SINGLE):
        await thread.call(lambda log, topic=topic: log.create_topic(topic, 2))
        records = [Record(None, RECORD, partition=partition) for partition in (0, 1) for _ in range(10)]
        await thread.call(lambda log, topic=topic, records=records: log.append(topic, records))
    yield thread
    await thread.close()


def reader_of(thread: LogThread, *, max_records: int = 4, max_bytes: int = 10_000) -> LogReader:
    """A reader of both topics from their beginning."""
    reader = LogReader(thread, Chunking(frozenset({CHUNKED}), max_records, max_bytes))
    reader.move({TP(topic, partition): 0 for topic in (CHUNKED, SINGLE) for partition in (0, 1)})
    return reader


async def chunks_read(reader: LogReader) -> list[chunks.Chunk]:
    """All chunks of the chunked topic, one visit after the other."""
    active = [TP(CHUNKED, 0), TP(CHUNKED, 1)]
    read = []
    while records := await reader.next_records(active, 0, lambda: True):
        [[record]] = records.values()
        read.append(chunks.unpack(record.value))
    return read


async def test_partitions_take_turns(thread: LogThread) -> None:
    """No partition gets its next chunk before the others had theirs."""
    read = await chunks_read(reader_of(thread))

    assert [(chunk.partition, chunk.first_offset) for chunk in read] == [(0, 0), (1, 0), (0, 4), (1, 4), (0, 8), (1, 8)]


async def test_a_chunk_is_bounded_in_bytes(thread: LogThread) -> None:
    """A chunk stops growing at the limit of bytes, though more records are there."""
    read = await chunks_read(reader_of(thread, max_bytes=2 * len(RECORD)))

    assert {len(chunk.records) for chunk in read} == {2}


async def test_single_records_come_beside_a_chunk(thread: LogThread) -> None:
    """One visit brings every topic of single records and no more than one chunk."""
    active = [TP(topic, partition) for topic in (CHUNKED, SINGLE) for partition in (0, 1)]

    records = await reader_of(thread).next_records(active, 0, lambda: True)

    assert {tp: len(found) for tp, found in records.items()} == {
        TP(CHUNKED, 0): 1,
        TP(SINGLE, 0): 10,
        TP(SINGLE, 1): 10,
    }


async def test_a_move_during_a_visit_counts(thread: LogThread) -> None:
    """What was read from the old place is dropped when a partition is moved meanwhile."""
    reader = reader_of(thread)
    task = asyncio.create_task(reader.next_records([TP(SINGLE, 0)], 5, lambda: True))
    await asyncio.sleep(0)  # the visit is under way, and its answer needs another turn of the loop

    reader.move({TP(SINGLE, 0): 7})

    records = await task
    assert [record.offset for record in records[TP(SINGLE, 0)]] == [7, 8, 9]


async def test_nothing_new_ends_the_patience(thread: LogThread) -> None:
    """At the end of the log the answer is empty, and the end is known."""
    reader = reader_of(thread)
    reader.move({TP(SINGLE, 0): 10})

    assert await reader.next_records([TP(SINGLE, 0)], 0, lambda: True) == {}
    assert reader.end(TP(SINGLE, 0)) == 10


async def test_reading_stops_when_it_is_not_wanted(thread: LogThread) -> None:
    """A reader that is told to stop does not visit the log again."""
    assert await reader_of(thread).next_records([TP(SINGLE, 0)], 5, lambda: False) == {}
