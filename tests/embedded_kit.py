"""Faust apps on an embedded log, and what their agents have received."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust

from eventlog.base import Receipt, Record
from eventlog.embedded import EmbeddedLog
from stream_processors import chunks
from stream_processors.chunks import Chunk
from stream_processors.faust_app import EngagementApp
from stream_processors.transports.embedded import broker_url

FACTS, OTHERS, COUNTS = "facts", "others", "counting-counts-changelog"
PARTITIONS = 3
PATIENCE = 60.0


class Got:
    """What agents have received, and a way to wait for it."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.values: list[bytes] = []
        self._news = asyncio.Event()

    def add(self, value: bytes, *, chunked: bool = True) -> Chunk | None:
        """Note an event."""
        if chunked:
            self.chunks.append(chunks.unpack(value))
        else:
            self.values.append(value)
        self._news.set()
        return self.chunks[-1] if chunked else None

    def offsets(self) -> dict[int, list[int]]:
        """Per partition, the offsets of all records in the order they came."""
        found: dict[int, list[int]] = {}
        for chunk in self.chunks:
            found.setdefault(chunk.partition, []).extend(offset for offset, _ in chunk.records)
        return found

    def records(self) -> int:
        """How many records came in chunks."""
        return sum(len(chunk.records) for chunk in self.chunks)

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds, looking again with each event."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()


def an_app(path: Path, **options: Any) -> EngagementApp:
    """An app that reads the facts in chunks of at most ten records."""
    app = EngagementApp("counting", broker=broker_url(path), topic_partitions=PARTITIONS, **options)
    app.chunked_topics = frozenset({FACTS})
    app.chunk_records = 10
    return app


def collect(app: EngagementApp, after_each: Callable[[Chunk], Awaitable[None]] | None = None) -> Got:
    """Let an agent of the app note all chunks, and do something after noting each."""
    got = Got()

    @app.agent(app.topic(FACTS, value_type=bytes))
    async def collector(stream: faust.StreamT[bytes]) -> None:
        async for value in stream:
            chunk = got.add(value)
            if after_each is not None and chunk is not None:
                await after_each(chunk)

    return got


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[None]:
    """The app, started and stopped."""
    await app.start()
    try:
        yield
    finally:
        await app.stop()


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something that only polling can see."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)


def append(log: EmbeddedLog, count: int, topic: str = FACTS) -> Sequence[Receipt]:
    """Append numbered records to all partitions in turn."""
    records = [Record(None, b"%d" % number, partition=number % PARTITIONS) for number in range(count)]
    return log.append(topic, records)


def all_offsets(log: EmbeddedLog, topic: str = FACTS) -> dict[int, list[int]]:
    """Per partition, every offset there is."""
    return {partition: list(range(end)) for partition, end in log.end_offsets(topic).items() if end}
