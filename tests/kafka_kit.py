"""Topics, groups and Faust apps on a real Kafka, as the tests of the transport need them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import faust
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faust.types import TP

from eventlog.brokers.cluster import KafkaCluster, KafkaSecurity
from eventlog.chain import Tip, link, start
from stream_processors import chunks
from stream_processors.chunks import Chunk
from stream_processors.faust_app import EngagementApp
from stream_processors.transports.kafka import faust_settings

PATIENCE = 120.0
"""Seconds in which something that is only awaited must happen."""


class Topic:
    """A topic of its own for a test, and what was sent to it."""

    def __init__(self, servers: str, name: str, partitions: int, *, made: bool = True, **settings: Any) -> None:
        """Make it, unless the broker makes topics by itself."""
        self.name, self.partitions, self.servers = name, partitions, servers
        self._client = {"bootstrap.servers": servers, "log_level": 0} | settings
        self._admin = AdminClient(self._client)
        if made:
            self._admin.create_topics([NewTopic(name, partitions, 1)])[name].result(PATIENCE)
        self._producer = Producer(self._client | {"acks": "all", "linger.ms": 5})
        self.sent: defaultdict[int, list[tuple[bytes | None, bytes]]] = defaultdict(list)
        """Per partition, key and value of every record in its order."""

    def send(self, records: Iterable[tuple[int, bytes | None, bytes | None]]) -> None:
        """Append records to partitions of the caller's choice."""
        errors: list[Any] = []
        for partition, key, value in records:
            while True:
                try:
                    self._producer.produce(
                        self.name, value, key, partition, on_delivery=lambda error, _: errors.append(error)
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self.sent[partition].append((key, value or b""))
        self._producer.flush(PATIENCE)
        assert set(errors) <= {None}

    def send_numbers(self, count: int, size: int = 20) -> None:
        """Append numbered records to all partitions in turn."""
        self.send((number % self.partitions, b"k%d" % number, b"%d" % number * size) for number in range(count))

    def heads(self, partition: int) -> list[bytes]:
        """The partition's chain, computed from what was sent: the head after each record."""
        head, heads = start(self.name, partition), []
        for offset, (key, value) in enumerate(self.sent[partition]):
            head = link(head, offset, key, value)
            heads.append(head)
        return heads

    def tip(self, partition: int, next_offset: int) -> Tip:
        """A checkpoint after so many records."""
        heads = [start(self.name, partition), *self.heads(partition)]
        return Tip(next_offset, heads[min(next_offset, len(heads) - 1)])

    def everything(self) -> dict[int, list[int]]:
        """Per partition, every offset that was sent."""
        return {partition: list(range(len(sent))) for partition, sent in self.sent.items()}

    def remove_below(self, partition: int, offset: int) -> None:
        """Do what retention does."""
        [removed] = self._admin.delete_records([TopicPartition(self.name, partition, offset)]).values()
        removed.result(PATIENCE)

    def committed(self, group: str) -> dict[int, int]:
        """What a group has committed for this topic."""
        [found] = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        offsets = {each.partition: each.offset for each in found.result(PATIENCE).topic_partitions}
        return {partition: offset for partition, offset in offsets.items() if offset >= 0}

    def commit(self, group: str, offsets: Mapping[int, int]) -> None:
        """Commit for a group that nobody is in."""
        partitions = [TopicPartition(self.name, partition, offset) for partition, offset in offsets.items()]
        wanted = ConsumerGroupTopicPartitions(group, partitions)
        [done] = self._admin.alter_consumer_group_offsets([wanted]).values()
        done.result(PATIENCE)


class Checkpoints:
    """Stands for the projections, which workers share: applies what follows, skips what was, refuses a gap."""

    def __init__(self, topic: Topic, tips: Mapping[int, Tip] | None = None) -> None:
        self._topic = topic.name
        self._tips = dict(tips or {})
        self.applied: defaultdict[int, list[int]] = defaultdict(list)
        """Per partition, the offsets that had an effect, in the order in which they had it."""
        self._news = asyncio.Condition()

    def __call__(self, partitions: Iterable[TP]) -> dict[TP, Tip]:
        """What the app asks when it is given partitions."""
        return {tp: self._tip(tp.partition) for tp in partitions}

    def _tip(self, partition: int) -> Tip:
        return self._tips.get(partition) or Tip(0, start(self._topic, partition))

    async def apply(self, chunk: Chunk, seconds: float = 0) -> None:
        """Apply a chunk, which takes so long; begin again when somebody else was faster."""
        while True:
            before = self._tip(chunk.partition)
            fresh = [offset for offset, _ in chunk.records if offset >= before.next_offset]
            if not fresh:
                return
            assert fresh[0] == before.next_offset, f"a gap from {before.next_offset} to {fresh[0]}"
            await asyncio.sleep(seconds)
            if self._tip(chunk.partition) == before:
                break
        self._tips[chunk.partition] = Tip(chunk.next_offset, chunk.head)
        self.applied[chunk.partition].extend(fresh)
        async with self._news:
            self._news.notify_all()

    @property
    def count(self) -> int:
        """How many records had an effect."""
        return sum(map(len, self.applied.values()))

    async def wait(self, count: int) -> None:
        """Wait until so many records have had an effect."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: self.count >= count)


def an_app(topic: Topic, group: str, checkpoints: Any, security: KafkaSecurity | None = None, **settings: Any) -> Any:
    """An app that reads the topic in chunks of at most a hundred records."""
    cluster = KafkaCluster(tuple(topic.servers.split(",")), security=security or KafkaSecurity())
    app = EngagementApp(group, **faust_settings(cluster) | settings)
    app.chunked_topics = frozenset({topic.name})
    app.chunk_records = 100
    app.checkpoints = checkpoints
    return app


def with_agent(app: EngagementApp, topic: Topic, work: Callable[[Chunk], Awaitable[object]]) -> EngagementApp:
    """Let an agent of the app do something with each chunk."""

    async def agent(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            await work(chunks.unpack(event.value))

    app.agent(app.topic(topic.name, value_type=bytes), name="agent", concurrency=1)(agent)
    return app


@asynccontextmanager
async def running(*apps: EngagementApp) -> AsyncIterator[None]:
    """The apps, started and stopped; they must not have crashed."""
    started = []
    try:
        for app in apps:
            app.loop = asyncio.get_running_loop()
            started.append(app)
            await app.start()
        yield
        for app in started:
            assert app.crash_reason is None, app.crash_reason
    finally:
        for app in started:
            await app.stop()


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something that only polling can see."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)


async def crash_of(
    app: EngagementApp, meanwhile: Callable[[], Awaitable[object]] | None = None
) -> BaseException | None:
    """Start an app, and say why it has ended by itself."""
    app.loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            await app.start()
            if meanwhile is not None:
                await meanwhile()
            await app.wait_until_stopped()
    finally:
        await app.stop()
    return app.crash_reason
