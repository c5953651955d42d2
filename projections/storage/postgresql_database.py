"""How PostgreSQL is reached: a schema of it holds a store that several workers write at once."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Pool, QueuePool, create_engine, event, func, select
from sqlalchemy.schema import CreateSchema

from projections.storage.places import Database, Schema
from projections.storage.postgresql_errors import plain_error

PATIENT_IDLE = "90s"
"""The same for one who relays, and so waits for the log in the middle of a transaction."""

WRITER_IDLE = "15s"
"""A worker that stands still in the middle of a transaction loses it after so long, and with it its locks."""

_ALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Seconds, and milliseconds for the last: how soon it is noticed that the server or the way to it is dead."""

_READING = {"default_transaction_isolation": r"repeatable\ read", "default_transaction_read_only": "on"}

LOCKS = 0x6E7071
"""Our class among the advisory locks of a database."""
CREATING, SWAPPING, REBUILDING = 1, 2, 3


class PostgresqlSchema:
    """The schema of a store. Writers are READ COMMITTED and hold locks; readers see one moment and hold up nobody."""

    def __init__(self, schema: Schema) -> None:
        """Reach the schema; nothing is connected yet."""
        self._schema = schema
        here = {"search_path": schema.name}
        self.writer = engine(schema.database, schema, {"idle_in_transaction_session_timeout": WRITER_IDLE, **here})
        self.reader = engine(schema.database, schema, {**_READING, **here})

    def make_room(self, connection: Connection) -> None:
        """Make the schema, one process at a time, until the transaction ends."""
        connection.execute(lock(CREATING))
        connection.execute(CreateSchema(self._schema.name, if_not_exists=True))

    def be_patient(self, connection: Connection) -> None:
        """Let this transaction stand idle for as long as a log may take to answer."""
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{PATIENT_IDLE}'")

    def close(self) -> None:
        """Let go of all connections."""
        self.writer.dispose()
        self.reader.dispose()


def engine(
    database: Database, place: Database | Schema, settings: Mapping[str, str], pool: type[Pool] = QueuePool
) -> Engine:
    """Connections to a database with these settings of the server; errors tell of `place` in plain words."""
    given = database.options
    session = {"timezone": "UTC", **settings}
    options = " ".join([str(given.get("options", "")), *(f"-c {name}={value}" for name, value in session.items())])
    made = create_engine(
        "postgresql+psycopg://",
        connect_args={"application_name": "engagement", **_ALIVE, **given, "options": options.strip()},
        poolclass=pool,
        pool_pre_ping=True,
    )
    event.listen(made, "handle_error", lambda context: plain_error(context, place))
    return made


def lock(key: int, *, shared: bool = False) -> Any:
    """A statement that waits for a lock of all that share the database and holds it until the transaction ends."""
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    return select(take(LOCKS, key))
