"""The consumer on Kafka: Faust's own, with chunks in place of single records and checkpoints in place of offsets.

The broker gives out the partitions among the workers. Where work on one goes on is what the projections say: the
offsets of the consumer group are committed only so that Kafka's tools can show how far it is.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import KafkaError, KafkaTimeoutError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from eventlog.base import LogError
from eventlog.chain import Tip
from learning.errors import EngagementError
from stream_processors.faust_app import EngagementApp
from stream_processors.transports.chunked_consumer import ChunkedConsumer
from stream_processors.transports.kafka_thread import COMMIT_PATIENCE, ConsumerThread
from stream_processors.transports.record_chunks import Frame

if TYPE_CHECKING:
    from stream_processors.transports.kafka import Transport

_SEEK_AGAIN_AFTER = 0.5
"""Seconds between two attempts to find out where to read on, while Kafka does not answer."""


class Consumer(ChunkedConsumer, driver.Consumer):
    """A member of the group, with the partitions that the broker gives it.

    Each chunk that it hands over goes on where the last one of its partition ended. Whatever Faust has dropped on the
    way, in a rebalance for instance, is noticed here and read again.
    """

    transport: "Transport"
    _thread: ConsumerThread

    def __init__(self, *args: Any, **options: Any) -> None:
        """Prepare; nothing is assigned."""
        super().__init__(*args, **options)
        self._goes_on_at: dict[TP, int] = {}
        """The first offset of the chunk that each partition needs next; a partition that is not here must be sought."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Reading

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - Faust's interface
        """Bring nothing once the flow was stopped: Faust would seek then, before the agents have finished."""
        records, active = await super()._wait_next_records(timeout)
        return (records, active) if self.flow_active else (None, active)

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's interface
    ) -> Mapping[TP, list[Any]]:
        chunked = {TP(*tp) for tp in active_partitions or () if tp.topic in self._chunked}
        if not chunked <= self._goes_on_at.keys():
            await self.perform_seek()
            if not chunked <= self._goes_on_at.keys():
                await self.sleep(_SEEK_AGAIN_AFTER)
                return {}
        try:
            fetched = await super()._getmany(active_partitions, timeout)
        except (KafkaError, LogError) as error:
            await self._give_up(_plain(error))
            return {}
        return {tp: records for tp, records in fetched.items() if self._is_next(TP(*tp), records)}

    def _is_next(self, tp: TP, records: list[Any]) -> bool:
        """Whether these go on where the last chunk ended; if not, the partition is sought before anything is read."""
        if not records or not isinstance(records[0], Frame):
            return bool(records)
        if self._goes_on_at.get(tp) == records[0].first_offset:
            return True
        self._goes_on_at.pop(tp, None)
        return False

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        tp = TP(*tp)
        if isinstance(record, Frame):
            self._goes_on_at[tp] = record.message.offset + 1
            return self._hand_over(tp, record.message, record.message.value)
        if self.app.topics.acks_enabled_for(tp.topic):
            self._handed_over[tp].append(record.offset)
        return super()._to_message(tp, record)

    # Positions

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let go of partitions. What is finished is committed first, for Faust forgets it before it commits."""
        await self.commit()
        await super().on_partitions_revoked(revoked)
        self._goes_on_at.clear()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where work goes on: that of chunks at the app's checkpoint, other work at what the group committed.

        When Kafka does not answer, nothing is sought; reading tries again. The app ends when its checkpoint is not
        what Kafka has.
        """
        app = cast(EngagementApp, self.app)
        assigned = {TP(*tp) for tp in self.assignment()}
        chunked = {tp for tp in assigned if tp.topic in self._chunked}
        try:
            committed = await super().seek_to_committed() if assigned - chunked else {}
            tips = dict(await app.starting_tips(chunked))
            _require(chunked, tips)
            await self._thread.go_on_at(tips)
        except KafkaError as error:
            if error.retriable or isinstance(error, KafkaTimeoutError):
                self.log.warning("Kafka does not say where its records begin and end (%s); trying again", error)
            else:
                await self._give_up(_plain(error))
            return {}
        except EngagementError as error:
            await self._give_up(error)
            return {}
        await self._commit({tp: tip.next_offset for tp, tip in tips.items() if tip.next_offset})
        self._forget(assigned)
        self._goes_on_at = {tp: tip.next_offset for tp, tip in tips.items()}
        others = {TP(*tp): offset for tp, offset in committed.items() if tp.topic not in self._chunked}
        return others | self._goes_on_at

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Tell Kafka how far the group is, as a hint for people; after a crash the thread that would do it is gone."""
        if not offsets or self._thread.should_stop:
            return False
        try:
            return await asyncio.wait_for(super()._commit(offsets), 2 * COMMIT_PATIENCE)
        except TimeoutError:
            return False


def _require(chunked: set[TP], tips: Mapping[TP, Tip]) -> None:
    missing = chunked - tips.keys()
    if missing:
        raise LogError(
            f"The app does not say where work on {min(missing)} goes on, and Kafka cannot know; "
            "set the app's `checkpoints`."
        )


def _plain(error: LogError | KafkaError) -> LogError:
    return (
        error
        if isinstance(error, LogError)
        else LogError(f"Kafka cannot be read ({error}); check the broker, then start the worker again.")
    )
