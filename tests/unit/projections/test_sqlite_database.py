"""A store's file: several who open a new one at the same moment all get it."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from projections.storage import sqlite_database
from projections.storage.sqlite_database import SqliteFile


def test_another_who_makes_the_same_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite refuses to turn its write-ahead log on while another writes to a new file; the store looks again."""
    path = tmp_path / "store.db"
    waits: list[float] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE begun (at)")
        other.execute("BEGIN IMMEDIATE")

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            other.execute("COMMIT")

        monkeypatch.setattr(sqlite_database, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
        opened = SqliteFile(path)
        with opened.reader.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        opened.close()

    assert (mode, len(waits)) == ("wal", 1)
