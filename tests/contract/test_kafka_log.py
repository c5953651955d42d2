"""The log on Kafka keeps what every log promises; and what is Kafka's own: other processes, broken brokers, caches."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.base import CorruptLogError, LogAwayError, LogError, Record
from eventlog.brokers.cluster import KafkaCluster, KafkaSecurity
from eventlog.brokers.topics import LARGEST_RECORD, KafkaTopics
from eventlog.embedded import EmbeddedLog
from eventlog.kafka import KafkaLog
from tests.contract.log_contract import PARTITIONS, TOPIC, LogContract, record
from tests.servers.kafka_server import KafkaNode, SecureKafka

Opener = Callable[..., KafkaLog]
Use = Callable[[KafkaLog], object]


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


def named(*numbers: int) -> list[Record]:
    """Records of partition 0 with an identity each."""
    return [record(number, identity=f"register\n{number}") for number in numbers]


class TestKafkaLog(LogContract):
    """What every log promises."""


def test_a_log_opened_again_knows_its_identities(log: KafkaLog, opened: Opener, index: Path) -> None:
    """What another process of this machine appended is a duplicate, found in the index."""
    log.append(TOPIC, named(1, 2, 3))

    receipts = opened(index).append(TOPIC, named(2, 4))

    assert receipts == [(0, 1, True), (0, 3, False)]


def test_a_lost_index_is_made_anew(log: KafkaLog, opened: Opener, tmp_path: Path) -> None:
    """Without the file the topic itself is read for what is there, on another machine just so."""
    log.append(TOPIC, [*named(1, 2), record(3, partition=2, identity="register\n3")])

    receipts = opened(tmp_path / "another.db").append(TOPIC, named(2, 3, 4))

    assert receipts == [(0, 1, True), (2, 0, True), (0, 2, False)]


def test_a_damaged_index_is_made_anew(log: KafkaLog, opened: Opener, tmp_path: Path) -> None:
    """A file that is no index any more costs only the time to read the topic."""
    log.append(TOPIC, named(1))
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no SQLite file at all" * 500)

    assert opened(damaged).append(TOPIC, named(1)) == [(0, 0, True)]


def test_an_index_of_another_topic_is_forgotten(
    log: KafkaLog, opened: Opener, index: Path, cluster: KafkaCluster
) -> None:
    """A topic that was deleted and made again is another one, whatever the index knew of the first."""
    log.append(TOPIC, named(1, 2))
    admin = AdminClient({"bootstrap.servers": cluster.address})
    admin.delete_topics([cluster.named(TOPIC)])[cluster.named(TOPIC)].result(timeout=30)
    again = opened(index)
    while TOPIC in again.topics():
        pass
    again.create_topic(TOPIC, PARTITIONS)

    assert again.append(TOPIC, named(2)) == [(0, 0, False)]
    assert again.head(TOPIC, 0, 1) == again.read(TOPIC, 0, 0, 1)[0].head


def test_records_of_another_machine_are_followed(log: KafkaLog, opened: Opener) -> None:
    """What came onto the topic between two appends, with another machine's index, counts for the second."""
    log.append(TOPIC, named(1))
    opened().append(TOPIC, named(2, 3))

    receipts = log.append(TOPIC, named(3, 4))

    assert receipts == [(0, 2, True), (0, 3, False)]


def test_processes_of_a_machine_never_double(log: KafkaLog, opened: Opener, index: Path) -> None:
    """Several that append the same at once, with one index, put each identity there once."""
    logs = [log, opened(index), opened(index)]

    with ThreadPoolExecutor(len(logs)) as pool:
        answers = list(pool.map(lambda each: [each.append(TOPIC, named(*range(20))) for _ in range(3)], logs))

    places = {tuple(receipt[:2]) for appends in answers for receipts in appends for receipt in receipts}
    assert log.end_offsets(TOPIC)[0] == len(places) == 20


def test_an_unchecked_topic_takes_everything(log: KafkaLog, opened: Opener) -> None:
    """Where nobody asks for duplicates, an identity can stand twice, and the next who does ask finds the first."""
    opened(unchecked=frozenset({TOPIC})).append(TOPIC, named(1, 1))

    assert log.append(TOPIC, named(1, 2)) == [(0, 0, True), (0, 2, False)]


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


def test_heads_are_remembered_between_processes(log: KafkaLog, opened: Opener, index: Path) -> None:
    """Another process finds in the index, near any offset, where to begin computing a head."""
    many = [record(number, identity=f"a\n{number}") for number in range(2_500)]
    for first in range(0, len(many), 500):
        log.append(TOPIC, many[first : first + 500])
    expected = log.read(TOPIC, 0, 2_200, 1)

    assert opened(index).read(TOPIC, 0, 2_200, 1) == expected == opened().read(TOPIC, 0, 2_200, 1)


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


def test_a_closed_log_is_closed(log: KafkaLog) -> None:
    """Whoever uses a log after closing it is told so, and closing again does nothing."""
    log.close()
    log.close()

    with pytest.raises(LogError, match="was closed"):
        log.read(TOPIC, 0, 0, 1)


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


def _delete_before(cluster: KafkaCluster, offset: int) -> None:
    """Take the first records of partition 0 away, as retention does."""
    at = TopicPartition(cluster.named(TOPIC), 0, offset)
    admin = AdminClient({"bootstrap.servers": cluster.address})
    admin.delete_records([at])[at].result(timeout=30)


def _secured(secure: SecureKafka, topic_prefix: str, password: str) -> KafkaCluster:
    """The cluster as it is reached over TLS."""
    return KafkaCluster(
        (secure.servers,),
        topic_prefix,
        KafkaSecurity("SASL_SSL", secure.mechanism, secure.username, password, Path(secure.ca_file)),  # type: ignore[arg-type]  # a mechanism that we know
        replication=1,
        min_insync_replicas=1,
    )
