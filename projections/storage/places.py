"""Where a store can be: in a file (SQLite), or in a schema of a PostgreSQL database."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from projections.storage.store_errors import StoreError


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database; its password is shown nowhere."""

    url: str = field(repr=False)
    """As libpq takes it: `postgresql://user:password@host:port/name?sslmode=require`, several hosts included."""

    @cached_property
    def options(self) -> dict[str, str | int | None]:
        """The parts of the URL by libpq's names.

        Raises:
            StoreError: It is no such URL.
        """
        try:
            return conninfo_to_dict(self.url)
        except psycopg.ProgrammingError:  # its message quotes what it could not read, which may be the password
            raise StoreError(
                "the database's URL cannot be read; write it as postgresql://user:password@host:port/name"
            ) from None

    def __str__(self) -> str:
        """How people are told of it."""
        given = self.options
        where = ":".join(str(given[part]) for part in ("host", "port") if given.get(part))
        return f"PostgreSQL database {given.get('dbname', given.get('user', ''))} at {where or 'this machine'}"


@dataclass(frozen=True)
class Schema:
    """A schema of a database, which holds one store."""

    database: Database
    name: str
    """Lower-case letters, digits and underscores."""

    def __str__(self) -> str:
        """How people are told of it."""
        return f"schema {self.name} of the {self.database}"


Place = Path | Schema
