"""The index of a log on Kafka: nothing stands there twice, whoever appends and whatever became of the file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka.admin import AdminClient

from eventlog.brokers.cluster import KafkaCluster
from eventlog.kafka import KafkaLog
from tests.contract.kafka_log_kit import Opener, named
from tests.contract.log_contract import PARTITIONS, TOPIC, record


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


def test_heads_are_remembered_between_processes(log: KafkaLog, opened: Opener, index: Path) -> None:
    """Another process finds in the index, near any offset, where to begin computing a head."""
    many = [record(number, identity=f"a\n{number}") for number in range(2_500)]
    for first in range(0, len(many), 500):
        log.append(TOPIC, many[first : first + 500])
    expected = log.read(TOPIC, 0, 2_200, 1)

    assert opened(index).read(TOPIC, 0, 2_200, 1) == expected == opened().read(TOPIC, 0, 2_200, 1)
