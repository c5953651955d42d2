"""A log on a shared broker, with topics of this test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.brokers.cluster import KafkaCluster
from eventlog.kafka import KafkaLog
from tests.contract.kafka_log_kit import Opener
from tests.contract.log_contract import PARTITIONS, TOPIC


@pytest.fixture
def cluster(kafka_servers: str, topic_prefix: str) -> KafkaCluster:
    """A cluster of one broker, with names of this test's own."""
    return KafkaCluster((kafka_servers,), topic_prefix, replication=1, min_insync_replicas=1)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """The file with the identities."""
    return tmp_path / "identities.db"


@pytest.fixture
def opened(cluster: KafkaCluster) -> Iterator[Opener]:
    """Opens the log once more, as another process does; all are closed after the test."""
    logs: list[KafkaLog] = []

    def open_log(identities: Path | None = None, unchecked: frozenset[str] = frozenset()) -> KafkaLog:
        logs.append(KafkaLog(cluster, identities, unchecked))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: Opener, index: Path) -> KafkaLog:
    """An empty log with one topic."""
    log = opened(index)
    log.create_topic(TOPIC, PARTITIONS)
    return log
