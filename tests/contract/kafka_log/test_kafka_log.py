"""The log on Kafka keeps what every log promises, and is the same as the embedded one to its users."""

import secrets
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.base import LogError, Record
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.topics import LARGEST_RECORD, KafkaTopics
from eventlog.embedded import EmbeddedLog
from eventlog.kafka import KafkaLog
from tests.contract.log_contract import PARTITIONS, TOPIC, LogContract, record


class TestKafkaLog(LogContract):
    """What every log promises."""


def test_topics_of_others_are_not_ours(log: KafkaLog, cluster: KafkaCluster) -> None:
    """Topics without our prefix are not listed, and not verified."""
    other = KafkaCluster(cluster.servers, f"other-{cluster.topic_prefix}", replication=1, min_insync_replicas=1)
    with KafkaLog(other) as theirs:
        theirs.create_topic("theirs", 1)

    assert log.topics() == {TOPIC: PARTITIONS}
    assert log.verify() == {TOPIC: 0}


def test_a_record_too_large_keeps_the_others_out(log: KafkaLog) -> None:
    """A record that Kafka would not take is refused before anything of its append is sent."""
    with pytest.raises(LogError, match=f"{LARGEST_RECORD} bytes is too large for topic {TOPIC}"):
        log.append(TOPIC, [record(1), Record(b"k", bytes(LARGEST_RECORD), None, 0)])

    assert log.end_offsets(TOPIC)[0] == 0


def test_the_largest_records_go_through(log: KafkaLog) -> None:
    """Records near the limit, which compress badly, are taken and come back."""
    value = (b"".join(number.to_bytes(4, "big") for number in range(LARGEST_RECORD // 4)))[: LARGEST_RECORD - 1_000]

    log.append(TOPIC, [Record(b"k", value, None, 0)] * 12)

    assert [each.value for each in log.read(TOPIC, 0, 0, 20, max_bytes=1 << 30)] == [value] * 12


def test_topics_are_made_to_keep_everything(log: KafkaLog, cluster: KafkaCluster) -> None:
    """Nothing takes records from a topic that was made here, and as many copies acknowledge as the settings say."""
    assert TOPIC in log.topics()
    with closing(KafkaTopics(cluster, 30)) as topics:
        configuration = topics.configuration(TOPIC)

    assert configuration == {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "min.insync.replicas": "1",
        "max.message.bytes": str(LARGEST_RECORD),
    }


def test_more_copies_than_brokers_are_refused(cluster: KafkaCluster) -> None:
    """Asking one broker for three copies is answered with what to change."""
    with (
        KafkaLog(KafkaCluster(cluster.servers, cluster.topic_prefix)) as log,
        pytest.raises(LogError, match=r"fewer brokers than the copies.*ENGAGEMENT_REPLICATION"),
    ):
        log.create_topic(TOPIC, 1)


def test_a_closed_log_is_closed(log: KafkaLog) -> None:
    """Whoever uses a log after closing it is told so, and closing again does nothing."""
    log.close()
    log.close()

    with pytest.raises(LogError, match="was closed"):
        log.read(TOPIC, 0, 0, 1)


values = st.binary(max_size=20)
records = st.builds(
    Record,
    key=st.none() | st.binary(max_size=3),
    value=values,
    identity=st.none() | st.sampled_from(["a\n1", "a\n2", "b\n1", "\n", ""]),
    partition=st.none() | st.integers(0, PARTITIONS - 1),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(appends=st.lists(st.lists(records, max_size=12), max_size=4), page=st.integers(1, 7), room=st.integers(0, 50))
def test_both_logs_are_the_same_to_their_users(
    cluster: KafkaCluster, appends: list[list[Record]], page: int, room: int
) -> None:
    """The same appends give the same receipts, records and heads on Kafka as on the embedded log, in the same pages."""
    topic = secrets.token_hex(4)
    with TemporaryDirectory() as folder, EmbeddedLog(Path(folder) / "log.db") as embedded, KafkaLog(cluster) as log:
        for each in (embedded, log):
            each.create_topic(topic, PARTITIONS)
        for some in appends:
            assert log.append(topic, some) == embedded.append(topic, some)

        assert log.end_offsets(topic) == embedded.end_offsets(topic)
        for partition, end in embedded.end_offsets(topic).items():
            offset = 0
            while offset < end:
                found = log.read(topic, partition, offset, page, room)
                assert found == embedded.read(topic, partition, offset, page, room)
                offset += len(found)
            assert log.head(topic, partition, end) == embedded.head(topic, partition, end)
