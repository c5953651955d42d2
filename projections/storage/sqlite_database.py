"""A store in an SQLite file: one writer at a time, any number of readers, each on a snapshot."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event

from eventlog.sqlite.file import remedy
from projections.storage.store_errors import StoreError

_PATIENCE_SECONDS = 30
"""How long to wait for others who write, or make the same file."""

_LOOK_SECONDS = 0.01

_UNREADABLE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Our statements are fixed, so when one makes no sense to SQLite, the file is not what it was."""


class SqliteFile:
    """The file of a store; what is read in one transaction belongs to one moment, in those that write too."""

    def __init__(self, path: Path) -> None:
        """Reach the file, in a folder that is made when it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.writer = self.reader = _engine(path)

    def make_room(self, connection: Connection) -> None:
        """Be the one who makes the tables, until the transaction ends."""
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def be_patient(self, connection: Connection) -> None:
        """A file does not mind how long a transaction takes."""

    def close(self) -> None:
        """Let go of the file."""
        self.writer.dispose()


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path.absolute()))  # a text would be cut at a question mark
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": _PATIENCE_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        # The driver would begin transactions only before writes; then several reads would see several moments.
        connection.isolation_level = None
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "handle_error")
    def _say_plainly(context: ExceptionContext) -> StoreError | None:
        error = context.original_exception
        if why := remedy(error):
            return StoreError(f"the projections {path} could not be read or written: {why}")
        if getattr(error, "sqlite_errorcode", None) in _UNREADABLE:
            return StoreError(f"{path} is not a readable projection store ({error}); run `engagement rebuild`")
        return None

    return engine


def _write_ahead(connection: Any) -> None:
    """Turn the write-ahead log on; SQLite does not wait by itself for another who does so at the same moment."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return
