"""Rows that are written anew, whether they were there or not."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

ROWS_AT_ONCE = 1_000


def upsert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows by their primary key, a thousand at a time, for a new day can bring one of every enrolment."""
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        connection.execute(_statement(table), some)


@cache
def _statement(table: Table) -> Any:
    statement = sqlite.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    if not changed:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)
