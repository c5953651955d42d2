"""The metrics: what the pipeline did can be read by Prometheus, and nothing else is told."""

from datetime import date

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from stream_processors.watching.metric_names import METRICS
from stream_processors.watching.metrics import Metrics
from stream_processors.watching.progress import Progress

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

_PARTS = ("_bucket", "_count", "_sum", "_created")


@pytest.fixture
def progress() -> Progress:
    """A worker that holds partitions 0 and 7, and has three records of 7 before it."""
    progress = Progress(60, lambda: 0.0)
    progress.assigned({0: 5, 7: 2})
    progress.ends({0: 5, 7: 5})
    return progress


@pytest.fixture
def metrics(progress: Progress) -> Metrics:
    """Metrics of that worker, which did a bit of everything."""
    metrics = Metrics(progress)
    metrics.applied(records=100, facts=90, rejects=3, seconds=0.2)
    metrics.applied(records=20_000, facts=20_000, rejects=0, seconds=4)
    metrics.day_started(date(2026, 1, 6), enrolments=1_500, seconds=2.5)
    metrics.relayed(12)
    metrics.retried("contended")
    return metrics


def values(metrics: Metrics) -> dict[str, float]:
    """Every sample that is scraped, by its name and labels."""
    body, _ = metrics.scrape()
    return {
        sample.name + "".join(f" {label}={value}" for label, value in sample.labels.items()): sample.value
        for family in parser.text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_what_was_done_is_counted(metrics: Metrics) -> None:
    """Records, facts, rejects, messages, retries and reassessments add up over the chunks."""
    found = values(metrics)

    assert {name: found[f"engagement_{name}"] for name in ("records_total", "facts_total", "rejects_total")} == {
        "records_total": 20_100,
        "facts_total": 20_090,
        "rejects_total": 3,
    }
    assert found["engagement_relayed_messages_total"] == 12
    assert found["engagement_reassessed_enrolments_total"] == 1_500
    assert found["engagement_retries_total reason=contended"] == 1
    assert found["engagement_retries_total reason=store_away"] == 0


def test_chunks_and_days_fall_into_buckets_by_their_seconds_and_size(metrics: Metrics) -> None:
    """A histogram tells how many took no longer than so much, and how much all took together."""
    found = values(metrics)

    assert found["engagement_chunk_duration_seconds_bucket le=0.3"] == 1
    assert found["engagement_chunk_duration_seconds_bucket le=10.0"] == 2
    assert found["engagement_chunk_duration_seconds_sum"] == 4.2
    assert found["engagement_chunk_size_records_bucket le=100.0"] == 1
    assert found["engagement_reassessment_duration_seconds_bucket le=1.0"] == 0
    assert found["engagement_reassessment_duration_seconds_bucket le=3.0"] == 1


def test_lag_and_age_are_shown_for_each_partition_that_is_held(metrics: Metrics, progress: Progress) -> None:
    """A partition that is given away leaves the page."""
    assert values(metrics)["engagement_lag_records partition=7"] == 3
    assert values(metrics)["engagement_partitions_held"] == 2

    progress.assigned({0: 5})

    assert "engagement_lag_records partition=7" not in values(metrics)
    assert "engagement_projection_age_seconds partition=7" not in values(metrics)
    assert values(metrics)["engagement_partitions_held"] == 1


def test_age_health_and_readiness_are_those_of_the_progress() -> None:
    """What the probe would say now is on the page as a number."""
    now = 0.0
    progress = Progress(60, lambda: now)
    metrics = Metrics(progress)
    assert (values(metrics)["engagement_worker_ready"], values(metrics)["engagement_worker_healthy"]) == (0, 1)

    progress.opened()
    progress.assigned({0: 0})
    progress.ends({0: 1})
    now = 75.0

    found = values(metrics)
    assert (found["engagement_worker_ready"], found["engagement_worker_healthy"]) == (1, 0)
    assert found["engagement_projection_age_seconds partition=0"] == 75


def test_the_last_day_is_never_set_back(metrics: Metrics) -> None:
    """A partition that comes to a day later than the others does not make the last day an earlier one."""
    metrics.day_started(date(2026, 1, 5), enrolments=1, seconds=0.1)

    assert values(metrics)["engagement_last_day_started_timestamp_seconds"] == 1_767_657_600  # 2026-01-06T00:00Z


def test_the_lake_is_counted_and_its_lag_is_shown_for_each_partition_that_is_held(metrics: Metrics) -> None:
    """Facts and failures add up; a partition that is given away leaves the page."""
    metrics.archived(90)
    metrics.archived(10)
    metrics.lake_failed()
    metrics.lake_lags({0: 4, 7: 9})
    metrics.lake_lags({7: 2})

    found = values(metrics)
    assert (found["engagement_lake_facts_total"], found["engagement_lake_failures_total"]) == (100, 1)
    assert found["engagement_lake_lag_records partition=7"] == 2
    assert "engagement_lake_lag_records partition=0" not in found


def test_two_workers_in_one_process_count_apart(metrics: Metrics) -> None:
    """The metrics belong to one worker: nothing is global."""
    other = Metrics(Progress(60))
    other.applied(records=1, facts=1, rejects=0, seconds=0.1)

    assert values(metrics)["engagement_facts_total"] == 20_090
    assert values(other)["engagement_facts_total"] == 1


def test_everything_scraped_is_declared_and_everything_declared_is_scraped(metrics: Metrics) -> None:
    """The page of the reference, made of what is declared, is complete and names nothing that is not there."""
    body, _ = metrics.scrape()
    kinds = {"info": "gauge"}
    scraped = {
        (family.name + "_total" if family.type == "counter" else family.name, family.type, family.documentation)
        for family in parser.text_string_to_metric_families(body.decode())
        if family.name.startswith("engagement_") and not family.name.endswith("_created")
    }

    assert scraped == {(each.name, kinds.get(each.kind, each.kind), each.meaning) for each in METRICS}


def test_labels_are_declared_and_hold_numbers_and_fixed_words_only(metrics: Metrics) -> None:
    """No label can carry an id of a person: partitions are numbers, reasons are fixed words."""
    body, _ = metrics.scrape()
    declared = {each.name: set(each.labels) for each in METRICS}
    for family in parser.text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            name = next((sample.name.removesuffix(part) for part in _PARTS if sample.name.endswith(part)), sample.name)
            if name in declared:
                assert sample.labels.keys() - {"le"} == declared[name]
                assert sample.labels.get("partition", "0").isdigit()
                assert sample.labels.get("reason", "contended") in {"contended", "store_away", "log_away"}


def test_openmetrics_is_given_to_whom_accepts_it(metrics: Metrics) -> None:
    """The strict format ends with its mark and can be parsed strictly; others get Prometheus' text."""
    body, content_type = metrics.scrape(OPENMETRICS)

    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    families = {family.name for family in openmetrics_parser.text_string_to_metric_families(body.decode())}
    assert {"engagement_facts", "engagement_lag_records", "engagement_build"} <= families
    assert metrics.scrape("text/html")[1].startswith("text/plain; version=0.0.4")


def test_the_process_itself_is_measured(metrics: Metrics) -> None:
    """Memory, CPU time and open files are there under Prometheus' usual names."""
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} <= values(metrics).keys()
