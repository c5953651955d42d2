"""Opens the databases that nothing makes anew when they are lost: made once, upgraded in place, never misread.

The registry is one of them. What belongs together is one transaction.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, update

from registry.errors import RegistryError
from registry.postgresql_schema import PostgresqlDatabase, PostgresqlSchema
from registry.sqlite_file import SqliteFile

Place = Path | PostgresqlDatabase
"""An SQLite file, or a PostgreSQL database."""

Upgrade = Callable[[Connection], None]
"""Changes tables of one version into those of the next."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a durable database is made of."""

    name: str
    """What people call it, such as `registry`."""
    metadata: MetaData
    """Its tables in the newest version; one of them is `about`, whose only row is the `version`."""
    version: int
    schema: str
    """Where it stands in a PostgreSQL database."""
    lock_number: int
    """The advisory lock of its writers in a PostgreSQL database, different for each layout."""
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)
    """By the version they start from. What is older than the first of them is refused."""

    @property
    def about(self) -> Table:
        """The table that keeps the version."""
        return self.metadata.tables["about"]


class Database:
    """A durable database in one place, for any number of threads and processes at once. Keep transactions short."""

    def __init__(self, place: Place, layout: Layout, *, patience: float = 30.0) -> None:
        """Open it, or make it, or bring an older one up to date.

        Args:
            place: Where it is.
            layout: What it is made of.
            patience: Seconds to wait for others, in a file for those who read while it is purged.

        Raises:
            RegistryError: When it cannot be opened, or its version cannot be read. Whatever reads or writes later
                raises it too; `RegistryAwayError` when the server is away, `RegistryBusyError` when another is in the
                way.
        """
        self._layout = layout
        self._database = (
            SqliteFile(place, layout.name, patience)
            if isinstance(place, Path)
            else PostgresqlSchema(place, layout.schema, layout.lock_number, patience)
        )
        with ExitStack() as undo:
            undo.callback(self.close)
            self._prepare()
            undo.pop_all()

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for queries; everything read on it belongs to one moment, and it changes nothing."""
        return self._database.reading()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: what is written in the block is there at its end, durably, or nothing of it is.

        There is one at a time, so what is read in it stays true until its end. Never begin one within another, which
        would wait for itself; what takes the database instead of a connection begins its own.
        """
        with self._database.writing() as connection:
            yield connection

    def overwrite_deleted(self, *tables: Table) -> None:
        """Overwrite what deleting or changing rows of these tables left; no other table may refer to them.

        Raises:
            RegistryBusyError: A reader held on to the state before; nothing is lost, and doing it again will do.
        """
        self._database.overwrite_deleted(tables)

    def close(self) -> None:
        """Let go of the place."""
        self._database.close()

    def __enter__(self) -> Self:
        """The database, closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _prepare(self) -> None:
        with self.reading() as connection:
            is_new = not inspect(connection).has_table(self._layout.about.name)
        if is_new:
            with self.writing() as connection:
                self._make(connection)
        with self.reading() as connection:
            version = self._version(connection)
        if version != self._layout.version:
            self._require_upgrades(version)
            with self.writing() as connection:
                self._upgrade(connection)

    def _make(self, connection: Connection) -> None:
        layout = self._layout
        self._database.make_room(connection)
        if not inspect(connection).has_table(layout.about.name):  # nobody else has made it meanwhile
            layout.metadata.create_all(connection)
            connection.execute(insert(layout.about).values(version=layout.version))

    def _upgrade(self, connection: Connection) -> None:
        """From the version found now, which another program may have raised meanwhile, step by step to ours."""
        layout, version = self._layout, self._version(connection)
        self._require_upgrades(version)
        for step in range(version, layout.version):
            layout.upgrades[step](connection)
        connection.execute(update(layout.about).values(version=layout.version))

    def _require_upgrades(self, version: int) -> None:
        layout = self._layout
        if version > layout.version or not all(step in layout.upgrades for step in range(version, layout.version)):
            remedy = "use the newest version of this program" if version > layout.version else "restore a newer copy"
            raise RegistryError(
                f"the {layout.name} {self._database} has version {version}, this program reads {layout.version}; "
                f"{remedy}"
            )

    def _version(self, connection: Connection) -> int:
        column: Any = self._layout.about.c.version
        return connection.scalar(select(column)) or 0
