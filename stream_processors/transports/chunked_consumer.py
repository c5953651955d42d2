"""What consumers of both kinds of log share: chunks reach the agent, and nothing is committed that is not finished.

Faust's own bookkeeping counts every offset between two messages as a gap to be explained, takes messages of cancelled
agents for finished, and goes on after an agent has failed. Here what was handed over is remembered, in order.
"""

import asyncio
import math
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from faust.transport import consumer as base
from faust.types import TP, ConsumerMessage

from eventlog.base import Stored

_STOP_PATIENCE = 1.5
"""Seconds that a stop waits for agents to finish what they are at."""


class ChunkedConsumer(base.Consumer):
    """Hands over one message after another and commits behind the last that is finished without a gap.

    The topics in the app's `chunked_topics` come in chunks (see `chunks`). When an agent of chunks fails, or reading
    does, the app crashes, so that the chunk comes again at the next start.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Prepare; nothing has been handed over."""
        super().__init__(*args, **options)
        self._chunked: frozenset[str] = getattr(self.app, "chunked_topics", frozenset())
        self._handed_over: defaultdict[TP, deque[int]] = defaultdict(deque)
        self._flow_wanted = asyncio.Event()
        self._gave_up = False

    # Reading

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - Faust's interface
        """Wait until a partition is wanted, and no longer; Faust itself would look again after a second."""
        if self.flow_active and not self._get_active_partitions():
            self._flow_wanted.clear()
            await self.wait_first(self._flow_wanted.wait(), timeout=timeout)
            if not self._get_active_partitions():
                return {}, set()
        return await super()._wait_next_records(timeout)

    def _hand_over(self, tp: TP, record: Stored, value: bytes | None) -> ConsumerMessage:
        """A message of a record; that of a chunk has the offset of its last record, so offset + 1 is where to go on.

        Facts carry their own times, so the time of the message is that of reading.
        """
        if self.app.topics.acks_enabled_for(tp.topic):
            self._handed_over[tp].append(record.offset)
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=record.offset,
            timestamp=time.time(),
            timestamp_type=1,
            headers=None,
            key=record.key,
            value=value,
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Leave a chunked partition active: its queue holds one chunk, and reading waits for a place there."""
        if tp.topic not in self._chunked:
            super().on_buffer_full(tp)

    def on_buffer_drop(self, tp: TP) -> None:
        """Go on reading a partition whose queue has room again."""
        super().on_buffer_drop(tp)
        self._flow_wanted.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Go on reading partitions that were paused."""
        super().resume_partitions(tps)
        self._flow_wanted.set()

    def _forget(self, tps: Iterable[TP]) -> None:
        """Forget what was handed over of partitions whose reading goes on somewhere else."""
        for tp in tps:
            self._handed_over.pop(tp, None)
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)

    # Committing

    def _new_offset(self, tp: TP) -> int | None:
        """Where work could go on: behind everything that was handed over and is finished without a gap."""
        if self._gave_up:
            return None
        finished, handed_over = self._acked_index[tp], self._handed_over[tp]
        self._acked[tp].clear()
        new_offset = None
        while handed_over and handed_over[0] in finished:
            offset = handed_over.popleft()
            finished.discard(offset)
            new_offset = offset + 1
        return new_offset

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: what was handed over is known, so offsets between two messages are no riddle."""

    async def on_task_error(self, exc: BaseException) -> None:
        """End the worker when an agent of chunks failed: Faust would take the chunk for finished and skip it."""
        if self._chunked:
            await self._give_up(exc)
        else:
            await super().on_task_error(exc)

    async def _give_up(self, error: BaseException) -> None:
        """End the worker, and wait until its stop cancels this: Faust would go on with the next chunk or read."""
        self._gave_up = True
        await self.app.crash(error)
        await asyncio.Event().wait()

    async def wait_empty(self) -> None:
        """Wait for agents to finish what they are at; in a stop, not for long.

        What is not finished then is never committed, although Faust takes it for finished when it cancels agents.
        """
        if self._gave_up:
            return
        give_up_at = time.monotonic() + _STOP_PATIENCE if self.app.should_stop else math.inf
        while self._is_at_work() and time.monotonic() < give_up_at:
            await self._wait_for_ack(timeout=min(give_up_at - time.monotonic(), _STOP_PATIENCE))
        await self.commit_and_end_transactions()
        if self._is_at_work():
            self._gave_up = True
            self.log.warning("Stopped before agents had finished; what they were at comes again at the next start.")

    def _is_at_work(self) -> bool:
        return any(not message.acked for message in self._unacked_messages)

    async def _wait_for_ack(self, timeout: float) -> None:  # noqa: ASYNC109 - Faust's interface
        """Wait until an agent finishes something; unlike Faust's, this can be cancelled."""
        self._waiting_for_ack = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait([self._waiting_for_ack], timeout=timeout)
        finally:
            self._waiting_for_ack = None
