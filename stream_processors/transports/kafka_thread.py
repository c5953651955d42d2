"""The thread that talks to Kafka: Faust's own, which also chains and frames records, and which cannot hang silently."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from eventlog.base import LogError
from eventlog.chain import Tip
from stream_processors.faust_app import EngagementApp
from stream_processors.transports.record_chunks import Frame, chunked, not_going_on

if TYPE_CHECKING:
    from stream_processors.transports.kafka_consumer import Consumer

COMMIT_PATIENCE = 3.0
"""Seconds that a commit, which is a hint, may take; a broker that is away must not hold up a stop or a rebalance."""

_LEAVE_PATIENCE = 3.0
"""Seconds that a stop may take to leave the group; without it the others wait for the end of the session."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Reads chunked partitions on from where it was told to, and no others."""

    consumer: "Consumer"

    def __post_init__(self) -> None:
        """Prepare; nothing is assigned."""
        super().__post_init__()
        self._tips: dict[TP, Tip] = {}
        """Where reading of each chunked partition stands."""
        self._turns: dict[TP, int] = {}
        """When each partition was last read, as numbers that grow."""
        self._next_turn = count(1)
        self._tips_of: object = None
        """The assignment that the tips belong to: the next one begins to read at what the group committed."""

    async def go_on_at(self, tips: Mapping[TP, Tip]) -> None:
        """Read these partitions on from these places.

        Raises:
            LogError: Kafka does not have the records there; nothing is read.
            KafkaError: Kafka does not say what it has.
        """
        await self.call_thread(self._go_on_at, tips)

    async def _go_on_at(self, tips: Mapping[TP, Tip]) -> None:
        consumer = self._ensure_consumer()
        partitions = [TopicPartition(*tp) for tp in tips]
        begins, ends = await asyncio.gather(consumer.beginning_offsets(partitions), consumer.end_offsets(partitions))
        for tp, tip in tips.items():
            begin, end = begins[TopicPartition(*tp)], ends[TopicPartition(*tp)]
            if tip.next_offset < begin:
                raise not_going_on(tp.topic, tp.partition, tip.next_offset, begin)
            if tip.next_offset > end:
                raise LogError(
                    f"Work on {tp.topic}, partition {tp.partition}, has come to offset {tip.next_offset} but "
                    f"Kafka has records up to {end}: they are not of the same time. Restore the topic, or rebuild the "
                    "projections from it."
                )
        assigned = consumer.assignment()
        self._tips, self._tips_of = {}, _assignment(consumer)
        for tp, tip in tips.items():
            if TopicPartition(*tp) in assigned:  # else another rebalance has begun, and comes here again
                consumer.seek(TopicPartition(*tp), tip.next_offset)
                self._tips[tp] = tip

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's interface
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        # The group's troubles, such as a right that was withdrawn, wait here for somebody to look; Faust never does,
        # and the worker would stay outside the group for ever.
        consumer._coordinator.check_errors()  # noqa: SLF001 - as aiokafka's own `getmany`, which Faust goes round
        app = cast(EngagementApp, self.app)
        if max_records is None and app.chunked_topics:
            max_records = app.chunk_records
        fetched: dict[TP, list[Any]] = {}
        for tp in self._in_turn(consumer, active_partitions):
            left = None if max_records is None else max_records - sum(map(len, fetched.values()))
            if left == 0:
                break
            fetched.update(await super()._fetch_records(consumer, {tp}, 0, left))
            self._turns[tp] = next(self._next_turn)
        if not fetched:
            fetched.update(await super()._fetch_records(consumer, active_partitions, timeout, max_records))
        return {tp: self._framed(TP(*tp), records, consumer) for tp, records in fetched.items()}

    def _in_turn(self, consumer: AIOKafkaConsumer, active: set[TP]) -> list[TP]:
        """The active partitions of which records are at hand, the one first that has waited longest.

        aiokafka would empty one partition after the other, and the last would stand still meanwhile.
        """
        at_hand = [tp for tp in consumer._fetcher._records if tp in active]  # noqa: SLF001 - as Faust, which reads there
        return sorted(at_hand, key=lambda tp: self._turns.get(tp, 0))

    def _framed(
        self, tp: TP, records: list[ConsumerRecord[Any, Any]], consumer: AIOKafkaConsumer
    ) -> list[ConsumerRecord[Any, Any]] | list[Frame]:
        app = cast(EngagementApp, self.app)
        if tp.topic not in app.chunked_topics:
            return records
        if tp not in self._tips or self._tips_of is not _assignment(consumer):
            return []  # fetched before it was said where to go on; it will be fetched again from there
        frames, self._tips[tp] = chunked(self._tips[tp], tp.partition, records, app.chunk_bytes)
        return frames

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit, or do without: nothing depends on it."""
        known = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        if not known:
            return True
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(known), COMMIT_PATIENCE)
        except (KafkaError, TimeoutError) as error:
            self.log.info("did not commit offsets to Kafka: %r", error)
            return False
        return True

    async def on_thread_stop(self) -> None:
        """Leave the group and hang up, if it can be done soon: Kafka may be away, and a join takes its time."""
        await self._try(super().on_thread_stop())
        if self._consumer is not None:  # while Kafka is away the above ends half-way, by a cancellation of its own
            await self._try(self._consumer._client.close())  # noqa: SLF001 - the consumer closes only once

    async def _try(self, attempt: Coroutine[Any, Any, None]) -> None:
        """Do something for the stop, which must come to its end whatever becomes of this."""
        task = asyncio.ensure_future(attempt)
        await asyncio.wait([task], timeout=_LEAVE_PATIENCE)
        if not task.done() or task.cancelled() or task.exception():
            task.cancel()
            self.log.info("could not take leave of Kafka, which will notice soon enough")

    async def stop(self) -> None:
        """Stop; the loop of a thread that never ran, because Kafka could not be reached, is let go of too."""
        await super().stop()
        if not self._started.is_set():
            self.thread_loop.close()

    def _stopped_set(self) -> None:
        """Say that this stops; after a crash the thread has ended by itself."""
        with suppress(RuntimeError):
            super()._stopped_set()

    def close(self) -> None:
        """Do nothing: Faust would close from another thread what the stop of this one closes."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Look at nothing: whether work goes on is watched from outside Faust, by the watchdog."""


def _assignment(consumer: AIOKafkaConsumer) -> object:
    subscription = consumer._subscription.subscription  # noqa: SLF001 - aiokafka tells the partitions, but not which time
    return None if subscription is None else subscription.assignment
