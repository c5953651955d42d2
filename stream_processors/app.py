"""The Faust app of the pipeline: one agent that tracks every fact, and the day clock.

`engagement worker` runs it; so does `faust -A stream_processors.app worker`, for people who know Faust.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, cast

import structlog
from faust.types import TP, StreamT

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.locks import worker_lock
from eventlog.rejects import REJECTS_TOPIC
from learning.errors import EngagementError
from projections.live import LiveProjections
from projections.rulebook import RulebookFolders
from projections.store import Checkpoint
from stream_processors.chunks import unpack
from stream_processors.day_clock import DayClock, latest_day, utc_now
from stream_processors.embedded import broker_url
from stream_processors.faust_app import EngagementApp
from stream_processors.settings import WorkerSettings
from stream_processors.tracking import Tracker

APP_ID = "engagement-tracking"
"""Also the name of the consumer group."""

_DAY_CLOCK_SECONDS = 30.0

logger = structlog.get_logger()


class Pipeline(EngagementApp):
    """The app with what its agent works on: the log, the projections and the curriculum, held while it runs."""

    chunked_topics = frozenset({FACTS_TOPIC})

    def __init__(self, settings: WorkerSettings, now: Callable[[], datetime] = utc_now) -> None:
        """Prepare the app; nothing is opened or locked before it starts."""
        super().__init__(APP_ID, broker=broker_url(settings.log_path), topic_partitions=settings.partitions)
        self.settings = settings
        self.chunk_records = settings.chunk_records
        self._now = now
        self._held = ExitStack()
        self.start_offsets = self._start_offsets
        self.agent(self.topic(FACTS_TOPIC, value_type=bytes), name="tracking", concurrency=1)(self._track)

    async def on_start(self) -> None:
        """Take the worker lock, check the log from end to end, and note the days that have started.

        Raises:
            WorkerRunningError: Another worker reads this log.
            CorruptLogError: The log is not what was written to it.
        """
        await asyncio.to_thread(self._open)
        await super().on_start()

    def _open(self) -> None:
        settings = self.settings
        try:
            self._held.enter_context(worker_lock(settings.data_dir))
            self.log_file = self._held.enter_context(EmbeddedLog(settings.log_path))
            self.log_file.create_topic(FACTS_TOPIC, settings.partitions)
            self.log_file.create_topic(REJECTS_TOPIC, 1)
            rules = RulebookFolders(settings.programmes_dir, settings.policies_dir)
            live = LiveProjections(settings.projections_dir)
            self.tracker = Tracker(self.log_file, live, rules, self._now)
            self._held.callback(self.tracker.close)
            checkpoints = self.tracker.checkpoints()
            self.log_file.verify(
                {(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in checkpoints.items()}
            )
            self.tracker.relay_leftovers()
            self._clock = DayClock(
                self.log_file, self._now, latest_day(self.log_file, checkpoints.get(0, Checkpoint()))
            )
            if settings.day_clock:
                self._clock.catch_up()
        except BaseException:
            self._held.close()
            raise

    async def on_started_init_extra_tasks(self) -> None:
        """Start the day clock beside the agent."""
        await super().on_started_init_extra_tasks()
        if self.settings.day_clock:
            self.add_future(self._keep_the_days())

    async def on_shutdown(self) -> None:
        """Let go of everything, when the last chunk is done."""
        await super().on_shutdown()
        await asyncio.to_thread(self._held.close)

    async def _track(self, stream: StreamT[bytes]) -> None:
        """The agent. An error that leaves it crashes the app, and the chunk comes again at the next start."""
        async for event in stream.events():
            await self.tracker.track(unpack(cast(bytes, event.value)), event.message.partition)

    async def _keep_the_days(self) -> None:
        while not self.should_stop:
            await self.sleep(_DAY_CLOCK_SECONDS)
            try:
                started = await asyncio.to_thread(self._clock.catch_up)
            except EngagementError as error:
                await self.crash(error)
                return
            for day in started:
                logger.info("a day has started", day=day.isoformat())

    def _start_offsets(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        checkpoints = self.tracker.checkpoints()
        return {
            tp: checkpoints[tp.partition].next_offset if tp.partition in checkpoints else 0
            for tp in partitions
            if tp.topic == FACTS_TOPIC
        }


def __getattr__(name: str) -> Any:
    """Make `app` when the faust command asks for it, with settings from the environment."""
    if name == "app":
        return Pipeline(WorkerSettings())
    raise AttributeError(name)
