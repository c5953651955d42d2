"""The Faust app with the settings that were shown to be safe, and with chunked topics."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.types import TP, TopicT
from mode import Service
from yarl import URL

from eventlog.chain import Tip
from eventlog.facts import DEFAULT_PARTITIONS
from learning.errors import EngagementError

CHUNK_RECORDS = 50_000
"""Records that a chunk holds at most."""

CHUNK_BYTES = 16 * 2**20
"""Bytes of values that a chunk holds at most."""

_CHUNKS_IN_QUEUE = 1

_DEFAULTS: Mapping[str, Any] = {
    "autodiscover": False,
    "broker_commit_interval": 1.0,
    "key_serializer": "raw",
    "producer_linger": 0.005,
    "store": "memory://",
    "topic_partitions": DEFAULT_PARTITIONS,
    "value_serializer": "raw",
}

_FIXED: Mapping[str, Any] = {
    "env": {},  # Faust would let APP_WEB_ENABLED and its kin in the environment overrule what stands here
    "processing_guarantee": "at_least_once",  # Faust's exactly_once loses table changes
    "stream_wait_empty": True,
    "topic_disable_leader": True,
    "web_enabled": False,
}


class _NoWebServer(BootStrategy):
    """Faust's web server has no login and shows every table: it stays off whatever the command line says."""

    enable_web = False


class EngagementApp(faust.App):
    """A Faust app on the embedded log or on Kafka.

    Set the attributes before the app starts.
    """

    BootStrategy = _NoWebServer

    chunked_topics: frozenset[str] = frozenset()
    """Topics whose agents receive a chunk (see `chunks.unpack`) as one message."""

    chunk_records: int = CHUNK_RECORDS
    chunk_bytes: int = CHUNK_BYTES

    checkpoints: Callable[[Iterable[TP]], Mapping[TP, Tip]] | None = None
    """Asked, in a thread, where the work on partitions goes on, because a projection's checkpoint is the truth about
    that. Partitions that it leaves out go on at what the consumer group committed.
    """

    def __init__(self, id: str, *, broker: str | list[URL], **options: Any) -> None:  # noqa: A002 - the name that Faust gives it
        """Make an app of this name, which is also its consumer group. Options are Faust's settings.

        The web server, the leader topic and exactly_once stay off, whatever options and environment say.
        """
        super().__init__(id, **{**_DEFAULTS, **options, **_FIXED, "broker": broker})

    def topic(self, *topics: str, **options: Any) -> TopicT:
        """Describe a topic; a chunked one keeps a queue of one chunk, for a chunk may have megabytes."""
        topic = super().topic(*topics, **options)
        if self.chunked_topics.intersection(topics):
            topic.maxsize = _CHUNKS_IN_QUEUE
        return topic

    async def starting_tips(self, tps: Iterable[TP]) -> Mapping[TP, Tip]:
        """Where the app itself says that work on these partitions goes on, and the log's chain up to there."""
        return {} if self.checkpoints is None else await asyncio.to_thread(self.checkpoints, tps)

    async def crash(self, reason: BaseException) -> None:
        """Stop because of this. What a person can mend is one sentence, not the tracebacks that Faust would log.

        `run` raises it for its caller to tell; the worker of the faust command ends without a word, so it is logged.
        """
        if not isinstance(reason, EngagementError):
            await super().crash(reason)
            return
        if self.beacon.parent is not None:
            self.log.error("%s", reason)
        for node in self.beacon.walk():
            cast(Service, node.data)._crash(reason)  # noqa: SLF001 - what mode's own does, after it has logged

    def _create_directories(self) -> None:
        """Make no folders: tables live in memory and nothing else is kept."""
