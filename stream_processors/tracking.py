"""The tracking agent's work: one chunk of the log after another goes into the projections, each in one transaction."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import structlog

from eventlog.base import EventLog
from eventlog.rejects import park
from learning.errors import EngagementError
from projections.checkpoints import Checkpoint
from projections.live import LiveProjections
from projections.observing import DayDecided, Observer
from projections.projector import Applied, Projector
from projections.rulebook import RulebookFolders
from stream_processors.chunks import Chunk
from stream_processors.persistence import PASSING, persist
from stream_processors.relay import relay
from stream_processors.watching.monitor import Monitor

logger = structlog.get_logger()


class _Watched(Observer):
    """Tells the monitor what is done in a partition."""

    def __init__(self, monitor: Monitor, partition: int) -> None:
        self._monitor = monitor
        self._partition = partition

    def piece_done(self) -> None:
        self._monitor.alive(self._partition)

    def day_decided(self, decided: DayDecided) -> None:
        self._monitor.day_started(decided.day, enrolments=decided.enrolments, seconds=decided.seconds)


class Tracker:
    """Applies chunks to the live projections, away from the event loop, and knows how far it has come.

    Where another worker was in the way, or a server is away, it tries again until it is closed.
    """

    def __init__(
        self,
        log: EventLog,
        live: LiveProjections,
        rules: RulebookFolders,
        now: Callable[[], datetime],
        monitor: Monitor,
    ) -> None:
        """Fold into `live` by the `rules` as they are; park on `log` what cannot be read, dated `now`."""
        self._log = log
        self._monitor = monitor
        self._live = live
        self._rules = rules
        self._rulebook = rules.current()
        self._now = now
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="projections")
        self._closing = threading.Event()
        self.totals = Applied()
        self.positions: dict[int, int] = {}
        """The next offset of each partition, as far as this worker knows."""

    def checkpoints(self) -> Mapping[int, Checkpoint]:
        """Where each partition goes on: the projections' own checkpoint, which alone is the truth."""
        with self._live.writing() as store:
            found = store.checkpoints()
        for partition, each in found.items():
            self.positions[partition] = max(each.next_offset, self.positions.get(partition, 0))
        return found

    def checkpoints_when_there(self) -> Mapping[int, Checkpoint]:
        """The same, however long the database is away."""
        return persist(self.checkpoints, self._closing.wait)

    async def relay_leftovers(self) -> int:
        """Relay what waits, after the chunk at hand; answer how many messages.

        There is something when a worker was stopped between writing and relaying, or the log was away.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.relay)

    def relay(self) -> int:
        """Relay what waits; answer how many messages. Only while nobody else uses this tracker."""
        with self._live.writing() as store:
            messages = relay(self._log, store)
        self._monitor.relayed(messages)
        return messages

    async def track(self, chunk: Chunk, partition: int) -> Applied:
        """Apply a chunk; when this returns, it is durable."""
        began = time.monotonic()
        self._monitor.alive(partition)
        in_thread = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        applied = await in_thread(self._apply, chunk, partition)
        self.totals = Applied(*(total + new for total, new in zip(self.totals, applied, strict=True)))
        self.positions[partition] = max(chunk.next_offset, self.positions.get(partition, 0))
        self._monitor.applied(
            partition,
            chunk.next_offset,
            records=len(chunk.records),
            facts=applied.facts,
            rejects=applied.rejects,
            seconds=time.monotonic() - began,
        )
        if applied.rejects:
            logger.warning("parked what is no fact", partition=partition, rejects=applied.rejects)
        await in_thread(self._relay_if_possible)
        return applied

    def _apply(self, chunk: Chunk, partition: int) -> Applied:
        self._look_at_rules()
        return persist(
            lambda: self._fold(chunk, partition), self._closing.wait, partial(self._monitor.failed, partition)
        )

    def _relay_if_possible(self) -> None:
        try:
            self.relay()
        except PASSING as error:
            logger.warning("decisions wait to be relayed", reason=str(error))

    def _fold(self, chunk: Chunk, partition: int) -> Applied:
        with self._live.writing() as store:
            projector = Projector(
                store,
                self._rulebook,
                park=lambda rejects: park(self._log, rejects),
                now=self._now,
                observer=_Watched(self._monitor, partition),
            )
            return projector.apply(partition, chunk.records, chunk.head)

    def _look_at_rules(self) -> None:
        """Take up programmes and policies that were added; a faulty file must not stop the work on all others."""
        try:
            self._rulebook = self._rules.current()
        except EngagementError as error:
            logger.warning("kept programmes and policies as they were", reason=str(error))

    def close(self) -> None:
        """Finish the chunk at hand, trying no more, and let go of the projections."""
        self._closing.set()
        self._thread.shutdown()
        self._live.close()
