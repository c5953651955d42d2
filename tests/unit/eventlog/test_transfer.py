"""Moving a log: what arrives is what left, record by record, and a log that is no beginning of it is left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.base import CorruptLogError, Record
from eventlog.facts import FACTS_TOPIC
from eventlog.identities import Repeats, identity_of
from eventlog.rejects import REJECTS_TOPIC, parked
from eventlog.transfer import export_log
from learning.events import encode
from producers.publisher import publish
from projections.decisions import RISK_TOPIC
from projections.rebuild import verify
from projections.store import Store
from tests.builders import START, completed
from tests.transfer_kit import (
    FACTS,
    PARTITIONS,
    RULEBOOK,
    TOPICS,
    exported,
    fill,
    fold,
    holds,
    imported,
    lines,
    opened,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a log with everything that can stand on one, and of its projections; nobody changes it."""
    folder = tmp_path_factory.mktemp("source")
    with opened(folder / "log.db") as log:
        store = Store(folder / "store.db")
        fill(log, store)
        store.close()
    return folder


@pytest.fixture(scope="module")
def file(source: Path) -> bytes:
    """The exported log."""
    with opened(source / "log.db") as log:
        return exported(log, TOPICS)


BYTES = st.sampled_from((b"", b"p-1", "é\u2028\n\0".encode(), b"\xff\xfe", b'"\\')) | st.binary(max_size=30)
RECORDS = st.builds(Record, st.none() | BYTES, BYTES, st.none(), st.none())
LOGS = st.dictionaries(
    st.sampled_from((*TOPICS, "other")), st.lists(st.lists(RECORDS, max_size=4), min_size=1, max_size=3), max_size=3
)
"""By topic, the records of each partition."""


@given(LOGS)
def test_any_log_arrives_as_it_left(content: dict[str, list[list[Record]]]) -> None:
    """Whatever bytes stand on whatever topics: the same topics, records, order and hash chains, and the same file."""
    with TemporaryDirectory() as folder, opened(Path(folder, "a")) as one, opened(Path(folder, "b")) as other:
        for topic, partitions in content.items():
            one.create_topic(topic, len(partitions))
            for number, records in enumerate(partitions):
                one.append(topic, [record._replace(partition=number) for record in records])

        came = imported(other, exported(one))

        assert other.topics() == one.topics()
        assert holds(other) == holds(one)
        assert exported(other) == exported(one)
        assert came.appended == sum(len(records) for partitions in content.values() for records in partitions)


def test_a_log_of_everything_arrives_as_it_left(source: Path, file: bytes, tmp_path: Path) -> None:
    """Facts, days, rejects and decisions come across, and the new log proves itself whole."""
    with opened(source / "log.db") as one, opened(tmp_path / "log.db") as other:
        imported(other, file)

        assert holds(other) == holds(one)
        assert other.verify() == one.verify()
        assert parked(other) == parked(one)


def test_what_was_sent_before_the_move_is_known_after_it(file: bytes, tmp_path: Path) -> None:
    """Facts, rejects and decisions that are sent again to the new log add nothing to it."""
    with opened(tmp_path / "log.db") as log, Store(tmp_path / "store.db") as store:
        imported(log, file)
        before = holds(log)

        fill(log, store)

        assert holds(log) == before


def test_identities_are_those_that_the_log_was_given(source: Path) -> None:
    """For every record of a real log, the identity read off its value is the one that was stored with it."""
    query = (
        "SELECT partitions.topic, value, identity, source FROM records JOIN partitions ON position >> 40 = slot "
        "LEFT JOIN sources ON number = CAST(substr(identity, 1, instr(identity, ':') - 1) AS INTEGER)"
    )
    with closing(sqlite3.connect(source / "log.db")) as connection:
        rows = connection.execute(query).fetchall()

    assert {topic for topic, _, _, _ in rows} == set(TOPICS)
    assert [
        (topic, value)
        for topic, value, identity, began in rows
        if identity_of(topic, value) != began + identity.partition(":")[2]
    ] == []


