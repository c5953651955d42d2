"""Loads facts into DuckDB by way of a file of JSON lines, which it reads faster than Python can make columns."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec

from eventlog.lake.columns import CONTENT, columns_of
from eventlog.lake.lake import literal, quoted
from learning.events import FACT_TYPES, Fact, encode
from learning.facts import Data


def line(offset: int, day_known: date | None, cohort_hint: str | None, fact: Fact) -> bytes:
    """One line of the file: a fact with what the lake adds."""
    return b'{"log_offset":%d,%b,"fact":%b}\n' % (offset, _added(day_known, cohort_hint), encode(fact))


@lru_cache(maxsize=4_096)
def _added(day_known: date | None, cohort_hint: str | None) -> bytes:
    return b'"day_known":%b,"cohort_hint":%b' % (msgspec.json.encode(day_known), msgspec.json.encode(cohort_hint))


def load(connection: duckdb.DuckDBPyConnection, lines: Path, partition: int) -> str:
    """Load JSON lines into a table of DuckDB and answer its name; `rows.row_of` says the same of a single fact."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE loaded AS
        SELECT {partition:d}::USMALLINT AS log_partition, log_offset, day_known, cohort_hint,
               fact."type", fact."source", fact.id, fact.subject AS enrolment, fact.partitionkey AS participant,
               fact."time" AS happened_at, fact.recordedtime AS recorded_at, {_CONTENT}
        FROM read_json({literal(str(lines))}, format = 'newline_delimited', columns = {{
            log_offset: 'BIGINT', day_known: 'DATE', cohort_hint: 'VARCHAR',
            fact: 'STRUCT({_typed(_ENVELOPE)}, data STRUCT({_typed(_FIELD_TYPES)}))'}})"""
    )
    return "loaded"


_ENVELOPE: Final = {
    **dict.fromkeys(("type", "source", "id", "subject", "partitionkey"), "VARCHAR"),
    **dict.fromkeys(("time", "recordedtime"), "TIMESTAMPTZ"),
}
_TYPES: Final = {column.name: column.type for column in CONTENT}
_FIELDS: Final = {column: field for data in FACT_TYPES.values() for field, column in columns_of(data).items()}
"""For each column the field of the data, which goes by the same name in every type that has it."""
_FIELD_TYPES: Final = {field: _TYPES[column] for column, field in _FIELDS.items()}


def _defaults(field: str) -> Iterator[tuple[type[Data], Any]]:
    """What a type means when it leaves a field out, where that is something."""
    for data in FACT_TYPES.values():
        for each in msgspec.structs.fields(data):
            if each.name == field and each.default not in {None, msgspec.NODEFAULT}:
                yield data, each.default


def _value(column: str) -> str:
    value = f"fact.data.{quoted(_FIELDS[column])}"
    cases = " ".join(
        f'WHEN fact."type" = {literal(data.TYPE)} THEN {literal(str(default))}::{_TYPES[column]}'
        for data, default in _defaults(_FIELDS[column])
    )
    return f"coalesce({value}, CASE {cases} END)" if cases else value


def _typed(types: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())


_CONTENT: Final = ", ".join(f"{_value(column.name)} AS {column.name}" for column in CONTENT)
