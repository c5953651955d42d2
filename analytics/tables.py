"""Puts rows made in Python into tables of schema `input`, typed, in one step each."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from duckdb import DuckDBPyConnection


def create_table(
    connection: DuckDBPyConnection, name: str, types: Mapping[str, str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Make `input.<name>` with columns of these types and fill it.

    Values go in as text, which any type is read from.
    """
    columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
    connection.execute(f"CREATE TABLE input.{name} ({columns})").fetchall()
    text = msgspec.json.encode([[None if value is None else str(value) for value in row] for row in rows])
    read = ", ".join(f"row[{place}]::{kind}" for place, kind in enumerate(types.values(), 1))
    rows_read = """SELECT unnest(from_json(?::VARCHAR, '[["VARCHAR"]]')) AS row"""
    connection.execute(f"INSERT INTO input.{name} SELECT {read} FROM ({rows_read})", [text.decode()]).fetchall()
