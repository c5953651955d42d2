"""The one store of the projections: what a chunk of facts changes is written with its checkpoint, or not at all."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, insert, inspect, select

from projections import checkpoints, enrolment_states
from projections.checkpoints import Checkpoint
from projections.enrolment_states import StoredState
from projections.schema import VERSION, about, metadata
from projections.storage.places import Place
from projections.storage.postgresql_database import PostgresqlSchema
from projections.storage.sqlite_database import SqliteFile
from projections.storage.store_errors import ContendedError, StaleWriteError, StoreAwayError, StoreError

__all__ = ["Checkpoint", "ContendedError", "StaleWriteError", "Store", "StoreAwayError", "StoreError", "StoredState"]


class Store:
    """The projections in one place, with any number of readers, each on a snapshot.

    A file has one writer at a time; a schema has any number, each with a partition of its own.
    """

    def __init__(self, place: Place, before_writing: Callable[[Connection], object] = lambda _: None) -> None:
        """Open the store, or make it. Every transaction that writes begins with `before_writing`.

        Raises:
            StoreError: When there is no store in the place, or one of another version. Whatever reads or writes later
                raises it when the place is damaged or refuses; `StoreAwayError` when the server is away.
        """
        self.place = place
        self._database = SqliteFile(place) if isinstance(place, Path) else PostgresqlSchema(place)
        self._before_writing = before_writing
        with ExitStack() as undo:
            undo.callback(self.close)
            self._prepare()
            undo.pop_all()

    def _prepare(self) -> None:
        with self.connect() as connection:
            is_new = not inspect(connection).has_table(about.name)
        if is_new:
            with self.changing() as connection:
                self._database.make_room(connection)
                if not inspect(connection).has_table(about.name):  # nobody else has made it meanwhile
                    metadata.create_all(connection)
                    connection.execute(insert(about).values(version=VERSION))
        with self.connect() as connection:
            version = connection.scalar(select(about.c.version))
        if version != VERSION:
            raise StoreError(
                f"{self.place} has version {version}, this program writes {VERSION}; run `engagement rebuild`"
            )

    def close(self) -> None:
        """Let go of the place."""
        self._database.close()

    def __enter__(self) -> Self:
        """The store, closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def connect(self) -> Connection:
        """A connection for queries; everything read on it belongs to one moment."""
        return self._database.reader.connect()

    def checkpoints(self) -> dict[int, Checkpoint]:
        """The checkpoint of every partition that was read from."""
        with self.connect() as connection:
            return checkpoints.every(connection)

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
        with self.changing() as connection:
            checkpoints.move(connection, partition, before, after)
            yield connection

    @contextmanager
    def changing(self, *, patient: bool = False) -> Iterator[Connection]:
        """One transaction on what has nothing to do with a checkpoint, such as which messages were relayed.

        A `patient` one may wait in its middle for something else, such as a log that is slow.
        """
        with self._database.writer.begin() as connection:
            if patient:
                self._database.be_patient(connection)
            self._before_writing(connection)
            yield connection
