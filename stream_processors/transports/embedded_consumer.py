"""The consumer of the embedded transport: the only member of its group, reading one file."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.types import TP, ConsumerMessage
from mode import Service

from eventlog.base import LogError, Stored
from eventlog.embedded import EmbeddedLog
from stream_processors.faust_app import CHUNK_BYTES, CHUNK_RECORDS
from stream_processors.transports.chunked_consumer import ChunkedConsumer
from stream_processors.transports.log_reader import Chunking, LogReader
from stream_processors.transports.membership import assign_everything
from stream_processors.transports.starting_points import starting_points

if TYPE_CHECKING:
    from stream_processors.transports.embedded import Transport
    from stream_processors.transports.embedded_producer import Producer


class Consumer(ChunkedConsumer):
    """The only member of its group: it is assigned every partition of every topic that agents and tables want."""

    transport: "Transport"

    def __init__(self, transport: "Transport", *args: Any, **options: Any) -> None:
        """Prepare; the log is opened at the start."""
        super().__init__(transport, *args, **options)
        self._reader = LogReader(
            transport.reader,
            Chunking(
                self._chunked,
                getattr(self.app, "chunk_records", CHUNK_RECORDS),
                getattr(self.app, "chunk_bytes", CHUNK_BYTES),
            ),
        )
        self._topics: frozenset[str] = frozenset()
        self._topics_changed = asyncio.Event()
        self._assigned: set[TP] = set()

    async def on_start(self) -> None:
        """Open the log for reading."""
        await self.transport.reader.open()
        await super().on_start()

    async def on_shutdown(self) -> None:
        """Let go of the log."""
        await self.transport.reader.close()

    # Membership

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Want these topics from now on; the assignment follows, because Faust waits for this call to return first."""
        self._topics = frozenset(topics)
        self._topics_changed.set()

    def assignment(self) -> set[TP]:
        """The partitions that this consumer reads."""
        return set(self._assigned)

    @Service.task
    async def _keep_assigned(self) -> None:
        while True:
            await self._topics_changed.wait()
            self._topics_changed.clear()
            await self._rebalance()

    async def _rebalance(self) -> None:
        app = cast(faust.App, self.app)
        app.on_rebalance_start()
        await self.on_partitions_revoked(self.assignment())
        partitions = {topic: await self._find_or_create(topic) for topic in self._topics}
        self._assigned = assign_everything(app, partitions)
        app.consumer_generation_id += 1
        await self.on_partitions_assigned(self.assignment(), app.consumer_generation_id)

    async def _find_or_create(self, topic: str) -> int:
        """The number of partitions of a topic, which is made when it is not there and the app may make it.

        Raises:
            LogError: When the topic is not there and may not be made.
        """
        there = (await self.transport.reader.call(EmbeddedLog.topics)).get(topic)
        if there is not None:
            self.transport.partitions[topic] = there
        elif self.app.conf.topic_allow_declare:
            declared = [known.partitions for known in self.app.topics if topic in known.topics and known.partitions]
            await self.transport.create_topic(topic, declared[0] if declared else self.app.conf.topic_partitions)
        else:
            raise LogError(f"The topic {topic} is not on the log and this app may not declare topics; create it first.")
        return self.transport.partitions[topic]

    # Reading

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's interface
    ) -> Mapping[TP, list[Stored]]:
        active = self._assigned if active_partitions is None else active_partitions
        try:
            return await self._reader.next_records(active, timeout, lambda: self.flow_active and not self.should_stop)
        except LogError as error:
            await self._give_up(error)
            return {}

    def _to_message(self, tp: TP, record: Stored) -> ConsumerMessage:
        is_deletion = not record.value and self._is_changelog_tp(tp)  # what the producer makes of a None
        return self._hand_over(tp, record, None if is_deletion else record.value)

    # Positions

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where work goes on: the app's own checkpoint, else what the group committed, else the beginning.

        Raises:
            LogError: When that is beyond the end of the log.
        """
        sources = {tp for tp in self._assigned if not self._is_changelog_tp(tp)}
        offsets = await starting_points(cast(faust.App, self.app), self.transport.reader, self._reader, sources)
        self._move(offsets)
        return offsets

    async def _seek(self, partition: TP, offset: int) -> None:
        self._move({partition: offset})

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go to these offsets; table recovery does it with changelogs."""
        self._move(partitions)
        for tp, offset in partitions.items():
            self._read_offset[tp] = offset or None

    def _move(self, offsets: Mapping[TP, int]) -> None:
        self._reader.move(offsets)
        self._forget(offsets)

    async def position(self, tp: TP) -> int | None:
        """The offset that is read next."""
        return self._reader.position(tp)

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """Where each partition begins: the log keeps everything."""
        return dict.fromkeys(partitions, 0)

    def highwater(self, tp: TP) -> int:
        """The offset that the next record gets, as of the last look at the log."""
        return self._reader.end(tp)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The offset that the next record of each partition gets."""
        return await self._reader.ends(partitions)

    # Committing

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        lost = cast("Producer", self.app.producer).buffer.lost
        if lost is not None:
            await self.crash(lost)
            return False
        await self.transport.writer.call(partial(self._write_commit, offsets))
        return True

    def _write_commit(self, offsets: Mapping[TP, int], log: EmbeddedLog) -> None:
        for topic in {tp.topic for tp in offsets}:
            of_topic = {tp.partition: offset for tp, offset in offsets.items() if tp.topic == topic}
            log.commit_offsets(self.app.conf.id, topic, of_topic)

    # The rest of Faust's interface

    async def create_topic(self, topic: str, partitions: int, replication: int, **options: Any) -> None:
        """Put a topic on the log, as the producer does."""
        await self.app.producer.create_topic(topic, partitions, replication, **options)

    def topic_partitions(self, topic: str) -> int | None:
        """The number of partitions of a topic, if it is known."""
        return self.transport.partitions.get(topic)

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition of a key, unless one is named."""
        return self.transport.partition_of(topic, key) if partition is None else partition

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)
