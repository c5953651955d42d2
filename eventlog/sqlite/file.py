"""The SQLite file of the embedded log: how it is opened, laid out, written in one step, and how its errors read.

Every writer and every checkpoint holds the log's lock, and nothing checkpoints by itself. That keeps appenders from
waiting on each other inside SQLite, and rules out the race of two connections that write and reset the write-ahead log
at once, which damages files in SQLite before 3.51.3 (https://sqlite.org/wal.html, "The WAL-Reset Bug").
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from eventlog.base import CorruptLogError, LogError

Synchronous = Literal["FULL", "NORMAL"]

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4E50514C
"""Marks the file as an event log, for `file` and for us."""

_SCHEMA = f"""
BEGIN IMMEDIATE;
-- A partition of a topic has a slot; slots are numbered 0, 1, 2 ... in the order they are made.
CREATE TABLE partitions (
  slot INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  UNIQUE (topic, partition)
);
-- The sources of identities, per topic, so that an identity needs their number only.
CREATE TABLE sources (
  number INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  source TEXT NOT NULL,
  UNIQUE (topic, source)
);
-- position = slot * 2^40 + offset: the records of a partition stand together, in order.
CREATE TABLE records (
  position INTEGER PRIMARY KEY,
  key BLOB,
  value BLOB NOT NULL,
  head BLOB NOT NULL,
  identity TEXT UNIQUE
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

_WAIT_SECONDS = 10.0
_CHECKPOINT_BYTES = 32 << 20
_CACHE_KIB = 16 << 10

_DAMAGED = "Restore it, with its -wal and .witness files, from a copy and run `engagement rebuild`."
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_IOERR: "the disk refused (it may be full or failing); free some space or replace it and try again",
    sqlite3.SQLITE_READONLY: "it may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "it may not be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder is there and may be written",
    sqlite3.SQLITE_BUSY: "another program holds it; close that program and try again",
    sqlite3.SQLITE_LOCKED: "another program holds it; close that program and try again",
    sqlite3.SQLITE_NOMEM: "there is no memory left; close other programs and try again",
}


def damaged(path: Path, finding: str) -> CorruptLogError:
    """The error of a log that does not hold what was written to it."""
    return CorruptLogError(f"The log {path} is damaged: {finding}. {_DAMAGED}")


def remedy(error: BaseException | None) -> str | None:
    """What keeps SQLite from its work and what to do about it; None when that is not to be mended outside."""
    return _REMEDIES.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF)


@contextmanager
def plain_errors(path: Path, doing: str) -> Iterator[None]:
    """Say in plain words what SQLite could not do.

    Raises:
        LogError: For what can be put right outside, such as a full disk.
        CorruptLogError: For all else: our statements are fixed, so only a damaged file makes them fail.
    """
    try:
        yield
    except sqlite3.Error as error:
        if reason := remedy(error):
            raise LogError(f"The log {path} could not be {doing}: {reason}.") from error
        raise damaged(path, f"{error}, while it was {doing}") from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes a damaged name
        raise damaged(path, f"its table names are garbled, while it was {doing}") from error


def connect(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    """Open a connection that may be used from any thread, by one at a time, and never checkpoints by itself.

    Close it under the log's lock: the last connection to close checkpoints.
    """
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA secure_delete = OFF")  # nothing is ever deleted, and shifting rows is cheaper without
    return connection


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Lay out a new file, and refuse one that is not ours or is newer than this program. Needs the log's lock.

    Raises:
        LogError: With what the file is instead.
    """
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    is_new = not (version or application or tables)
    if not is_new and application != APPLICATION_ID:
        raise LogError(f"{path} is a database but not an event log; name another file.")
    if version > SCHEMA_VERSION:
        raise LogError(
            f"The log {path} was written by a newer version of this program "
            f"(layout {version}, this one knows up to {SCHEMA_VERSION}); update the program."
        )
    [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LogError(f"The log {path} stands on a file system without shared memory; move it to a local disk.")
    if is_new:
        connection.executescript(_SCHEMA)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing; durable when the block is left. Needs the log's lock."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):  # the first error is the one to tell
                connection.execute("ROLLBACK")
        raise


class Checkpointer:
    """Moves the write-ahead log into the main file whenever it has grown. Needs the log's lock."""

    def __init__(self, wal: Path) -> None:
        self._wal = wal
        self._at_bytes = _CHECKPOINT_BYTES

    def after_commit(self, connection: sqlite3.Connection) -> None:
        """Checkpoint if it is time; a reader in the way, or a full disk, only puts it off."""
        size = self._wal.stat().st_size
        if size < self._at_bytes:
            return
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1000)}")
        self._at_bytes = self._wal.stat().st_size + _CHECKPOINT_BYTES
