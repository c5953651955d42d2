"""The tracking agent's work: one chunk of the log after another goes into the projections, each in one transaction."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from eventlog.base import EventLog
from eventlog.rejects import park
from learning.errors import EngagementError
from projections.live import LiveProjections
from projections.projector import Applied, Projector
from projections.rulebook import RulebookFolders
from projections.store import Checkpoint
from stream_processors.chunks import Chunk
from stream_processors.relay import relay

logger = structlog.get_logger()


class Tracker:
    """Applies chunks to the live projections, away from the event loop, and knows how far it has come."""

    def __init__(
        self, log: EventLog, live: LiveProjections, rules: RulebookFolders, now: Callable[[], datetime]
    ) -> None:
        """Fold into `live` by the `rules` as they are; park on `log` what cannot be read, dated `now`."""
        self._log = log
        self._live = live
        self._rules = rules
        self._rulebook = rules.current()
        self._now = now
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="projections")
        self.totals = Applied()
        self.positions = {partition: each.next_offset for partition, each in self.checkpoints().items()}
        """The next offset of each partition."""

    def checkpoints(self) -> Mapping[int, Checkpoint]:
        """Where each partition goes on: the projections' own checkpoint, which alone is the truth."""
        with self._live.writing() as store:
            return store.checkpoints()

    def relay_leftovers(self) -> int:
        """Relay what waits since a worker was stopped between writing and relaying; answer how many messages."""
        with self._live.writing() as store:
            return relay(self._log, store)

    async def track(self, chunk: Chunk, partition: int) -> Applied:
        """Apply a chunk; when this returns, it is durable."""
        applied = await asyncio.get_running_loop().run_in_executor(self._thread, self._apply, chunk, partition)
        self.totals = Applied(*(total + new for total, new in zip(self.totals, applied, strict=True)))
        self.positions[partition] = max(chunk.next_offset, self.positions.get(partition, 0))
        if applied.rejects:
            logger.warning("parked what is no fact", partition=partition, rejects=applied.rejects)
        return applied

    def _apply(self, chunk: Chunk, partition: int) -> Applied:
        with self._live.writing() as store:
            self._look_at_rules()
            projector = Projector(store, self._rulebook, park=lambda rejects: park(self._log, rejects), now=self._now)
            applied = projector.apply(partition, chunk.records, chunk.head)
            relay(self._log, store)
            return applied

    def _look_at_rules(self) -> None:
        """Take up programmes and policies that were added; a faulty file must not stop the work on all others."""
        try:
            self._rulebook = self._rules.current()
        except EngagementError as error:
            logger.warning("kept programmes and policies as they were", reason=str(error))

    def close(self) -> None:
        """Finish the chunk at hand and let go of the projections."""
        self._thread.shutdown()
        self._live.close()
