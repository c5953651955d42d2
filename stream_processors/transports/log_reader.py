"""Reading for the consumer: which records come next, where each partition stands, and how to wait for news."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import count
from typing import NamedTuple

from faust.types import TP

from eventlog.base import EventLog, Stored
from stream_processors import chunks
from stream_processors.transports.log_thread import LogThread

_SINGLE_RECORDS = 1_000
"""Records of one partition that one visit to the log takes, where each record is a message."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.001, 0.02
"""Seconds between two visits to a log without news: doubled from one to the other."""


class Chunking(NamedTuple):
    """Which topics are read in chunks, and how large those may be."""

    topics: frozenset[str]
    max_records: int
    max_bytes: int


class _Visit(NamedTuple):
    """What one visit of the reader's thread to the log brought."""

    ends: dict[TP, int]
    records: dict[TP, list[Stored]]


class LogReader:
    """Follows the partitions it was moved to."""

    def __init__(self, thread: LogThread, chunking: Chunking) -> None:
        """Read in `thread`, which somebody else opens and closes."""
        self._thread = thread
        self._chunking = chunking
        self._positions: dict[TP, int] = {}
        self._ends: dict[TP, int] = {}
        self._turns: dict[TP, int] = {}
        self._next_turn = count(1)
        self._pause = _SHORTEST_PAUSE

    def move(self, offsets: Mapping[TP, int]) -> None:
        """Read these partitions on from these offsets."""
        self._positions.update(offsets)

    def position(self, tp: TP) -> int | None:
        """The offset that is read next."""
        return self._positions.get(tp)

    def end(self, tp: TP) -> int:
        """The offset that the next record gets, as of the last visit to the log."""
        return self._ends.get(tp, 0)

    async def ends(self, tps: Collection[TP]) -> dict[TP, int]:
        """The offset that the next record of each of these partitions gets."""
        found = await self._thread.call(partial(_ends, {tp.topic for tp in tps}))
        self._ends.update(found)
        return {tp: found[tp] for tp in tps}

    async def next_records(
        self, active: Collection[TP], patience: float, wanted: Callable[[], bool]
    ) -> dict[TP, list[Stored]]:
        """The next records of the active partitions; empty after `patience` seconds without any.

        Looks at the log ever less often, up to every 20 ms, and stops when they are not `wanted` any more.
        """
        give_up_at = time.monotonic() + patience
        while wanted():
            records = await self._read(active)
            if records:
                self._pause = _SHORTEST_PAUSE
                return records
            if time.monotonic() >= give_up_at:
                break
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return {}

    async def _read(self, active: Iterable[TP]) -> dict[TP, list[Stored]]:
        """Visit the log once; the partition that has waited longest comes first."""
        from_offsets = {tp: self._positions[tp] for tp in active if tp in self._positions}
        in_turn = dict(sorted(from_offsets.items(), key=lambda item: self._turns.get(item[0], 0)))
        visit = await self._thread.call(partial(self._visit, in_turn))
        self._ends.update(visit.ends)
        # A partition that was moved meanwhile is read again from where it is now.
        unmoved = {tp: found for tp, found in visit.records.items() if self._positions.get(tp) == from_offsets[tp]}
        for tp, found in unmoved.items():
            self._positions[tp] = found[-1].offset + 1
            self._turns[tp] = next(self._next_turn)
        return unmoved

    def _visit(self, from_offsets: Mapping[TP, int], log: EventLog) -> _Visit:
        """Read what is there, in the reader's thread: of every topic of single records, but no more than one chunk.

        One chunk, so that memory holds what an agent is at, what waits in its queue, and what this visit brought.
        """
        ends = _ends({tp.topic for tp in from_offsets}, log)
        records: dict[TP, list[Stored]] = {}
        has_chunk = False
        for tp, offset in from_offsets.items():
            is_chunk = tp.topic in self._chunking.topics
            if offset < ends[tp] and not (is_chunk and has_chunk):
                records[tp] = self._read_chunk(log, tp, offset) if is_chunk else _read_singles(log, tp, offset)
                has_chunk = has_chunk or is_chunk
        return _Visit(ends, records)

    def _read_chunk(self, log: EventLog, tp: TP, offset: int) -> list[Stored]:
        """One record whose value is a chunk, and whose offset and head are those of the last record in it."""
        _, max_records, max_bytes = self._chunking
        found = log.read(tp.topic, tp.partition, offset, max_records, max_bytes)
        return [found[-1]._replace(key=None, value=chunks.pack(found))]


def _read_singles(log: EventLog, tp: TP, offset: int) -> list[Stored]:
    return list(log.read(tp.topic, tp.partition, offset, _SINGLE_RECORDS))


def _ends(topics: Iterable[str], log: EventLog) -> dict[TP, int]:
    return {TP(topic, partition): end for topic in topics for partition, end in log.end_offsets(topic).items()}
