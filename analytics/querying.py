"""Runs one statement that a person wrote: it only reads, only the models, and not for ever."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation, StatementType

from analytics import models
from learning.errors import EngagementError

_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""The nodes of DuckDB's syntax tree that read; others write, also inside of a WITH that looks like reading."""

_FUNCTIONS = frozenset(
    {
        *("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"),
        *("duckdb_columns", "duckdb_functions", "duckdb_keywords", "duckdb_tables", "duckdb_types", "duckdb_views"),
        *("pg_timezone_names", "pragma_table_info", "pragma_version"),
    }
)
"""What may stand in FROM and be called: the others of DuckDB read files, change settings or run further statements."""

_SKIPPED = r"(?>\s+|--[^\n]*(?:\n|$)|/\*(?:(?!\*/).)*\*/)*"
_EXPLAIN = re.compile(rf"{_SKIPPED}EXPLAIN{_SKIPPED}(?:ANALYZE\b)?{_SKIPPED}(?:\([^()]*\))?", re.DOTALL | re.IGNORECASE)
_LOOKS_ONLY = re.compile(rf"{_SKIPPED}(?:EXPLAIN|DESCRIBE|DESC|SHOW)\b", re.DOTALL | re.IGNORECASE)
_AGAIN = 0.02
"""Seconds between two interrupts."""

_WHERE = re.compile(r"\s*\n\nLINE (\d+):.*", re.DOTALL)

_ALLOWED = "only reading is: SELECT, WITH ... SELECT, FROM, VALUES, SUMMARIZE, DESCRIBE, SHOW, and EXPLAIN of these"


class QueryError(EngagementError):
    """A statement is not one that may be run, cannot be run, or took too long; the message says which."""


@contextmanager
def answer_of(connection: DuckDBPyConnection, text: str, *, seconds: float) -> Iterator[DuckDBPyRelation]:
    """The rows that a statement asks for, for as long as the block runs.

    Args:
        connection: One of `analytics.connect`.
        text: One statement that only reads.
        seconds: How long the statement and the block may take together.

    Raises:
        QueryError: It is not allowed, DuckDB cannot run it, or the time is over; also while the block reads rows.
    """
    with limited(connection, seconds):
        statement = _checked(connection, text)
        if not _LOOKS_ONLY.match(statement):
            models.need(connection, *models.mentioned(statement))
        yield connection.sql(statement)


def _checked(connection: DuckDBPyConnection, text: str) -> str:
    """The only statement of a text, when all that it does is read.

    Raises:
        QueryError: Tells what is not allowed, and what is.
        duckdb.Error: It is not SQL.
    """
    statements = connection.extract_statements(text)
    if len(statements) != 1:
        raise QueryError(f"there are {len(statements) or 'no'} statements where one belongs; give one at a time")
    [statement] = statements
    body = statement.query
    if statement.type == StatementType.EXPLAIN:
        head = _EXPLAIN.match(body)
        inner = connection.extract_statements(body[head.end() :]) if head else []
        [statement] = inner if len(inner) == 1 else statements
    if statement.type == StatementType.MULTI:
        raise QueryError("PIVOT makes a type here; name the values, as in PIVOT ... ON column IN ('a', 'b')")
    if statement.type != StatementType.SELECT:
        raise QueryError(f"{statement.type.name} is not allowed here; {_ALLOWED}")
    _check_tree(connection, statement.query)
    return body


def _check_tree(connection: DuckDBPyConnection, select: str) -> None:
    """Refuse what writes, or reads anything but tables, at any depth; what is unknown is refused.

    A WITH may hold an INSERT or a COPY, and that counts as a SELECT.
    """
    [[tree]] = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [select]).fetchall()
    parsed = json.loads(tree)
    if parsed["error"]:
        raise QueryError(f"it cannot be told whether this statement only reads: {parsed['error_message']}")
    for node in _nodes(parsed):
        kind = str(node["type"])
        if kind.endswith("_NODE") and kind not in _QUERIES:
            raise QueryError(f"{kind.partition('_')[0]} is not allowed in a statement; {_ALLOWED}")
        if kind == "TABLE_FUNCTION" and (name := node["function"]["function_name"]) not in _FUNCTIONS:
            raise QueryError(f"{name}() is not allowed here; a statement reads the models and nothing else")


def _nodes(tree: object) -> Iterator[Mapping[str, Any]]:
    """Everything in a syntax tree that has a type."""
    waiting = [tree]
    while waiting:
        match waiting.pop():
            case dict() as found:
                if "type" in found:
                    yield found
                waiting += found.values()
            case list() as found:
                waiting += found


@contextmanager
def limited(connection: DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Stop what the connection does in the block after some seconds; DuckDB's errors become one sentence each.

    Raises:
        QueryError: DuckDB cannot do it, or the time is over.
    """
    done, late = Event(), Event()

    def watch() -> None:
        if not done.wait(seconds):
            late.set()
            while not done.wait(_AGAIN):  # what begins between two steps does not see an interrupt from before
                connection.interrupt()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except duckdb.Error as error:
        if late.is_set():
            raise QueryError(
                f"the statement took longer than {seconds:g} seconds and was stopped; ask for less, such as one "
                "programme, or allow more time"
            ) from error
        raise QueryError(f"DuckDB cannot run this: {_in_a_sentence(error)}") from error
    finally:
        done.set()
        watcher.join()


def _in_a_sentence(error: duckdb.Error) -> str:
    """What DuckDB says, with what it thinks was meant and the line, without its drawing of the place."""
    text = str(error)
    where = _WHERE.search(text)
    said = " ".join(_WHERE.sub("", text).split()).partition(" Error: ")
    return (said[2] or said[0]).rstrip("!") + (f" (line {where[1]})" if where else "")
