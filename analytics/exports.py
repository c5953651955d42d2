"""Writes tables for other tools: CSV, JSON and Parquet, in forms that every tool reads alike.

Columns are in snake_case, days in ISO 8601, instants in UTC, ratios from 0 to 1 with all their digits. Small groups are
hidden first (`analytics.suppression`).

A spreadsheet would run text that begins like a formula. Such text gets an apostrophe before it in CSV, as OWASP advises
(owasp.org/www-community/attacks/CSV_Injection); numbers stay numbers. Taking one apostrophe away wherever text matches
`'+` and then one of `= + - @`, tab, carriage return, line feed or their full-width forms gives what was there.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TextIO

import duckdb
import msgspec
import pandas as pd
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from analytics.answer import Answer
from analytics.suppression import suppress_answer
from learning.errors import EngagementError

Format = Literal["csv", "json", "parquet"]

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_TO_QUOTE = re.compile(r'[",\r\n]')
_JSON = msgspec.json.Encoder(decimal_format="number")
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOLEAN"),
    (int, "BIGINT"),
    (float, "DOUBLE"),
    (datetime, "TIMESTAMPTZ"),
    (date, "DATE"),
)


class ExportError(EngagementError):
    """A table cannot be written as it is asked for."""


def export(table: Answer | pd.DataFrame, form: Format, target: Path | TextIO, *, suppress: bool = True) -> Answer:
    """Write a table, or the table of an answer.

    Args:
        table: With columns in snake_case; a table without its answer does not say what counts people, so nothing in it
            is hidden.
        form: Of a Parquet file, the columns are told in `<name>.dictionary.csv` beside it.
        target: A file, which is there whole or not at all; or a stream, for CSV and JSON.
        suppress: Hide small groups. Only what stays in the house may show them.

    Returns:
        What was written, with the notes about it.

    Raises:
        ExportError: A column is not in snake_case, or the file cannot be written.
    """
    answer = Answer(question="", finding="", frame=table, columns={}) if isinstance(table, pd.DataFrame) else table
    if suppress:
        answer = suppress_answer(answer)
    names = [str(name) for name in answer.frame.columns]
    for name in names:
        if not _SNAKE_CASE.fullmatch(name):
            raise ExportError(f"the column {name} is not in snake_case; rename it")
    if form == "parquet":
        with duckdb.connect() as connection:
            relation = _relation(connection, answer.frame)
            write_parquet(relation, target)
            _write_dictionary(relation, answer.columns, target)
    else:
        rows = zip(*(_values(answer.frame[name]) for name in names), strict=True)
        write_rows(names, rows, form, target)
    return answer


def write_rows(
    names: Sequence[str], rows: Iterable[Sequence[object]], form: Literal["csv", "json"], target: Path | TextIO
) -> None:
    """Write rows as CSV, or as JSON with an object for each.

    Raises:
        ExportError: Two columns have one name, or the file cannot be written.
    """
    _check_names(names)
    if isinstance(target, Path):
        with _aside(target) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as stream:
            write_rows(names, rows, form, stream)
    elif form == "csv":
        target.writelines(csv_lines(names, rows))
    else:
        separator = "[\n"
        for row in rows:
            target.write(separator + _as_json(dict(zip(names, row, strict=True))))
            separator = ",\n"
        target.write("[]\n" if separator == "[\n" else "\n]\n")


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV, the columns first, each with its end; a row is asked for when its line is.

    Raises:
        ExportError: Two columns have one name.
    """
    _check_names(names)
    yield _line(names)
    yield from map(_line, rows)


def write_parquet(relation: DuckDBPyRelation, target: Path | TextIO) -> None:
    """Write the rows of a query as Parquet; the connection of the query need not be allowed to write.

    Raises:
        ExportError: Two columns have one name, it is to go to a stream, or the file cannot be written.
    """
    if not isinstance(target, Path):
        raise ExportError("Parquet goes to a file only; name one")
    _check_names(relation.columns)
    with _aside(target) as unfinished, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'").fetchall()
        connection.register("rows", _Stream(relation))
        connection.sql("FROM rows").write_parquet(str(unfinished), compression="zstd")


class _Stream:
    """The rows of a query as another connection reads them, without a copy and without PyArrow."""

    def __init__(self, relation: DuckDBPyRelation) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._relation.__arrow_c_stream__(requested_schema)


def _relation(connection: DuckDBPyConnection, frame: pd.DataFrame) -> DuckDBPyRelation:
    """A table as one of DuckDB, each column of the type that all of its values have."""
    values = {str(name): _values(frame[name]) for name in frame.columns}
    typed = ", ".join(f'"{name}"::{_type(frame[name], column)} AS "{name}"' for name, column in values.items())
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    connection.register("given", pd.DataFrame(values, dtype=object))
    return connection.sql(f"SELECT {typed} FROM given")


def _type(column: "pd.Series[Any]", values: Iterable[object]) -> str:
    there = {type(value) for value in values if value is not None}
    if there == {int, float}:
        return "DOUBLE"
    if not there and pd.api.types.is_numeric_dtype(column):
        return "BIGINT" if pd.api.types.is_integer_dtype(column) else "DOUBLE"
    return next((name for kind, name in _TYPES if there == {kind}), "VARCHAR")


def _write_dictionary(relation: DuckDBPyRelation, meanings: dict[str, str], target: Path | TextIO) -> None:
    if isinstance(target, Path):
        rows = [
            (name, str(kind), meanings.get(name)) for name, kind in zip(relation.columns, relation.types, strict=True)
        ]
        write_rows(("column", "type", "meaning"), rows, "csv", target.with_name(f"{target.stem}.dictionary.csv"))


def _values(column: "pd.Series[Any]") -> list[Any]:
    """The values of a column as Python has them; where there is none, None; midnights are days."""
    missing = column.isna().tolist()
    values = [None if none else _plain(value) for value, none in zip(column.tolist(), missing, strict=True)]
    if pd.api.types.is_datetime64_dtype(column) and all(each is None or each.time() == time.min for each in values):
        return [each and each.date() for each in values]
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _line(row: Iterable[object]) -> str:
    """A line of CSV as in RFC 4180, but for its end; `csv` leaves a carriage return without quotes."""
    line = ",".join(_quoted(_cell(value)) for value in row)
    return f"{line}\n" if line else '""\n'


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"' if _TO_QUOTE.search(cell) else cell


def _cell(value: object) -> str:
    """A value as it stands in CSV."""
    match value:
        case None:
            text = ""
        case str():
            text = f"'{value}" if _FORMULA.match(value) else value
        case float() | int() | Decimal() if not isinstance(value, bool):
            text = "" if value != value else str(value)  # noqa: PLR0124 - what is no number does not equal itself
        case dict() | list() | tuple():
            text = _as_json(value)
        case _:
            text = _as_json(value).strip('"')
    return text


def _as_json(value: object) -> str:
    return _JSON.encode(_in_utc(value)).decode()


def _in_utc(value: object) -> object:
    match value:
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC)
        case dict():
            return {str(key): _in_utc(each) for key, each in value.items()}
        case list() | tuple():
            return [_in_utc(each) for each in value]
        case _:
            return value


def _check_names(names: Sequence[str]) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ExportError(f"two columns are called {twice}; give one another name with AS")


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Where to write a file that gets its name only when it is whole."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(target)
    except (OSError, duckdb.IOException) as error:
        raise ExportError(f"{target} cannot be written; check the folder and its permissions") from error
    finally:
        unfinished.unlink(missing_ok=True)
