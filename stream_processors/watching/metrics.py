"""Counts what a worker does, in the words of the pipeline, and shows it as Prometheus reads it."""

import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream_processors.watching import metric_names as names
from stream_processors.watching.metric_names import Declared
from stream_processors.watching.progress import Progress

Retry = Literal["contended", "store_away", "log_away"]
"""Why a chunk is tried again: another worker was in the way, or the database or the log did not answer."""


class Metrics:
    """The metrics of one worker, in a registry of their own. Every method may be called from any thread."""

    def __init__(self, progress: Progress) -> None:
        """Count from 0; lag, age, health and readiness are asked of the progress at every scrape."""
        self._registry = registry = CollectorRegistry()
        self._records = _counter(registry, names.RECORDS)
        self._facts = _counter(registry, names.FACTS)
        self._rejects = _counter(registry, names.REJECTS)
        self._chunk_seconds = _histogram(registry, names.CHUNK_SECONDS)
        self._chunk_records = _histogram(registry, names.CHUNK_RECORDS)
        self._reassessment_seconds = _histogram(registry, names.REASSESSMENT_SECONDS)
        self._reassessed = _counter(registry, names.REASSESSED)
        self._newest_day = date.min
        self._last_day = Gauge(names.LAST_DAY.name, names.LAST_DAY.meaning, registry=registry)
        self._relayed = _counter(registry, names.RELAYED)
        self._retries = _counter(registry, names.RETRIES)
        for reason in get_args(Retry):  # so that each is there, as 0, before it has happened
            self._retries.labels(reason)
        self._archived = _counter(registry, names.ARCHIVED)
        self._lake_failures = _counter(registry, names.LAKE_FAILURES)
        self._lake_lags = _LakeLags()
        registry.register(self._lake_lags)
        build = Info(names.BUILD.name.removesuffix("_info"), names.BUILD.meaning, registry=registry)
        build.info({"version": version("engagement"), "python_version": platform.python_version()})
        registry.register(_Standings(progress))
        ProcessCollector(registry=registry)

    def applied(self, *, records: int, facts: int, rejects: int, seconds: float) -> None:
        """A chunk of so many records is durable, so many seconds after it was handed over."""
        self._records.inc(records)
        self._facts.inc(facts)
        self._rejects.inc(rejects)
        self._chunk_records.observe(records)
        self._chunk_seconds.observe(seconds)

    def day_started(self, day: date, *, enrolments: int, seconds: float) -> None:
        """A day has started in a partition, where so many enrolments were looked at in so many seconds."""
        self._reassessed.inc(enrolments)
        self._reassessment_seconds.observe(seconds)
        self.last_day(day)

    def last_day(self, day: date) -> None:
        """A day has started; partitions come to it one after the other, so one that is behind sets nothing back."""
        self._newest_day = max(day, self._newest_day)
        self._last_day.set(datetime.combine(self._newest_day, time(), UTC).timestamp())

    def relayed(self, messages: int) -> None:
        """So many messages were put on their topics."""
        self._relayed.inc(messages)

    def retried(self, reason: Retry) -> None:
        """A chunk is tried again."""
        self._retries.labels(reason).inc()

    def archived(self, facts: int) -> None:
        """So many facts were written to the lake."""
        self._archived.inc(facts)

    def lake_lags(self, lags: Mapping[int, int]) -> None:
        """So many records of exactly these partitions are in the projections, but not in the lake."""
        self._lake_lags.now = lags

    def lake_failed(self) -> None:
        """The lake could not be written."""
        self._lake_failures.inc()

    def scrape(self, accept: str = "") -> tuple[bytes, str]:
        """The page and its content type: OpenMetrics for a client that accepts it, else Prometheus' text."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _Standings(Collector):
    """What is asked of the progress at every scrape, so that a partition that is given away leaves the page."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def collect(self) -> Iterator[Metric]:
        standings = self._progress.standings()
        lag, age = _family(names.LAG), _family(names.AGE)
        for each in standings:
            lag.add_metric([str(each.partition)], each.lag)
            age.add_metric([str(each.partition)], each.age)
        yield lag
        yield age
        for declared, value in (
            (names.HELD, len(standings)),
            (names.HEALTHY, self._progress.stall() is None),
            (names.READY, self._progress.unready() is None),
        ):
            yield GaugeMetricFamily(declared.name, declared.meaning, value=value)


class _LakeLags(Collector):
    """The lag of the lake as it was told last, so that a partition that is given away leaves the page."""

    def __init__(self) -> None:
        self.now: Mapping[int, int] = {}

    def collect(self) -> Iterator[Metric]:
        family = _family(names.LAKE_LAG)
        for partition, lag in sorted(self.now.items()):
            family.add_metric([str(partition)], lag)
        yield family


def _family(declared: Declared) -> GaugeMetricFamily:
    return GaugeMetricFamily(declared.name, declared.meaning, labels=declared.labels)


def _counter(registry: CollectorRegistry, declared: Declared) -> Counter:
    return Counter(declared.name, declared.meaning, declared.labels, registry=registry)


def _histogram(registry: CollectorRegistry, declared: Declared) -> Histogram:
    return Histogram(declared.name, declared.meaning, declared.labels, buckets=declared.buckets, registry=registry)
