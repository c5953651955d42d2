"""The one store of the projections: what a chunk of facts changes is written with its checkpoint, or not at all."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)

from eventlog.sqlite_file import remedy
from learning.errors import EngagementError
from projections import enrolment_states
from projections.enrolment_states import StoredState
from projections.schema import VERSION, about, checkpoint, metadata

_UNREADABLE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Our statements are fixed, so when one makes no sense to SQLite, the file is not what it was."""


class StoreError(EngagementError):
    """The projections cannot be read or written; the message names the file and the remedy."""


class StaleWriteError(StoreError):
    """Somebody else has moved this partition on since it was read; what was to be written is out of date."""


class Checkpoint(NamedTuple):
    """How far a partition of the log has been folded into the projections."""

    next_offset: int = 0
    head: bytes = b""
    """The log's hash chain up to there; empty while nothing was read."""
    day: date | None = None
    """The latest day that has started."""
    policy: str | None = None
    """The version of the risk policy on that day."""


class Store:
    """The projections in one SQLite file: one writer at a time, any number of readers, each on a snapshot."""

    def __init__(self, path: Path) -> None:
        """Open the store, or make it.

        Raises:
            StoreError: When the file is no store, or one of another version. Whatever reads or writes later raises it
                when the file is damaged or the disk refuses.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path)
        with ExitStack() as undo:
            undo.callback(self.close)
            self._prepare()
            undo.pop_all()

    def _prepare(self) -> None:
        with self._engine.begin() as connection:
            if not inspect(connection).has_table(about.name):
                metadata.create_all(connection)
                connection.execute(insert(about).values(version=VERSION))
            version = connection.scalar(select(about.c.version))
            if version != VERSION:
                raise StoreError(
                    f"{self.path} has version {version}, this program writes {VERSION}; run `engagement rebuild`"
                )

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """The store, closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def connect(self) -> Connection:
        """A connection for queries; everything read on it belongs to one moment."""
        return self._engine.connect()

    def checkpoints(self) -> dict[int, Checkpoint]:
        """The checkpoint of every partition that was read from."""
        with self.connect() as connection:
            return {
                row.partition: Checkpoint(row.next_offset, row.head, row.day, row.policy)
                for row in connection.execute(select(checkpoint))
            }

    def checkpoint(self, partition: int) -> Checkpoint:
        """The checkpoint of one partition."""
        return self.checkpoints().get(partition, Checkpoint())

    def states(self, enrolments: Iterable[str]) -> dict[str, StoredState]:
        """The states of these enrolments, as far as there are any."""
        with self.connect() as connection:
            return enrolment_states.find(connection, enrolments)

    @contextmanager
    def writing(self, partition: int, before: Checkpoint, after: Checkpoint) -> Iterator[Connection]:
        """One transaction that moves the partition on; what is written in the block is there with it, or not at all.

        Raises:
            StaleWriteError: When the partition's checkpoint is not `before`; then nothing is written.
        """
        with self._engine.begin() as connection:
            self._move_checkpoint(connection, partition, before, after)
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """One transaction on what has nothing to do with a checkpoint, such as which messages were relayed."""
        with self._engine.begin() as connection:
            yield connection

    def _move_checkpoint(self, connection: Connection, partition: int, before: Checkpoint, after: Checkpoint) -> None:
        values = after._asdict()
        at_before = (checkpoint.c.partition == partition) & (checkpoint.c.next_offset == before.next_offset)
        moved = connection.execute(update(checkpoint).where(at_before).values(values)).rowcount
        known = connection.scalar(select(func.count()).where(checkpoint.c.partition == partition))
        if not moved and not known and before.next_offset == 0:
            connection.execute(insert(checkpoint).values(partition=partition, **values))
        elif not moved:
            raise StaleWriteError(
                f"partition {partition} is no longer at offset {before.next_offset}; "
                "another worker has moved it on, so this one must read its checkpoint again"
            )


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path.absolute()))  # a text would be cut at a question mark
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        # The driver would begin transactions only before writes; then several reads would see several moments.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
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
