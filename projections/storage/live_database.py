"""The stores of a database: schemas `projections_000001` ..., and `engagement.live`, whose one row names one of them.

A transaction that writes to a store first takes the swap lock with all others and looks at the pointer; a rebuild takes
the lock alone and moves the pointer in the same transaction. So a lock never outlives the work that it guards: when a
connection is lost, or its process stands still, both end together.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Boolean, Column, Connection, MetaData, NullPool, Table, Text, func, inspect, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateSchema, DropSchema

from projections.storage.places import Database, Schema
from projections.storage.postgresql_database import CREATING, LOCKS, REBUILDING, SWAPPING, engine, lock
from projections.storage.store_errors import ContendedError, RebuildRunningError, StaleWriteError
from projections.store import Store

_SCHEMA = "engagement"
_pointer = Table(
    "live",
    MetaData(schema=_SCHEMA),
    Column("only", Boolean, primary_key=True),
    Column("store", Text, nullable=False),
)
_live = select(_pointer.c.store)

_STORES = re.compile(r"projections_(\d{6})")
_SWAP_IDLE = "5min"
"""Of a rebuild that stands still in the middle of a swap; writers wait for it."""


class LiveDatabase:
    """The pointer and the locks of a database."""

    def __init__(self, database: Database) -> None:
        """Use `database`; nothing is connected yet."""
        self._database = database
        # Asked now and then only, and what is asked of it may not stay behind: a lock ends with its connection.
        self._engine = engine(database, database, {"idle_in_transaction_session_timeout": _SWAP_IDLE}, NullPool)
        self._rebuild: Connection | None = None

    def prepare(self) -> None:
        """Make the pointer's table."""
        with self._engine.begin() as connection:
            if not inspect(connection).has_table(_pointer.name, _SCHEMA):
                connection.execute(lock(CREATING))
                connection.execute(CreateSchema(_SCHEMA, if_not_exists=True))
                _pointer.metadata.create_all(connection)

    def live(self) -> str | None:
        """What the pointer says."""
        with self._engine.connect() as connection:
            known = inspect(connection).has_table(_pointer.name, _SCHEMA)
            return connection.scalar(_live) if known else None

    def is_live(self, store: Store) -> bool:
        """Whether the pointer names this store, asked on a connection that is there already."""
        with store.connect() as connection:
            return connection.scalar(_live) == store.place.name

    def name(self, number: int) -> str:
        """The name of a store's schema."""
        return f"projections_{number:06}"

    def place(self, name: str) -> Schema:
        """A store's schema."""
        return Schema(self._database, name)

    def clear(self, live: str) -> list[int]:
        """Drop the schemas of other stores, but for one that somebody still reads from: the next rebuild drops it."""
        for name in self._stores() - {live}:
            with suppress(ContendedError), self._engine.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '5s'"))
                connection.execute(DropSchema(name, cascade=True))
        return [int(name[-6:]) for name in {live} | self._stores()]

    def point_to(self, name: str) -> None:
        """Move the pointer when the swap ends; the store before stays until the next rebuild, for its readers."""
        values = {"only": True, "store": name}
        self._swap_connection().execute(
            insert(_pointer).values(values).on_conflict_do_update(_pointer.primary_key, set_=values)
        )

    def point_first(self, name: str) -> None:
        """Make the pointer where there is none; whoever comes first decides, and that is the same store for all."""
        with self._engine.begin() as connection:
            values = {"only": True, "store": name}
            connection.execute(insert(_pointer).values(values).on_conflict_do_nothing())

    def check(self, name: str) -> Callable[[Connection], None]:
        """Take the swap lock with all others, and refuse to write when the pointer names another store.

        Two statements, for one would look at the pointer as it was before it waited for the lock.
        """

        def check(connection: Connection) -> None:
            connection.execute(lock(SWAPPING, shared=True))
            live = connection.scalar(_live)
            if live not in {None, name}:
                raise StaleWriteError(
                    f"a rebuild has replaced the projections {name} by {live}; read the checkpoints again"
                )

        return check

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Nothing: every transaction that writes sees to it."""
        yield

    @contextmanager
    def swapping(self) -> Iterator[None]:
        """Take the swap lock alone, on the connection of the rebuild: when that is lost, nothing is swapped."""
        connection = self._swap_connection()
        with connection.begin():
            connection.execute(lock(SWAPPING))
            yield

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Hold the lock of rebuilds, which is free or taken by another, for as long as the connection lives.

        Raises:
            RebuildRunningError: It is taken.
        """
        self.prepare()
        with self._engine.connect() as connection:
            taken = connection.scalar(select(func.pg_try_advisory_lock(LOCKS, REBUILDING)))
            connection.commit()
            if not taken:
                raise RebuildRunningError(self._database)
            self._rebuild = connection
            try:
                yield
            finally:
                self._rebuild = None

    def _swap_connection(self) -> Connection:
        if self._rebuild is None:
            raise RuntimeError("a swap stands within `rebuilding`")
        return self._rebuild

    def _stores(self) -> set[str]:
        with self._engine.connect() as connection:
            return {name for name in inspect(connection).get_schema_names() if _STORES.fullmatch(name)}
