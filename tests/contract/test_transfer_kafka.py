"""A log goes to a real Kafka and back, and is the same log all the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.brokers.cluster import KafkaCluster
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.kafka import KafkaLog
from eventlog.transfer import TransferError
from producers.publisher import publish
from projections.rebuild import verify
from projections.store import Store
from tests.builders import START, completed
from tests.transfer_kit import FACTS, PARTITIONS, RULEBOOK, TOPICS, exported, fill, fold, holds, imported, lines


@pytest.fixture
def kafka(kafka_servers: str, topic_prefix: str, tmp_path: Path) -> Iterator[KafkaLog]:
    """A log on Kafka without a topic."""
    cluster = KafkaCluster(servers=(kafka_servers,), topic_prefix=topic_prefix, replication=1, min_insync_replicas=1)
    with KafkaLog(cluster, tmp_path / "identities.db") as log:
        yield log


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """An embedded log with everything that can stand on one."""
    with EmbeddedLog(tmp_path / "log.db") as log, Store(tmp_path / "store.db") as store:
        fill(log, store)
        yield log


def test_a_log_goes_to_kafka_and_back(embedded: EmbeddedLog, kafka: KafkaLog, tmp_path: Path) -> None:
    """Embedded to Kafka to embedded: the same records, offsets and hash chains, and files equal byte for byte."""
    file = exported(embedded, TOPICS)

    there = imported(kafka, file)

    assert holds(kafka) == holds(embedded)
    assert exported(kafka, TOPICS) == file
    with EmbeddedLog(tmp_path / "back.db") as back:
        assert imported(back, exported(kafka, TOPICS)).contents == there.contents
        assert exported(back, TOPICS) == file
        assert back.verify() == kafka.verify()


def test_projections_of_the_embedded_log_hold_on_kafka(embedded: EmbeddedLog, kafka: KafkaLog, tmp_path: Path) -> None:
    """Checkpoints that were made on the embedded log hold on Kafka, and a replay of it equals the rows."""
    imported(kafka, exported(embedded, TOPICS))

    with Store(tmp_path / "store.db") as store:
        heads = {(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in store.checkpoints().items()}
        assert len(heads) == PARTITIONS
        assert fold(kafka, store) == 0
        assert kafka.verify(heads)
        assert verify(kafka, store, RULEBOOK, lambda: START) > 0


def test_what_was_sent_before_the_move_is_known_on_kafka(embedded: EmbeddedLog, kafka: KafkaLog) -> None:
    """Facts that stood on the embedded log add nothing to the one on Kafka."""
    imported(kafka, exported(embedded, TOPICS))

    assert publish(kafka, FACTS, now=START) == (0, len(FACTS), 0)


def test_an_import_that_broke_off_goes_on_on_kafka(embedded: EmbeddedLog, kafka: KafkaLog, tmp_path: Path) -> None:
    """What stands on Kafka already, the beginning of the log, is compared and the rest follows."""
    file = exported(embedded, TOPICS)
    with EmbeddedLog(tmp_path / "begun.db") as begun:
        begun.create_topic(FACTS_TOPIC, PARTITIONS)
        publish(begun, FACTS[:9], now=START)
        imported(kafka, exported(begun))

    assert imported(kafka, file).appended == len(lines(file)) - 2 - 9
    assert exported(kafka, TOPICS) == file


def test_a_log_on_kafka_with_other_facts_is_left_alone(embedded: EmbeddedLog, kafka: KafkaLog) -> None:
    """Records that are not those of the file keep all others off."""
    kafka.create_topic(FACTS_TOPIC, PARTITIONS)
    publish(kafka, [completed("module-1")], now=START)

    with pytest.raises(TransferError, match="holds other records"):
        imported(kafka, exported(embedded, TOPICS))

    assert sum(map(len, holds(kafka).values())) == 1
