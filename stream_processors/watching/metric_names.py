"""Every metric that a worker shows, with what it means: the page of the reference is made of this."""

from typing import Literal, NamedTuple


class Declared(NamedTuple):
    """A metric as it is named on the page `/metrics`."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "info"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, in the unit that the name ends with."""


LAG = Declared(
    "engagement_lag_records",
    "gauge",
    "Records on the log, as last seen, that the projections do not have yet.",
    ("partition",),
)
AGE = Declared(
    "engagement_projection_age_seconds",
    "gauge",
    "How old the projections are: the time since the oldest record that they do not have was first seen on the log; "
    "0 when they have everything. The log is looked at every two seconds. For a partition that is new to the worker, "
    "as all are after a start, the time counts from the first look.",
    ("partition",),
)
HELD = Declared("engagement_partitions_held", "gauge", "Partitions that this worker is assigned.")
HEALTHY = Declared("engagement_worker_healthy", "gauge", "1 while `/healthz` says ok, else 0.")
READY = Declared("engagement_worker_ready", "gauge", "1 while `/readyz` says ok, else 0.")
RECORDS = Declared(
    "engagement_records_total",
    "counter",
    "Records of the log that were taken into the projections, whatever they were.",
)
FACTS = Declared("engagement_facts_total", "counter", "Facts that were folded into the projections.")
REJECTS = Declared("engagement_rejects_total", "counter", "Records that are no fact and were set aside.")
CHUNK_SECONDS = Declared(
    "engagement_chunk_duration_seconds",
    "histogram",
    "Time from the hand-over of a chunk to its commit, waiting and retries included.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300),
)
CHUNK_RECORDS = Declared(
    "engagement_chunk_size_records",
    "histogram",
    "Records in a chunk.",
    buckets=(1, 10, 100, 1_000, 5_000, 10_000, 50_000, 100_000),
)
REASSESSMENT_SECONDS = Declared(
    "engagement_reassessment_duration_seconds",
    "histogram",
    "Time that the start of a day took in one partition, commit not included.",
    buckets=(0.01, 0.1, 1, 3, 10, 30, 60, 120, 300, 600),
)
REASSESSED = Declared(
    "engagement_reassessed_enrolments_total", "counter", "Enrolments that were looked at because a day started."
)
LAST_DAY = Declared(
    "engagement_last_day_started_timestamp_seconds",
    "gauge",
    "The latest day that has started, as the Unix time of its midnight in UTC; 0 while the worker knows of none.",
)
RELAYED = Declared("engagement_relayed_messages_total", "counter", "Messages that were put on their topics.")
RETRIES = Declared(
    "engagement_retries_total",
    "counter",
    "Attempts at a chunk that had to be repeated, by `reason`: `contended`, another worker was in the way; "
    "`store_away`, the database did not answer; `log_away`, the log did not.",
    ("reason",),
)
ARCHIVED = Declared("engagement_lake_facts_total", "counter", "Facts that this worker has written to the lake.")
LAKE_LAG = Declared(
    "engagement_lake_lag_records",
    "gauge",
    "Records in the projections that the lake does not have yet; small while few wait, for they are written together.",
    ("partition",),
)
LAKE_FAILURES = Declared(
    "engagement_lake_failures_total",
    "counter",
    "Attempts to write to the lake that failed and are made again; the worker's log says why.",
)
BUILD = Declared(
    "engagement_build_info", "info", "Always 1; the labels tell which program runs.", ("version", "python_version")
)

METRICS = (
    LAG,
    AGE,
    HELD,
    HEALTHY,
    READY,
    RECORDS,
    FACTS,
    REJECTS,
    CHUNK_SECONDS,
    CHUNK_RECORDS,
    REASSESSMENT_SECONDS,
    REASSESSED,
    LAST_DAY,
    RELAYED,
    RETRIES,
    ARCHIVED,
    LAKE_LAG,
    LAKE_FAILURES,
    BUILD,
)
