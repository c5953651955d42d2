"""The embedded log keeps the promises of every log, and some of its own."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eventlog.base import CorruptLogError, LogError, Record
from eventlog.embedded import EmbeddedLog
from tests.contract.log_contract import PARTITIONS, TOPIC, LogContract, record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log's file that is not there yet."""
    return tmp_path / "data" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[EmbeddedLog]:
    """An open log with one topic."""
    with EmbeddedLog(path) as log:
        log.create_topic(TOPIC, PARTITIONS)
        yield log


class TestEmbeddedLog(LogContract):
    """The contract, and what comes with a file."""

    def test_another_opening_sees_everything(self, log: EmbeddedLog, path: Path) -> None:
        """What one opening appended is there for another, topics included, while both are open."""
        log.append(TOPIC, [record(1, identity="a\n1")])

        with EmbeddedLog(path) as other:
            assert other.topics() == {TOPIC: PARTITIONS}
            assert [stored.value for stored in other.read(TOPIC, 0, 0, 10)] == [b"fact 1"]
            assert other.append(TOPIC, [record(1, identity="a\n1")])[0].duplicate

    def test_a_topic_made_by_another_opening_is_found(self, log: EmbeddedLog, path: Path) -> None:
        """A topic need not have been there when the log was opened."""
        with EmbeddedLog(path) as other:
            other.create_topic("later", 2)

        assert log.append("later", [record(1)]) == [(0, 0, False)]

    def test_threads_share_one_log(self, log: EmbeddedLog) -> None:
        """Appends from several threads at once lose nothing, while another thread reads."""
        with ThreadPoolExecutor(5) as threads:
            appended = [
                threads.submit(lambda: [log.append(TOPIC, [record(number)] * 5) for number in range(20)])
                for _ in range(4)
            ]
            reads = threads.submit(lambda: [len(log.read(TOPIC, 0, 0, 1_000)) for _ in range(50)])
            offsets = sorted(
                receipt.offset for future in appended for receipts in future.result() for receipt in receipts
            )

        assert offsets == list(range(400))
        assert reads.result() == sorted(reads.result())
        assert log.verify() == {TOPIC: 400}

    def test_a_source_that_was_rolled_back_is_not_remembered(self, log: EmbeddedLog) -> None:
        """After a failed append, the identities of the next one still get a source of their own."""
        with pytest.raises(UnicodeEncodeError):
            log.append(TOPIC, [record(1, identity="new source\n\ud800")])

        log.append(TOPIC, [record(1, identity="new source\n1"), record(2, identity="other source\n1")])

        assert log.end_offsets(TOPIC)[0] == 2

    def test_records_without_key_are_spread(self, log: EmbeddedLog) -> None:
        """Records that name neither key nor partition take the partitions in turn."""
        receipts = log.append(TOPIC, [Record(None, b"v")] * (2 * PARTITIONS))

        assert sorted(receipt.partition for receipt in receipts) == sorted([*range(PARTITIONS)] * 2)

    def test_group_offsets_are_kept_by_group_and_topic(self, log: EmbeddedLog, path: Path) -> None:
        """A group finds its own offsets again, the newest ones, after the log was closed."""
        log.commit_offsets("tracking", TOPIC, {0: 5, 1: 7})
        log.commit_offsets("tracking", TOPIC, {1: 9})
        log.commit_offsets("archive", TOPIC, {0: 1})
        log.close()

        with EmbeddedLog(path) as reopened:
            assert reopened.committed_offsets("tracking", TOPIC) == {0: 5, 1: 9}
            assert reopened.committed_offsets("archive", TOPIC) == {0: 1}
            assert reopened.committed_offsets("tracking", "other") == {}

    def test_unreadable_group_offsets_are_begun_anew(
        self, log: EmbeddedLog, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The hint file is no reason to stop: a damaged one is thrown away with a warning."""
        path.with_name("log.db.groups").write_bytes(b"no database" * 1_000)

        assert log.committed_offsets("tracking", TOPIC) == {}
        assert "begun anew" in caplog.text
        log.commit_offsets("tracking", TOPIC, {0: 3})
        assert log.committed_offsets("tracking", TOPIC) == {0: 3}

    def test_a_log_that_was_removed_is_not_appended_to(self, log: EmbeddedLog, path: Path) -> None:
        """Nothing is acknowledged into a file that nobody can open any more, and nothing is read from it."""
        log.append(TOPIC, [record(1)])
        path.unlink()

        with pytest.raises(LogError, match=r"log\.db was removed or replaced while it was in use; open it again"):
            log.append(TOPIC, [record(2)])
        with pytest.raises(LogError, match="was removed or replaced"):
            log.read(TOPIC, 0, 0, 10)

    def test_a_log_that_was_replaced_is_not_appended_to(self, log: EmbeddedLog, path: Path) -> None:
        """A file of the same name is another log; who opens it anew works on that one."""
        log.append(TOPIC, [record(1)])
        path.parent.rename(path.parent.with_name("aside"))
        with EmbeddedLog(path) as other:
            other.create_topic(TOPIC, PARTITIONS)

            with pytest.raises(LogError, match="was removed or replaced"):
                log.append(TOPIC, [record(2)])

            assert other.verify() == {TOPIC: 0}

    def test_a_newer_layout_is_refused(self, log: EmbeddedLog, path: Path) -> None:
        """A log that a newer version wrote is left alone, with the advice to update."""
        log.close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 2")
        connection.close()

        with pytest.raises(LogError, match=r"newer version .* update the program"):
            EmbeddedLog(path)

    def test_another_database_is_refused(self, path: Path) -> None:
        """A database that is not a log is not turned into one."""
        path.parent.mkdir()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE accounts (id)")
        connection.close()

        with pytest.raises(LogError, match="not an event log"):
            EmbeddedLog(path)

    def test_a_file_that_is_no_database_is_refused(self, path: Path) -> None:
        """Something else under the log's name is an error in plain words."""
        path.parent.mkdir()
        path.write_bytes(b"these are not the pages you are looking for " * 200)

        with pytest.raises(CorruptLogError, match=r"log\.db is damaged.*Restore it"):
            EmbeddedLog(path)

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        """When the folder is a file, the message says which log could not be opened."""
        (tmp_path / "data").write_text("a file")

        with pytest.raises(LogError, match=r"log\.db cannot be opened"):
            EmbeddedLog(tmp_path / "data" / "log.db")

    def test_a_closed_log_says_so(self, log: EmbeddedLog) -> None:
        """Whatever is asked of a closed log, the answer is that it was closed; closing twice is fine."""
        log.close()
        log.close()

        for ask in (lambda: log.read(TOPIC, 0, 0, 1), lambda: log.append(TOPIC, [record(1)]), log.topics):
            with pytest.raises(LogError, match="closed"):
                ask()

    @pytest.mark.parametrize("name", ["", "with space", "a/b", "x" * 250])
    def test_a_name_that_kafka_would_refuse_is_refused(self, log: EmbeddedLog, name: str) -> None:
        """Topic names are those that every kind of log can have."""
        with pytest.raises(LogError, match="cannot name a topic"):
            log.create_topic(name, 1)

    def test_a_topic_without_partitions_is_refused(self, log: EmbeddedLog) -> None:
        """A topic has at least one partition."""
        with pytest.raises(LogError, match="cannot have 0 partitions"):
            log.create_topic("empty", 0)