def test_projections_of_one_log_hold_on_the_other(source: Path, file: bytes, tmp_path: Path) -> None:
    """A checkpoint that was made on the old log is one of the new log: nothing is folded again, and both verify."""
    with opened(tmp_path / "log.db") as log, Store(source / "store.db") as store:
        imported(log, file)
        heads = {(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in store.checkpoints().items()}

        assert len(heads) == PARTITIONS
        assert fold(log, store) == 0
        assert log.verify(heads)
        assert verify(log, store, RULEBOOK, lambda: START) == sum(log.end_offsets(FACTS_TOPIC).values())


def test_a_fact_that_stands_twice_comes_twice(tmp_path: Path) -> None:
    """Kafka may hold a fact twice; both come across, so that no offset moves, and a third one is known."""
    twice = [Record(b"p-1", encode(FACTS[0]), None, 0), Record(b"p-1", encode(FACTS[1]), None, 0)] * 2
    with opened(tmp_path / "one") as one, opened(tmp_path / "other") as other:
        one.create_topic(FACTS_TOPIC, 2)
        one.append(FACTS_TOPIC, twice)

        imported(other, exported(one))

        assert holds(other) == holds(one)
        assert publish(other, FACTS[:2], now=START) == (0, 2, 0)


def test_a_message_that_is_no_fact_does_not_take_the_id_of_one(tmp_path: Path) -> None:
    """What names an id but cannot be read does not keep the fact with that id off the new log."""
    with opened(tmp_path / "one") as one, opened(tmp_path / "other") as other:
        one.create_topic(FACTS_TOPIC, 1)
        one.append(FACTS_TOPIC, [Record(None, encode(FACTS[0]).replace(b"1.0", b"9.9"))])

        imported(other, exported(one))

        assert publish(other, FACTS[:1], now=START) == (1, 0, 0)


def test_only_the_topics_that_were_asked_for_are_exported(source: Path) -> None:
    """A file has the topics that were named, in that order."""
    with opened(source / "log.db") as log:
        header = lines(exported(log, (RISK_TOPIC, REJECTS_TOPIC)))[0]

    assert list(header["topics"]) == [RISK_TOPIC, REJECTS_TOPIC]


def test_what_is_appended_during_an_export_is_left_out(tmp_path: Path) -> None:
    """A file ends where the log ended when the export began, in every partition."""
    with opened(tmp_path / "log.db") as log, (tmp_path / "copy.gz").open("wb") as stream:
        log.create_topic(FACTS_TOPIC, PARTITIONS)
        publish(log, FACTS, now=START)
        before = holds(log)

        contents = export_log(
            log, stream, [FACTS_TOPIC], START, lambda _: publish(log, [completed("module-8")], now=START)
        )

        assert sum(log.end_offsets(FACTS_TOPIC).values()) > len(FACTS)
        assert [tip.next_offset for tip in contents[FACTS_TOPIC]] == list(map(len, before.values()))


def test_a_damaged_log_is_not_exported(source: Path, tmp_path: Path) -> None:
    """A record that is not what was written there ends the export, with its place."""
    with closing(sqlite3.connect(source / "log.db")) as connection, closing(sqlite3.connect(tmp_path / "log.db")) as to:
        connection.backup(to)
        to.execute("UPDATE records SET value = CAST(value || ' ' AS BLOB) WHERE position = 5")
        to.commit()
    with opened(tmp_path / "log.db") as log, pytest.raises(CorruptLogError, match=f"{FACTS_TOPIC}/0/5"):
        exported(log)


def test_importing_again_adds_nothing(file: bytes, tmp_path: Path) -> None:
    """Who imports the same file twice is told that all of it was there."""
    with opened(tmp_path / "log.db") as log:
        first = imported(log, file)
        again = imported(log, file)

    assert (first.appended, again.appended) == (len(lines(file)) - 2, 0)
    assert again.contents == first.contents


@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.none() | st.sampled_from("abcdef"))))
def test_an_identity_is_given_to_the_first_only(records: list[tuple[str, str | None]]) -> None:
    """Gone through a second time, each identity of a topic is answered once, where it comes first."""
    repeats = Repeats(len(records))
    for topic, identity in records:
        repeats.note(topic, identity)

    answered = [repeats.first(topic, identity) for topic, identity in records]

    met: set[tuple[str, str | None]] = set()
    for each, answer in zip(records, answered, strict=True):
        assert answer == (None if each in met else each[1])
        met.add(each)
