"""A durable database in a schema of a PostgreSQL database, where several machines find it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, ExceptionContext, Table, create_engine, event, func, select
from sqlalchemy.schema import CreateSchema

from registry.errors import RegistryAwayError, RegistryBusyError, RegistryError

_ALIVE = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_WRITING_IDLE = {"idle_in_transaction_session_timeout": "15s"}
"""A writer that stands still loses its transaction, and with it the lock."""

_READING = {"default_transaction_isolation": r"repeatable\ read", "default_transaction_read_only": "on"}
_CONTENDED = {"40001", "40P01", "55P03", "57014"}
"""Serialisation failure, deadlock, a lock that was not had in time, a statement that was cancelled."""

_LOST = ("08", "57P", "25P03", "53300")
"""Beginnings of codes: no connection, ended by the server, stood still in a transaction, no room for one more."""


@dataclass(frozen=True)
class PostgresqlDatabase:
    """A PostgreSQL database, which can hold each durable database in a schema; its password is shown nowhere."""

    url: str = field(repr=False)
    """As libpq takes it: `postgresql://user:password@host:port/name?sslmode=require`."""

    def options(self) -> dict[str, str | int | None]:
        """The parts of the URL by libpq's names.

        Raises:
            RegistryError: It is no such URL.
        """
        try:
            return conninfo_to_dict(self.url)
        except psycopg.ProgrammingError:  # its message quotes what it could not read, which may be the password
            raise RegistryError(
                "the database's URL cannot be read; write it as postgresql://user:password@host:port/name"
            ) from None

    def __str__(self) -> str:
        """How people are told of it."""
        given = self.options()
        where = ":".join(str(given[part]) for part in ("host", "port") if given.get(part))
        return f"PostgreSQL database {given.get('dbname', '')} at {where or 'this machine'}"


class PostgresqlSchema:
    """A schema. One writer at a time, as in a file; readers see one moment and hold up nobody."""

    def __init__(self, place: PostgresqlDatabase, schema: str, lock_number: int, patience: float) -> None:
        """Reach the schema; nothing is connected yet.

        Args:
            place: The database.
            schema: Its name in there.
            lock_number: The advisory lock of whoever writes to it.
            patience: How long to wait for others, in seconds.
        """
        self._schema = schema
        self._lock_number = lock_number
        self._told = f"schema {schema} of the {place}"
        self._reader = _engine(place, self._told, {"search_path": schema, **_READING})
        waiting = {"lock_timeout": f"{int(patience * 1000)}ms"}
        self._writer = _engine(place, self._told, {"search_path": schema, **_WRITING_IDLE, **waiting})

    def __str__(self) -> str:
        """How people are told of it."""
        return self._told

    def reading(self) -> Connection:
        """A connection that sees one moment and changes nothing."""
        return self._reader.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, by one writer at a time of all machines."""
        with self._writer.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(self._lock_number)))
            yield connection

    def make_room(self, connection: Connection) -> None:
        """Make the schema."""
        connection.execute(CreateSchema(self._schema, if_not_exists=True))

    def overwrite_deleted(self, tables: Iterable[Table]) -> None:
        """Leave nothing of deleted rows in the files of these tables: they are written anew.

        The server's own write-ahead log and back-ups keep what they hold until they are overwritten.
        """
        with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for each in tables:
                connection.exec_driver_sql(f"VACUUM (FULL) {each.name}")

    def close(self) -> None:
        """Let go of all connections."""
        self._reader.dispose()
        self._writer.dispose()


def _engine(place: PostgresqlDatabase, told: str, settings: Mapping[str, str]) -> Engine:
    given = place.options()
    session = {"timezone": "UTC", **settings}
    options = " ".join([str(given.get("options", "")), *(f"-c {name}={value}" for name, value in session.items())])
    engine = create_engine(
        "postgresql+psycopg://",
        connect_args={"application_name": "engagement", **_ALIVE, **given, "options": options.strip()},
        pool_pre_ping=True,
    )
    event.listen(engine, "handle_error", lambda context: _plain_error(context, told))
    return engine


def _plain_error(context: ExceptionContext, told: str) -> RegistryError | None:
    """Our error instead of the driver's; None for what says that the program is wrong."""
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, psycopg.Error):
        return None
    code, said = error.sqlstate or "", " ".join(str(error).split())
    if code in _CONTENDED:
        return RegistryBusyError(f"{told}: another program was in the way ({said}); try again")
    if code.startswith(_LOST) or context.is_disconnect or (not code and isinstance(error, psycopg.OperationalError)):
        return RegistryAwayError(
            f"the {told} cannot be reached: {said}; check ENGAGEMENT_DATABASE, or try again when the server is back"
        )
    if isinstance(error, psycopg.IntegrityError):
        return None
    return RegistryError(f"the {told} could not be read or written ({said}); put that right and try again")
