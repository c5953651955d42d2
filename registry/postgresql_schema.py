"""The registry in a schema of a PostgreSQL database, where several machines find it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, func, select
from sqlalchemy.schema import CreateSchema

from registry.errors import RegistryAwayError, RegistryBusyError, RegistryError
from registry.schema import person

SCHEMA = "registry"
_WRITING = 0x6E70710000000001
"""The advisory lock of whoever writes to the registry; other numbers of the database are the projections'."""

_ALIVE = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_WRITING_IDLE = {"idle_in_transaction_session_timeout": "15s"}
"""A writer that stands still loses its transaction, and with it the lock."""

_READING = {"default_transaction_isolation": r"repeatable\ read", "default_transaction_read_only": "on"}
_CONTENDED = {"40001", "40P01", "55P03", "57014"}
"""Serialisation failure, deadlock, a lock that was not had in time, a statement that was cancelled."""

_LOST = ("08", "57P", "25P03", "53300")
"""Beginnings of codes: no connection, ended by the server, stood still in a transaction, no room for one more."""


@dataclass(frozen=True)
class RegistryDatabase:
    """The PostgreSQL database that holds a registry; its password is shown nowhere."""

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
        return f"schema {SCHEMA} of the PostgreSQL database {given.get('dbname', '')} at {where or 'this machine'}"


class PostgresqlSchema:
    """The schema `registry`. One writer at a time, as in a file; readers see one moment and hold up nobody."""

    def __init__(self, place: RegistryDatabase, patience: float) -> None:
        """Reach the schema; nothing is connected yet. `patience` is in seconds."""
        self._place = place
        self._reader = _engine(place, _READING)
        self._writer = _engine(place, {**_WRITING_IDLE, "lock_timeout": f"{int(patience * 1000)}ms"})

    def __str__(self) -> str:
        """How people are told of it."""
        return str(self._place)

    def reading(self) -> Connection:
        """A connection that sees one moment and changes nothing."""
        return self._reader.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, by one writer at a time of all machines."""
        with self._writer.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_WRITING)))
            yield connection

    def make_room(self, connection: Connection) -> None:
        """Make the schema."""
        connection.execute(CreateSchema(SCHEMA, if_not_exists=True))

    def purge(self) -> None:
        """Leave nothing of deleted people in the table's file: it is written anew.

        The server's own write-ahead log and back-ups keep what they hold until they are overwritten.
        """
        with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM (FULL) {person.name}")

    def close(self) -> None:
        """Let go of all connections."""
        self._reader.dispose()
        self._writer.dispose()


def _engine(place: RegistryDatabase, settings: Mapping[str, str]) -> Engine:
    given = place.options()
    session = {"search_path": SCHEMA, "timezone": "UTC", **settings}
    options = " ".join([str(given.get("options", "")), *(f"-c {name}={value}" for name, value in session.items())])
    engine = create_engine(
        "postgresql+psycopg://",
        connect_args={"application_name": "engagement", **_ALIVE, **given, "options": options.strip()},
        pool_pre_ping=True,
    )
    event.listen(engine, "handle_error", lambda context: _plain_error(context, place))
    return engine


def _plain_error(context: ExceptionContext, place: RegistryDatabase) -> RegistryError | None:
    """Our error instead of the driver's; None for what says that the program is wrong."""
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, psycopg.Error):
        return None
    code, said = error.sqlstate or "", " ".join(str(error).split())
    if code in _CONTENDED:
        return RegistryBusyError(f"{place}: another program was in the way ({said}); try again")
    if code.startswith(_LOST) or context.is_disconnect or (not code and isinstance(error, psycopg.OperationalError)):
        return RegistryAwayError(
            f"the {place} cannot be reached: {said}; check ENGAGEMENT_DATABASE, or try again when the server is back"
        )
    if isinstance(error, psycopg.IntegrityError):
        return None
    return RegistryError(f"the {place} could not be read or written ({said}); put that right and try again")
