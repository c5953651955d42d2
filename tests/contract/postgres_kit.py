"""What tests of stores in PostgreSQL share: seeing who waits, and doing what an administrator does."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

_DEADLINE_SECONDS = 60.0
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_END_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def wait_for_a_lock(url: str, waiting: Future[Any]) -> None:
    """Return when somebody waits for a lock in the database: `waiting`, who must not have ended."""
    began = monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(_WAITING).fetchone() != (1,):
            assert not waiting.done(), "nobody waited"
            assert monotonic() - began < _DEADLINE_SECONDS
            sleep(0.005)


def end_connections(url: str) -> None:
    """End all other connections to the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_END_ALL)


@contextmanager
def as_user(url: str, password: str) -> Iterator[str]:
    """The URL for a user with no rights but to connect."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = f"user_{connection.info.dbname}"
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        try:
            yield make_conninfo(url, user=name, password=password)
        finally:
            connection.execute(f"DROP ROLE {name}")
