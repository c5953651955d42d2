"""The write-ahead log does not grow for ever."""

import sqlite3
from pathlib import Path

import pytest

from eventlog.base import Record
from eventlog.embedded import EmbeddedLog

LIMIT = 200_000


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log's file, where checkpoints come often."""
    monkeypatch.setattr("eventlog.sqlite.file._CHECKPOINT_BYTES", LIMIT)
    return tmp_path / "log.db"


def append(log: EmbeddedLog, times: int) -> None:
    """Append about 30 kB, so many times."""
    for _ in range(times):
        log.append("facts", [Record(b"k", bytes(300))] * 100)


def test_the_write_ahead_log_stays_small(path: Path) -> None:
    """However much is appended, the write-ahead log is moved into the main file when it has grown."""
    with EmbeddedLog(path) as log:
        log.create_topic("facts", 1)
        append(log, 50)

        assert path.with_name("log.db-wal").stat().st_size < 2 * LIMIT
        assert path.stat().st_size > 50 * 30_000 - 2 * LIMIT
        assert log.verify() == {"facts": 5_000}


def test_a_slow_reader_only_puts_it_off(path: Path) -> None:
    """Appends go on while somebody reads an old state, which stays as it was; afterwards the file shrinks again."""
    with EmbeddedLog(path) as log:
        log.create_topic("facts", 1)
        append(log, 1)
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM records").fetchone()
        append(log, 30)

        assert path.with_name("log.db-wal").stat().st_size > 3 * LIMIT
        assert reader.execute("SELECT count(*) FROM records").fetchone() == before == (100,)

        reader.close()
        append(log, 20)
        assert path.with_name("log.db-wal").stat().st_size < 2 * LIMIT
        assert log.verify() == {"facts": 5_100}
