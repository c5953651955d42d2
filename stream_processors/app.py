"""The Faust app of the pipeline: an agent that tracks every fact, one that archives them, and the day clock.

`engagement worker` runs it; so does `faust -A stream_processors.app worker`, for people who know Faust.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, cast

import structlog
from faust.exceptions import ConsumerNotStarted
from faust.types import TP, StreamT

from eventlog.base import EventLog, LogError
from eventlog.brokers.cluster import KafkaCluster
from eventlog.chain import Tip, start
from eventlog.facts import FACTS_TOPIC
from eventlog.locks import worker_lock
from learning.errors import EngagementError
from projections.checkpoints import Checkpoint
from projections.rulebook import RulebookFolders
from stream_processors.archive import Archive
from stream_processors.chunks import unpack
from stream_processors.day_clock import DayKeeper, utc_now
from stream_processors.deployment import live_projections, opened_log, prime
from stream_processors.faust_app import EngagementApp
from stream_processors.persistence import PASSING
from stream_processors.settings import WorkerSettings
from stream_processors.tracking import Tracker
from stream_processors.transports import embedded, kafka
from stream_processors.watching.monitor import Monitor
from stream_processors.watching.progress import StalledError

_DAY_CLOCK_SECONDS = 30.0

logger = structlog.get_logger()


class Pipeline(EngagementApp):
    """The app with what its agents work on: the log, the projections and the curriculum, held while it runs."""

    def __init__(self, settings: WorkerSettings, now: Callable[[], datetime] = utc_now) -> None:
        """Prepare the app; nothing is opened or locked before it starts.

        Raises:
            LogError: When the settings for Kafka do not go together.
        """
        self.settings = settings
        cluster = settings.kafka_cluster() if settings.broker else None
        self._topic = cluster.named(FACTS_TOPIC) if cluster else FACTS_TOPIC
        self.chunked_topics = frozenset({self._topic})
        self.chunk_records = settings.chunk_records
        super().__init__(settings.group, **_faust_settings(settings, cluster))
        self._now = now
        self.watch = Monitor(
            self._stand_still,
            patience=settings.stall_seconds,
            host=settings.probe_host,
            port=settings.probe_port,
        )
        self._held = ExitStack()
        self.checkpoints = self._tips
        self.agent(self.topic(self._topic, value_type=bytes), name="tracking", concurrency=1)(self._track)
        self.archive = Archive(self, settings, self.watch) if settings.archive else None

    async def on_start(self) -> None:
        """Take the worker lock of an embedded log, check the log, and note the days that have started.

        Raises:
            WorkerRunningError: Another worker reads this embedded log.
            CorruptLogError: The log is not what was written to it.
        """
        await asyncio.to_thread(self._open)
        await super().on_start()

    def _open(self) -> None:
        settings = self.settings
        try:
            self._held.enter_context(self.watch)
            if not settings.broker:
                self._held.enter_context(worker_lock(settings.data_dir))
            # The only facts that a worker appends are days, and a day that starts twice starts once.
            log = self._held.enter_context(opened_log(settings, unchecked=frozenset({FACTS_TOPIC})))
            self.log_file = log
            if self.archive:  # let go of after the tracker, so that it can go as far as that has come
                self._held.callback(self._let_go_of, self.archive)
            rules = RulebookFolders(settings.programmes_dir, settings.policies_dir)
            self.tracker = Tracker(log, live_projections(settings), rules, self._now, self.watch)
            self._held.callback(self.tracker.close)
            if self.archive:
                self.archive.open(lambda: self.tracker.positions)
            checkpoints = self.tracker.checkpoints()
            self._check(log, checkpoints)
            self.tracker.relay()
            self._days = DayKeeper(log, self._now, self.tracker.checkpoints)
            if settings.day_clock:
                self._days.catch_up()
            last_day = max((each.day for each in checkpoints.values() if each.day), default=None)
            self._held.enter_context(self.watch.opened(lambda: log.end_offsets(FACTS_TOPIC), last_day))
        except BaseException:
            self._held.close()
            raise

    def _let_go_of(self, archive: Archive) -> None:
        archive.close(flush=not self.crashed)

    def _check(self, log: EventLog, checkpoints: Mapping[int, Checkpoint]) -> None:
        """Prove that a file holds what was written to it; of Kafka, which keeps copies, only that nothing is gone."""
        if not self.settings.broker:
            log.verify({(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in checkpoints.items()})
            return
        prime(log, checkpoints)
        ends = log.end_offsets(FACTS_TOPIC)
        for partition, each in checkpoints.items():
            if each.next_offset > ends.get(partition, 0):
                raise LogError(
                    f"The projections know {each.next_offset} records of topic {FACTS_TOPIC}, partition {partition}, "
                    f"but Kafka has {ends.get(partition, 0)}: they are not of the same time. Restore the topic, or run "
                    "`engagement rebuild`."
                )

    async def on_started_init_extra_tasks(self) -> None:
        """Start beside the agents what has a clock."""
        await super().on_started_init_extra_tasks()
        if self.settings.day_clock:
            self.add_future(self._keep_the_days())
        if self.archive:
            self.add_future(self.archive.ring_now_and_then())

    async def on_shutdown(self) -> None:
        """Let go of everything, when the last chunk is done."""
        await super().on_shutdown()
        await asyncio.to_thread(self._held.close)

    async def positions(self) -> Mapping[int, int]:
        """The next offset of each partition, whichever worker has come there."""
        if self.settings.broker:
            await asyncio.to_thread(self.tracker.checkpoints_when_there)
        return self.tracker.positions

    async def complete_lake(self) -> None:
        """Bring the lake up to the projections, whichever worker has come there.

        Raises:
            ArchiveError: It cannot be written.
        """
        if self.archive:
            await self.archive.complete(dict(await self.positions()))

    async def _track(self, stream: StreamT[bytes]) -> None:
        """The agent. An error that leaves it crashes the app, and the chunk comes again at the next start."""
        async for event in stream.events():
            await self.tracker.track(unpack(cast(bytes, event.value)), event.message.partition)
            if self.archive:
                self.archive.ring()

    async def _keep_the_days(self) -> None:
        """Start days, if this is the worker that reads partition 0, and relay what the last chunk could not."""
        while not self.should_stop:
            await self.sleep(_DAY_CLOCK_SECONDS)
            if self.should_stop:
                return
            try:
                await self.tracker.relay_leftovers()
                if TP(self._topic, 0) not in self.consumer.assignment():
                    self._days.let_go()
                    continue
                for day in await asyncio.to_thread(self._days.catch_up):
                    logger.info("a day has started", day=day.isoformat())
            except (*PASSING, ConsumerNotStarted) as error:
                logger.warning("the day clock tries again soon", reason=str(error))
            except EngagementError as error:
                await self.crash(error)
                return

    def _tips(self, partitions: Iterable[TP]) -> Mapping[TP, Tip]:
        """Where the projections say that partitions go on: the ones that this worker holds from now on."""
        checkpoints = self.tracker.checkpoints_when_there()
        tips = {
            tp: Tip(*checkpoints[tp.partition][:2])
            if tp.partition in checkpoints
            else Tip(0, start(FACTS_TOPIC, tp.partition))
            for tp in partitions
            if tp.topic == self._topic
        }
        self.watch.assigned({tp.partition: tip.next_offset for tp, tip in tips.items()})
        if self.archive:
            self.archive.assigned(tp.partition for tp in tips)
        return tips

    def _stand_still(self, error: StalledError) -> None:
        """End, called from the watchdog's thread; a service manager starts the worker again."""
        self.loop.call_soon_threadsafe(lambda: self.add_future(self.crash(error)))


def _faust_settings(settings: WorkerSettings, cluster: KafkaCluster | None) -> dict[str, Any]:
    if cluster is not None:
        return kafka.faust_settings(cluster)
    return {"broker": embedded.broker_url(settings.log_path), "topic_partitions": settings.partitions}


def __getattr__(name: str) -> Any:
    """Make `app` when the faust command asks for it, with settings from the environment."""
    if name == "app":
        return Pipeline(WorkerSettings())
    raise AttributeError(name)
