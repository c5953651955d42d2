"""Kafka that goes away under load: appenders and workers wait for it, and go on when it is back."""

from pathlib import Path
from random import Random

import pytest

from eventlog.base import LogAwayError
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.kafka import KafkaLog
from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, report, values_on
from tests.servers.kafka_server import KafkaNode, KafkaNodes
from tests.servers_kit import OUTAGE_SECONDS, UNCLOSED, deployment, load
from tests.trial_kit import Trial

OUTAGES, FACTS = (3, 6_000) if FULL else (1, 2_000)


@UNCLOSED
def test_a_broker_that_was_away(on_own_kafka: WorkerSettings, own_kafka: KafkaNode) -> None:
    """After it is back all partitions move on within 60 s; no acknowledged fact is lost, and every row is exact."""
    random, seconds = Random(31), []
    with Trial(on_own_kafka, load(on_own_kafka, OUTAGES * FACTS, seed=31)) as trial:
        for _ in range(OUTAGES):
            trial.under_load(FACTS, random)
            own_kafka.stop()
            trial.endure(OUTAGE_SECONDS)
            own_kafka.start()
            seconds.append(round(trial.recovers(), 1))
        assert trial.fleet.ended == []
        trial.assert_nothing_lost_and_nothing_twice()
    report(f"the broker was away {OUTAGES} times for {OUTAGE_SECONDS:.0f} s; then all had moved on after {seconds} s")


@UNCLOSED
def test_what_was_not_acknowledged_does_not_come_later(on_own_kafka: WorkerSettings, own_kafka: KafkaNode) -> None:
    """An append that failed because the broker was away is over: nothing of it arrives when the broker is back."""
    before, lost, after = (record_of(each) for each in load(on_own_kafka, 3 * 20, seed=33)[:3])
    with KafkaLog(on_own_kafka.kafka_cluster(), patience=5.0) as log:
        log.append(FACTS_TOPIC, [before])
        own_kafka.stop()
        with pytest.raises(LogAwayError):
            log.append(FACTS_TOPIC, [lost])
        own_kafka.start()
        log.append(FACTS_TOPIC, [after])

        assert sorted(values_on(log, FACTS_TOPIC)) == sorted([before.value, after.value])


@UNCLOSED
def test_one_of_three_brokers_that_was_away(tmp_path: Path, own_kafka_cluster: KafkaNodes, postgres_url: str) -> None:
    """While two of three brokers are left, all partitions move on within 60 s; later too, and every row is exact."""
    settings = deployment(tmp_path, own_kafka_cluster.servers, postgres_url, copies=3)
    random, without, again = Random(32), [], []
    with Trial(settings, load(settings, OUTAGES * FACTS, seed=32)) as trial:
        for _ in range(OUTAGES):
            trial.under_load(FACTS, random)
            node = random.choice(own_kafka_cluster.nodes)
            node.kill()
            without.append(round(trial.recovers(), 1))
            node.start()
            again.append(round(trial.recovers(), 1))
        assert trial.fleet.ended == []
        trial.assert_nothing_lost_and_nothing_twice()
    report(f"one of three brokers was killed {OUTAGES} times; all had moved on after {without} s, with it {again} s")
