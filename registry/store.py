"""The one door to the registry: opens it in its place and gives transactions; the other modules say what is done there.

What belongs together is one transaction, above all an action and its entry in the audit trail.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, insert, inspect, select

from registry.errors import RegistryAwayError, RegistryBusyError, RegistryError
from registry.postgresql_schema import PostgresqlSchema, RegistryDatabase
from registry.schema import VERSION, about, metadata
from registry.sqlite_file import SqliteFile

__all__ = ["Place", "Registry", "RegistryAwayError", "RegistryBusyError", "RegistryDatabase", "RegistryError"]

Place = Path | RegistryDatabase
"""An SQLite file, or a PostgreSQL database."""


class Registry:
    """The registry in one place, for any number of threads and processes at once. Keep transactions short."""

    def __init__(self, place: Place, *, patience: float = 30.0) -> None:
        """Open the registry, or make it.

        Args:
            place: Where it is.
            patience: Seconds to wait for others, in a file for those who read while it is purged.

        Raises:
            RegistryError: When it cannot be opened, or is of another version. Whatever reads or writes later raises it
                too; `RegistryAwayError` when the server is away, `RegistryBusyError` when another is in the way.
        """
        self._database = SqliteFile(place, patience) if isinstance(place, Path) else PostgresqlSchema(place, patience)
        with ExitStack() as undo:
            undo.callback(self.close)
            self._prepare()
            undo.pop_all()

    def _prepare(self) -> None:
        with self.reading() as connection:
            is_new = not inspect(connection).has_table(about.name)
        if is_new:
            with self.writing() as connection:
                self._database.make_room(connection)
                if not inspect(connection).has_table(about.name):  # nobody else has made it meanwhile
                    metadata.create_all(connection)
                    connection.execute(insert(about).values(version=VERSION))
        with self.reading() as connection:
            version = connection.scalar(select(about.c.version))
        if version != VERSION:
            remedy = "use the newest version of this program" if (version or 0) > VERSION else "restore a newer copy"
            raise RegistryError(
                f"the registry {self._database} has version {version}, this program reads {VERSION}; {remedy}"
            )

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for queries; everything read on it belongs to one moment, and it changes nothing."""
        return self._database.reading()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: what is written in the block is there at its end, durably, or nothing of it is.

        There is one at a time, so what is read in it stays true until its end. Never begin one within another, which
        would wait for itself; what takes the registry instead of a connection begins its own.
        """
        with self._database.writing() as connection:
            yield connection

    def purge(self) -> None:
        """Overwrite what deleting left of people; see `erasures.erase`, which does it."""
        self._database.purge()

    def close(self) -> None:
        """Let go of the place."""
        self._database.close()

    def __enter__(self) -> Self:
        """The registry, closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
