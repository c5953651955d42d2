"""The models of the analytics over facts that a test makes, without a log and without files."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
import pandas as pd
from duckdb import DuckDBPyConnection

from analytics.connection import open_models
from analytics.models import need
from analytics.tables import create_table
from eventlog.lake.columns import COLUMNS
from eventlog.lake.rows import Row, row_of
from eventlog.partitioner import partition_of
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import DayStarted, Enrolled
from tests.builders import SMALL


def warehouse(
    facts: Iterable[Fact],
    curriculum: Curriculum = SMALL,
    *,
    as_of: date | None = None,
    known_at: date | None = None,
    partitions: int = 12,
    decisions: pd.DataFrame | None = None,
) -> DuckDBPyConnection:
    """The models over these facts, which stand on a log in this order; a day starts on all partitions.

    Codes of components, kinds and words are ENUMs: compare them with texts in SQL, or cast them to VARCHAR.
    """
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE SCHEMA input").fetchall()
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    create_table(connection, "lake", {column.name: column.type for column in COLUMNS}, rows_of(facts, partitions))
    open_models(connection, "input.lake", curriculum, as_of=as_of, known_at=known_at, decisions=decisions)
    return connection


def told(connection: DuckDBPyConnection, model: str, columns: str) -> list[tuple[Any, ...]]:
    """Some columns of every row of a model, in order."""
    need(connection, model)
    return connection.execute(f"SELECT {columns} FROM {model} ORDER BY ALL").fetchall()


def rows_of(facts: Iterable[Fact], partitions: int = 12) -> list[Row]:
    """The rows of the lake for facts in the order of a log."""
    rows: list[Row] = []
    offsets = [0] * partitions
    days: list[date | None] = [None] * partitions
    hints: dict[str, str] = {}
    for each in facts:
        if isinstance(each.data, Enrolled):
            hints.setdefault(each.subject, f"{each.data.programme} {each.data.intake}")
        started = each.data.day if isinstance(each.data, DayStarted) else None
        home = partition_of(each.partitionkey.encode(), partitions)
        for partition in [home] if started is None else range(partitions):
            known = days[partition]
            rows.append(row_of(each, partition, offsets[partition], known, hints.get(each.subject)))
            offsets[partition] += 1
            if started is not None:
                days[partition] = started if known is None else max(known, started)
    return rows
