"""A durable database in an SQLite file: readers at any time, one writer at a time, nothing left of what was erased."""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    ExceptionContext,
    MetaData,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
)

from registry.errors import RegistryBusyError, RegistryError

_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_IOERR: "the disk refused (it may be full or failing); free some space or replace it and try again",
    sqlite3.SQLITE_READONLY: "it may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "it may not be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder is there and may be written",
}
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNREADABLE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Our statements are fixed, so when one makes no sense to SQLite, the file is not what it was."""


class SqliteFile:
    """A file which only its owner may read."""

    def __init__(self, path: Path, name: str, patience: float) -> None:
        """Reach the file, in a folder that is made when it is not there.

        Args:
            path: The file.
            name: What people call what is in it.
            patience: How long to wait for others, in seconds.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise RegistryError(f"the {name} {path} cannot be opened ({error.strerror}); check the path") from error
        self._reader = _engine(path, name, "BEGIN", patience)
        self._writer = _engine(path, name, "BEGIN IMMEDIATE", patience)
        with self._alone():  # the first connection of all turns the write-ahead log on
            self._writer.connect().close()

    def __str__(self) -> str:
        """How people are told of it."""
        return str(self._path)

    def reading(self) -> Connection:
        """A connection that sees one moment and changes nothing."""
        return self._reader.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, by one writer at a time of all threads and processes."""
        with self._alone(), self._writer.begin() as connection:
            yield connection

    def make_room(self, connection: Connection) -> None:
        """A file needs nothing before its tables."""

    def overwrite_deleted(self, tables: Iterable[Table]) -> None:
        """Leave nothing of deleted rows in the file or its write-ahead log.

        secure_delete overwrites what is deleted, but not the copies that splitting a page leaves in its unused part.
        So each table is written anew: what it stood on before is freed, and freed pages are overwritten.

        Raises:
            RegistryBusyError: A reader held on to the state before; nothing is lost, and doing it again will do.
        """
        with self.writing() as connection:
            for each in tables:
                _write_anew(connection, each)
        with self._alone(), self._writer.connect() as connection:
            driver: Any = connection.connection.driver_connection
            [held, *_] = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if held:
            raise RegistryBusyError(
                f"{self} still holds bytes of what was erased, for another program reads what was before; "
                "do the same once more, which changes nothing else"
            )

    def close(self) -> None:
        """Let go of the file."""
        with self._alone():
            self._reader.dispose()
            self._writer.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who writes or checkpoints.

        Two connections that do so at once damage files in SQLite before 3.51.3 (https://sqlite.org/wal.html, "The
        WAL-Reset Bug"); its own lock is given back before the checkpoint.
        """
        with self._path.with_name(self._path.name + ".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _write_anew(connection: Connection, table: Table) -> None:
    columns = (Column(each.name, each.type, primary_key=each.primary_key) for each in table.columns)
    kept = Table("kept", MetaData(), *columns, prefixes=["TEMPORARY"])
    kept.create(connection)
    connection.execute(insert(kept).from_select(kept.columns.keys(), select(table)))
    connection.execute(delete(table))
    connection.execute(insert(table).from_select(table.columns.keys(), select(kept)))
    kept.drop(connection)


def _engine(path: Path, name: str, begin: str, patience: float) -> Engine:
    url = URL.create("sqlite", database=str(path.absolute()))  # a text would be cut at a question mark
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": patience})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver would begin transactions only before writes
        for setting in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",  # nothing of people in files elsewhere
            f"query_only = {'ON' if begin == 'BEGIN' else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    @event.listens_for(engine, "handle_error")
    def _say_plainly(context: ExceptionContext) -> RegistryError | None:
        code = getattr(context.original_exception, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
        if code in _HELD:
            return RegistryBusyError(f"the {name} {path} is held by another program; try again")
        if code in _REMEDIES:
            return RegistryError(f"the {name} {path} could not be read or written: {_REMEDIES[code]}")
        if code in _UNREADABLE:
            why = context.original_exception
            return RegistryError(f"{path} is not a readable {name} ({why}); restore it from a copy")
        return None

    return engine
