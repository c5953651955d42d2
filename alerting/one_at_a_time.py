"""Lets one dispatcher work on an alert book at a time, on one machine or of several, and frees its place if it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from learning.errors import EngagementError
from registry.database import Place
from registry.errors import RegistryAwayError
from registry.store import PostgresqlDatabase

_LOCK_NUMBER: Final = 0x6E70710000000003
"""Of the advisory lock; those before it are the registry's and the alert book's writers'."""


class DispatcherRunningError(EngagementError):
    """Another dispatcher works on the same alert book."""


@contextmanager
def only_dispatcher(place: Place) -> Iterator[None]:
    """Be the one dispatcher of an alert book for the length of the block.

    Raises:
        DispatcherRunningError: At once, when another is.
        RegistryAwayError: The database cannot be reached.
    """
    with _file_lock(place) if isinstance(place, Path) else _advisory_lock(place):
        yield


@contextmanager
def _file_lock(place: Path) -> Iterator[None]:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name("dispatcher.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DispatcherRunningError(
                f"another dispatcher is at work in {place.parent}; stop it first, or leave the work to it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _advisory_lock(place: PostgresqlDatabase) -> Iterator[None]:
    """Hold the lock with a connection of its own: the server frees it when the connection ends, however it does."""
    options = {"application_name": "engagement-dispatcher", "connect_timeout": 10, **place.options()}
    try:
        connection = psycopg.connect(**options, autocommit=True)  # type: ignore[arg-type]  # as libpq takes them
    except psycopg.OperationalError as error:
        raise RegistryAwayError(f"the {place} cannot be reached ({type(error).__name__}); try again later") from None
    with closing(connection):
        if not _scalar(connection, "SELECT pg_try_advisory_lock(%s)", _LOCK_NUMBER):
            raise DispatcherRunningError(f"another dispatcher is at work on the {place}; leave the work to it")
        yield


def _scalar(connection: "psycopg.Connection[tuple[object, ...]]", query: str, number: int) -> object:
    row = connection.execute(query.encode(), (number,)).fetchone()
    return row and row[0]
