"""What Kafka has lost or put between the records of a log is told, and never passed over."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from eventlog.base import CorruptLogError
from eventlog.brokers.cluster import KafkaCluster
from eventlog.kafka import KafkaLog
from tests.contract.kafka_log_kit import Opener, named
from tests.contract.log_contract import TOPIC

Use = Callable[[KafkaLog], object]


def test_what_retention_took_is_missed(log: KafkaLog, opened: Opener, cluster: KafkaCluster) -> None:
    """Records that were removed from the beginning make the chain impossible to compute, and the message says why."""
    log.append(TOPIC, named(*range(5)))
    _delete_before(cluster, 3)

    reads: list[Use] = [
        lambda each: each.read(TOPIC, 0, 4, 1),
        lambda each: each.head(TOPIC, 0, 5),
        lambda each: each.verify(),
    ]
    for read in reads:
        with pytest.raises(CorruptLogError, match=r"topic facts, partition 0 begins at offset 3.*retention"):
            read(opened())


def test_a_primed_reader_needs_nothing_before(log: KafkaLog, opened: Opener, cluster: KafkaCluster) -> None:
    """With a head from a checkpoint, reading goes on from there, and the heads go on as they would have."""
    log.append(TOPIC, named(*range(5)))
    expected = log.read(TOPIC, 0, 0, 5)
    _delete_before(cluster, 3)
    reader = opened()

    reader.prime(TOPIC, 0, 3, expected[2].head)

    assert reader.read(TOPIC, 0, 3, 5) == expected[3:]
    assert reader.head(TOPIC, 0, 5) == expected[4].head


def test_a_gap_between_offsets_is_refused(log: KafkaLog, opened: Opener, cluster: KafkaCluster) -> None:
    """Offsets that are no record's, as a transaction leaves them, are told: this log never has them."""
    producer = Producer({"bootstrap.servers": cluster.address, "transactional.id": cluster.topic_prefix})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(cluster.named(TOPIC), b"in a transaction", partition=0)
    producer.commit_transaction(30)

    with pytest.raises(CorruptLogError, match=r"topic facts, partition 0 has no record from offset 1 to 1 .*trans"):
        log.verify()
    opened(unchecked=frozenset({TOPIC})).append(TOPIC, named(2))
    with pytest.raises(CorruptLogError, match=r"topic facts, partition 0 has no record from offset 1 to 1 .*trans"):
        log.read(TOPIC, 0, 0, 10)


def test_a_lost_tail_is_missed(log: KafkaLog, opened: Opener, index: Path) -> None:
    """A topic that ends before what this machine has seen of it is refused, and nothing is put in the lost places."""
    log.append(TOPIC, named(*range(5)))
    log.close()
    with sqlite3.connect(index) as connection:
        connection.execute("UPDATE tips SET next_offset = 9 WHERE partition = 0")
    connection.close()

    acts: list[Use] = [lambda each: each.append(TOPIC, named(7)), lambda each: each.verify()]
    for act in acts:
        with pytest.raises(CorruptLogError, match=r"0 ends before offset 5, .*identities.db knows 9.*4 are lost"):
            act(opened(index))


def _delete_before(cluster: KafkaCluster, offset: int) -> None:
    """Take the first records of partition 0 away, as retention does."""
    at = TopicPartition(cluster.named(TOPIC), 0, offset)
    admin = AdminClient({"bootstrap.servers": cluster.address})
    admin.delete_records([at])[at].result(timeout=30)
