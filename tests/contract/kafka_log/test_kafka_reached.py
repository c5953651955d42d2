"""Kafka that is away, comes back, or asks who is there: plain errors, and the same append adds what is missing."""

from pathlib import Path

import pytest

from eventlog.base import LogAwayError, LogError
from eventlog.brokers.cluster import KafkaCluster, KafkaSecurity
from eventlog.kafka import KafkaLog
from tests.contract.kafka_log_kit import named
from tests.contract.log_contract import PARTITIONS, TOPIC
from tests.servers.kafka_server import KafkaNode, SecureKafka


def test_a_broker_that_is_not_there_is_named() -> None:
    """Where nobody listens, the error says where, and that the command can be run again."""
    with (
        KafkaLog(KafkaCluster(("127.0.0.1:1",)), patience=0.3) as log,
        pytest.raises(
            LogAwayError, match=r"Kafka at 127.0.0.1:1 could not be reached.* ENGAGEMENT_BROKER.*run the command"
        ),
    ):
        log.append(TOPIC, named(1))


def test_tls_and_a_password_are_enough(kafka_secure: SecureKafka, topic_prefix: str) -> None:
    """Over TLS, with a user and a password, the log works as without."""
    with KafkaLog(_secured(kafka_secure, topic_prefix, kafka_secure.password)) as log:
        log.create_topic(TOPIC, 1)
        log.append(TOPIC, named(1, 2))

        assert [each.value for each in log.read(TOPIC, 0, 0, 10)] == [b"fact 1", b"fact 2"]


def test_a_wrong_password_is_told_and_not_shown(kafka_secure: SecureKafka, topic_prefix: str) -> None:
    """Kafka's refusal of who signs in names the settings, and never what was tried."""
    cluster = _secured(kafka_secure, topic_prefix, "open sesame")
    with KafkaLog(cluster, patience=5) as log, pytest.raises(LogError, match=r"ENGAGEMENT_KAFKA_USERNAME") as refused:
        log.topics()

    assert "open sesame" not in str(refused.value)


def test_after_an_outage_only_what_is_missing_is_added(own_kafka: KafkaNode, tmp_path: Path) -> None:
    """While the broker is away the error is plain; once it is back, the same append adds what is not there."""
    cluster = KafkaCluster((own_kafka.servers,), replication=1, min_insync_replicas=1)
    with KafkaLog(cluster, tmp_path / "identities.db", patience=2) as log:
        log.create_topic(TOPIC, PARTITIONS)
        log.append(TOPIC, named(1, 2))
        own_kafka.stop()
        with pytest.raises(LogAwayError, match=r"did not acknowledge within 2 s.*nothing .* acknowledged is lost"):
            log.append(TOPIC, named(2, 3, 4))
        own_kafka.start()

    with KafkaLog(cluster, tmp_path / "identities.db") as log:
        receipts = log.append(TOPIC, named(2, 3, 4))

        assert receipts == [(0, 1, True), (0, 2, False), (0, 3, False)]
        assert log.verify() == {TOPIC: 4}


def _secured(secure: SecureKafka, topic_prefix: str, password: str) -> KafkaCluster:
    """The cluster as it is reached over TLS."""
    return KafkaCluster(
        (secure.servers,),
        topic_prefix,
        KafkaSecurity("SASL_SSL", secure.mechanism, secure.username, password, Path(secure.ca_file)),  # type: ignore[arg-type]  # a mechanism that we know
        replication=1,
        min_insync_replicas=1,
    )
