"""The comparison of speeds: what its figures mean, and that every contender works on all facts."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import pipeline_kafka, pipeline_runs
from bench.pipeline_facts import simulated
from bench.pipeline_kafka import Contest
from bench.pipeline_servers import Servers, servers
from eventlog.brokers.cluster import KafkaCluster
from eventlog.facts import DEFAULT_PARTITIONS
from tests.servers.fixtures import KAFKA, POSTGRES

FACTS = 600
CLUSTER = KafkaCluster(("localhost:9092",), topic_prefix="any.", replication=1, min_insync_replicas=1)


def test_ratios_are_taken_within_each_round() -> None:
    """What the machine did in one round is never set against another round."""
    fast, slow = [{"per_s": 80.0}, {"per_s": 30.0}, {"per_s": 40.0}], [{"per_s": 8.0}, {"per_s": 1.0}, {"per_s": 2.0}]

    assert pipeline_runs.ratios(fast, slow) == [10, 30, 20]


def test_a_ratio_comes_with_its_lowest_and_highest_round() -> None:
    """The median alone would hide how far the rounds lie apart."""
    assert pipeline_runs.times("times_usual", [30.04, 10.01, 20.02]) == {
        "times_usual": 20.0,
        "times_usual_range": [10.0, 30.0],
    }


def test_everybody_works_on_the_same_facts() -> None:
    """The facts are the same at every call, and as many as were asked for."""
    assert list(simulated(FACTS)) == list(simulated(FACTS))
    assert len(list(simulated(FACTS))) == FACTS


def test_only_the_settings_of_the_comparison_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of whoever runs it changes nothing: each process gets those of the comparison and no others."""
    monkeypatch.setenv("ENGAGEMENT_BROKER", "kafka://elsewhere:9092")
    told = tmp_path / "told"
    program = f"import os; open({str(told)!r}, 'w').write(str({{k: v for k, v in os.environ.items() if 'ENGAG' in k}}))"
    program += "; print('{}')"
    start = subprocess.Popen
    monkeypatch.setattr(
        pipeline_runs.subprocess, "Popen", lambda _, **options: start([sys.executable, "-c", program], **options)
    )

    pipeline_runs.measure("this", settings={"chunk_records": "7"})

    assert told.read_text() == "{'ENGAGEMENT_CHUNK_RECORDS': '7'}"


def test_a_contender_that_fails_ends_the_comparison() -> None:
    """No figure is made up of a process that failed."""
    with pytest.raises(subprocess.CalledProcessError):
        pipeline_runs.measure("unheard_of")


def test_two_workers_are_timed_from_the_first_chunk_of_either_to_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one began later or ended sooner makes the two no faster."""
    figures = {"start_s": 1.0, "peak_mb": 50.0, "cpu_s": 2.0, "chunks": 3}
    answers = [
        {**figures, "facts": 300, "began_at": 10.0, "ended_at": 14.0},
        {**figures, "facts": 100, "began_at": 11.0, "ended_at": 18.0},
    ]
    monkeypatch.setattr(pipeline_kafka, "database", lambda _: _Nothing())
    monkeypatch.setattr(pipeline_kafka, "measure_together", lambda *_: answers)

    answer = Contest(Servers(CLUSTER, "", []), tmp_path, 7).workers(2)

    assert (answer["facts"], answer["per_s"], answer["least_share"]) == (400, 50.0, 0.25)
    assert (answer["cpu_us"], answer["chunks"]) == (10_000, 6)


def test_a_worker_that_came_too_late_has_no_say_in_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker without a chunk has no first one; its share of the facts is nothing."""
    figures = {"start_s": 1.0, "peak_mb": 50.0, "cpu_s": 2.0}
    answers = [
        {**figures, "facts": 400, "began_at": 10.0, "ended_at": 14.0, "chunks": 3},
        {**figures, "facts": 0, "began_at": 0.0, "ended_at": 0.0, "chunks": 0},
    ]
    monkeypatch.setattr(pipeline_kafka, "database", lambda _: _Nothing())
    monkeypatch.setattr(pipeline_kafka, "measure_together", lambda *_: answers)

    answer = Contest(Servers(CLUSTER, "", []), tmp_path, 7).workers(2)

    assert (answer["per_s"], answer["least_share"]) == (100.0, 0.0)


def test_workers_and_floor_take_every_fact_of_the_broker(
    kafka_servers: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker, two workers and the plain loop each begin at the first fact and come to the last."""
    monkeypatch.setenv(KAFKA, kafka_servers)
    monkeypatch.setenv(POSTGRES, postgres_url.rpartition("/")[0])

    with servers() as found:
        contest = Contest(found, tmp_path, 1_000)
        published, _ = contest.publish(FACTS)
        taken = {contender: contest.run(contender, 0)["facts"] for contender in ("this", "this_2", "floor")}

    assert published == FACTS
    assert set(taken.values()) == {FACTS + DEFAULT_PARTITIONS}, taken


class _Nothing:
    """A database that is none."""

    def __enter__(self) -> str:
        return "postgresql://nowhere/none"

    def __exit__(self, *_: object) -> None:
        """Nothing to drop."""
