"""How far each group of readers has come, as a hint for a restart; the truth is the projections' own checkpoint.

It has a file of its own, so that the log itself is only ever appended to, and it never waits for the disk. What a power
cut makes of it does not matter: an unreadable file is thrown away, and its readers start from their own checkpoint.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from eventlog.sqlite.file import plain_errors

_logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")
_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class GroupOffsets:
    """Committed offsets by group, topic and partition. Usable from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Note the next offset that a group will read, for each partition given.

        Raises:
            LogError: When the file cannot be written.
        """
        rows = [(group, topic, partition, offset) for partition, offset in offsets.items()]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?)", rows)

        self._attempt(write)

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The next offset by partition; a partition that the group has not committed is absent.

        Raises:
            LogError: When the file cannot be opened.
        """

        def query(connection: sqlite3.Connection) -> dict[int, int]:
            return dict(
                connection.execute(
                    'SELECT "partition", next_offset FROM committed WHERE "group" = ? AND topic = ?', (group, topic)
                )
            )

        return self._attempt(query)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._disconnect()

    def _attempt(self, action: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        with self._lock, plain_errors(self._path, "written"):
            try:
                return action(self._connected())
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", None) not in _UNREADABLE:
                    raise
                _logger.warning("%s is unreadable (%s) and is begun anew; it held hints only", self._path, error)
                self._disconnect()
                self._path.unlink(missing_ok=True)
                return action(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, timeout=10, check_same_thread=False)
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute("PRAGMA journal_mode = TRUNCATE")
            self._connection.execute(
                'CREATE TABLE IF NOT EXISTS committed ("group" TEXT, topic TEXT, "partition" INTEGER, '
                'next_offset INTEGER NOT NULL, PRIMARY KEY ("group", topic, "partition")) WITHOUT ROWID'
            )
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
