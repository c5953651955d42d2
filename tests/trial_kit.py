"""A trial: a deployment on real servers under load, waiting with a deadline, and the verdict at the end."""

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from random import Random
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC, start_day
from eventlog.rejects import REJECTS_TOPIC, read_entry
from learning.events import Fact
from projections import outbox, schema
from projections.decisions import RISK_TOPIC
from projections.store import Store, StoreError
from stream_processors.deployment import live_projections, opened_log
from stream_processors.relay import relay
from stream_processors.settings import WorkerSettings
from tests.fact_lives import LAST_DAY
from tests.faults_kit import NOW, assert_exact, facts_on, report, values_on
from tests.servers_kit import LOOK_SECONDS, PATIENCE_SECONDS, WORKERS, Feed, Fleet

PROMISED_SECONDS = 60.0
"""After a fault has ended there is progress again within this time."""


class Trial:
    """A deployment under load: facts that are appended, days that start, workers that process them.

    Args:
        settings: The deployment, with an empty database.
        facts: What the appenders append.
    """

    def __init__(self, settings: WorkerSettings, facts: Sequence[Fact] = ()) -> None:
        self.settings = settings
        self._facts = facts
        self._days = (LAST_DAY - timedelta(days=ago) for ago in range(60, 0, -1))
        self._store: Store | None = None
        self._known: Mapping[int, int] = {}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start appenders, which wait, and three workers, which have nothing to do."""
        with ExitStack() as running:
            self.log = running.enter_context(opened_log(self.settings, unchecked=frozenset({FACTS_TOPIC})))
            self._live = running.enter_context(live_projections(self.settings))
            running.callback(self._forget_store)
            self.feed = Feed(self.settings, self._facts)
            running.callback(self.feed.close)
            self.fleet = Fleet(self.settings)
            running.callback(self.fleet.close)
            for number in range(WORKERS):
                self.fleet.start(number)
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()
        gc.collect()  # kafka-python leaves the socket of an attempt that failed open; see UNCLOSED

    def _forget_store(self) -> None:
        if self._store is not None:
            self._store.close()

    # Waiting

    def positions(self) -> Mapping[int, int]:
        """The next offset of each partition in the projections; while the database is away, what it was last."""
        with suppress(StoreError):
            self._look()
        return self._known

    def _look(self) -> Mapping[int, int]:
        if self._store is None and self._live.exists():
            self._store = self._live.open()
        if self._store is not None:
            self._known = {key: each.next_offset for key, each in self._store.checkpoints().items()}
        return self._known

    def processed(self) -> int:
        """How many records the projections have taken in."""
        return sum(self.positions().values())

    def wait_until(self, what: str, holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> float:
        """Look again and again until something holds, tending the workers; answer the seconds it took.

        Raises:
            AssertionError: When it took longer than it may.
        """
        began = time.monotonic()
        while not holds():
            self.fleet.tend()
            passed = time.monotonic() - began
            assert passed < seconds, f"waited {passed:.0f} s until {what}; workers ended with {self.fleet.ended}"
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def endure(self, seconds: float) -> None:
        """Let a fault last for so long, tending the workers."""
        until = time.monotonic() + seconds
        self.wait_until("the fault has lasted long enough", lambda: time.monotonic() > until)

    def under_load(self, facts: int, random: Random) -> None:
        """Release so many facts, and return when all workers are at work and a random part has been processed."""
        self._wait_for_all_workers()
        goal = self.processed() + random.randint(1, facts // 2)
        self.feed.release(facts)
        self.wait_until("facts are processed", lambda: self.processed() >= goal)

    def _wait_for_all_workers(self) -> None:
        self.wait_until("all workers are in the group", lambda: self._members() == len(self.fleet.numbers))

    def _members(self) -> int:
        """How many workers the broker knows, when it has given partitions to all."""
        try:
            with closing(KafkaAdminClient(**self.settings.kafka_cluster().options())) as admin:
                [group] = admin.describe_groups([self.settings.group]).values()
        except KafkaError:  # the group's keeper is on its way from one broker to another
            return 0
        return len(group["members"]) if group["group_state"] == "Stable" else 0

    def start_next_day(self) -> None:
        """Put the next day on every partition."""
        start_day(self.log, next(self._days), NOW)

    def process_all(self) -> float:
        """Let everything be processed that is on the log, then stop the workers; answer the seconds it took."""
        ends = self.log.end_offsets(FACTS_TOPIC)
        seconds = self.wait_until("all is processed", lambda: self.positions() == ends)
        self._wait_for_all_workers()  # one that has just started cannot stop in good order yet
        assert set(self.fleet.stop(*self.fleet.numbers)) == {0}
        return seconds

    def recovers(self) -> float:
        """Start the next day, and answer the seconds until every partition has moved on. Call it as a fault ends.

        Raises:
            AssertionError: When that takes longer than was promised.
        """
        began, before = time.monotonic(), self._look()
        self.start_next_day()
        self.wait_until(
            "every partition has moved on",
            lambda: (
                len(self.positions()) == DEFAULT_PARTITIONS
                and all(now > before.get(partition, 0) for partition, now in self.positions().items())
            ),
            PROMISED_SECONDS - (time.monotonic() - began),
        )
        return time.monotonic() - began

    # The verdict

    def assert_nothing_lost_and_nothing_twice(self, *, copies: bool = False, repeats: bool = False) -> None:
        """Let everything be appended and processed, and see that all is as if there had never been a fault.

        Args:
            copies: Whether a decision or a reject may stand on its topic twice, with the same id: from a worker that
                was killed, or stood still, between sending and noting it.
            repeats: Whether facts may stand on the topic again, because somebody else put them there.
        """
        self.feed.finish()
        start_day(self.log, LAST_DAY, NOW)
        self.process_all()
        acknowledged = self.feed.acknowledged
        on_topic = Counter(id_ for id_, _ in facts_on(self.log))
        assert acknowledged == Counter(fact.id for fact in self._facts)
        assert on_topic.keys() == acknowledged.keys()
        assert repeats or self.feed.refused or on_topic == acknowledged
        told, rejected = self._told(), self._rejected()
        assert copies or told.total() == len(told)
        assert copies or rejected.total() == len(rejected)
        assert_exact(self.settings, LAST_DAY)
        report(
            f"{len(acknowledged):,} facts acknowledged, {on_topic.total() - len(on_topic)} of them on the topic again; "
            f"{self.feed.refused} appends repeated; {len(told)} decisions told, {told.total() - len(told)} of them "
            f"again; {len(rejected)} rejects; {len(self.fleet.ended)} workers started again {self.fleet.ended}"
        )

    def _told(self) -> Counter[str]:
        """The ids on the topic of decisions: those of the outbox, of which all have left."""
        assert self._store is not None
        relay(self.log, self._store)  # what was left by the last to relay, as the next worker to start does
        told = Counter(str(json.loads(value)["id"]) for value in values_on(self.log, RISK_TOPIC))
        with self._store.connect() as connection:
            wanted = set(connection.scalars(schema.outbox.select().with_only_columns(schema.outbox.c.id)))
            assert set(outbox.relayed(connection)) == wanted
        assert told.keys() == wanted
        return told

    def _rejected(self) -> Counter[str]:
        """Where messages came from that were parked."""
        entries: Iterator[Any] = map(read_entry, values_on(self.log, REJECTS_TOPIC))
        return Counter(each.origin for each in entries)
