"""The Faust transport that makes `broker="embedded:///absolute/path/log.db"` run agents on the embedded log."""

import asyncio
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from faust.transport import base
from faust.types import AppT
from faust.types.transports import ConsumerT, ProducerT
from yarl import URL

from eventlog.base import LogError
from eventlog.embedded import EmbeddedLog
from eventlog.partitioner import partition_of
from stream_processors.transports.embedded_consumer import Consumer
from stream_processors.transports.embedded_producer import Producer
from stream_processors.transports.log_thread import LogThread


def broker_url(path: Path) -> str:
    """The broker setting that names the log in this file, whatever characters its path has."""
    return f"embedded://{quote(str(path.resolve()))}"


class Transport(base.Transport):
    """Reads and appends in one thread each, and knows how many partitions each topic has."""

    Consumer: ClassVar[type[ConsumerT]] = Consumer
    Producer: ClassVar[type[ProducerT]] = Producer
    driver_version = "embedded=1"

    def __init__(self, url: list[URL], app: AppT, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Take the file of the log from the broker URL; nothing is opened yet."""
        super().__init__(url, app, loop)
        self.reader = LogThread("log-reader", self._open)
        self.writer = LogThread("log-writer", self._open)
        self.partitions: dict[str, int] = {}

    def partition_of(self, topic: str, key: bytes | None) -> int:
        """The partition that the log chooses for a key; the first for no key.

        Raises:
            LogError: When the topic was neither declared nor subscribed to, so its partitions are not known.
        """
        partitions = self.partitions.get(topic)
        if partitions is None:
            raise LogError(
                f"The topic {topic} is not known; declare it or subscribe to it before asking for partitions."
            )
        return partition_of(key, partitions) if key is not None else 0

    async def create_topic(self, topic: str, partitions: int) -> None:
        """Make sure the topic is on the log; one that is there keeps its partitions."""
        self.partitions[topic] = await self.writer.call(lambda log: log.create_topic(topic, partitions))

    def _open(self) -> EmbeddedLog:
        return EmbeddedLog(Path(self.url[0].path))
