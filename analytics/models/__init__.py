"""The models: one SELECT a file, read by name, laid over a connection as views, and kept as tables once needed."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

from duckdb import DuckDBPyConnection

from learning.errors import EngagementError

_ALWAYS_VIEWS = frozenset({"stg_fact", "stg_at_work"})
"""Too large to keep: the lake itself, and what is read once only."""

_NAME = re.compile(r"\b(?:stg|dim|fact)_[a-z_]+\b")
_COMMENT = re.compile(r"^--.*$", re.MULTILINE)
_COLUMN = re.compile(r"^-- ([a-z_]+): (.+)$", re.MULTILINE)


class UnknownModelError(EngagementError):
    """A model is asked for that there is not."""


@cache
def names() -> tuple[str, ...]:
    """Every model, those that it reads before it."""
    files = (each.name for each in resources.files(__name__).iterdir())
    return _with_dependencies(sorted(each.removesuffix(".sql") for each in files if each.endswith(".sql")))


@cache
def sql(name: str) -> str:
    """The SELECT of a model, with its comments.

    Raises:
        UnknownModelError: There is no such model.
    """
    file = resources.files(__name__).joinpath(f"{name}.sql")
    if not _NAME.fullmatch(name) or not file.is_file():
        raise UnknownModelError(f"there is no model {name}; take one of {', '.join(names())}")
    return file.read_text(encoding="utf-8").strip()


def meaning(name: str) -> str:
    """What one row of a model is, in a sentence."""
    return sql(name).partition("\n")[0].removeprefix("-- ")


def columns(name: str) -> dict[str, str]:
    """What each column of a model means, in order."""
    return dict(_COLUMN.findall(sql(name)))


def mentioned(query: str) -> tuple[str, ...]:
    """The models that a query names, wherever it does so."""
    known = set(names())
    return tuple(dict.fromkeys(each for each in _NAME.findall(query) if each in known))


def need(connection: DuckDBPyConnection, *wanted: str) -> None:
    """Have models as tables in memory, so that they are worked out once; those that are there already stay.

    Args:
        connection: One with the models as views.
        wanted: Their names. What they read is made first, and kept too.

    Raises:
        UnknownModelError: There is no such model.
    """
    there = _kept(connection)
    for name in _with_dependencies(wanted):
        if name not in there and name not in _ALWAYS_VIEWS:
            connection.execute(f"CREATE TEMP TABLE {name} AS {sql(name)}").fetchall()


def create_views(connection: DuckDBPyConnection, wanted: Iterable[str]) -> None:
    """Lay models over the inputs of a connection.

    Args:
        connection: One with the inputs.
        wanted: Names of models, each after those that it reads.
    """
    models = list(wanted)
    read = {each for name in models for each in _reads(name)}
    for name in models:
        connection.execute(f"CREATE VIEW {name} AS {sql(name)}").fetchall()
        if name in read:
            # DuckDB would expand views of views each time they are named: let the next ones see the columns only
            connection.execute(f"CREATE TEMP TABLE {name} AS FROM {name} LIMIT 0").fetchall()
    for name in read.intersection(models):
        connection.execute(f"DROP TABLE temp.{name}").fetchall()


def _kept(connection: DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}


def _with_dependencies(wanted: Iterable[str]) -> tuple[str, ...]:
    ordered: dict[str, None] = {}
    for name in wanted:
        ordered.update(dict.fromkeys(_line_of(name)))
    return tuple(ordered)


def _line_of(name: str) -> Iterator[str]:
    """A model after everything that it reads."""
    for each in _reads(name):
        yield from _line_of(each)
    yield name


@cache
def _reads(name: str) -> tuple[str, ...]:
    """The models that a model names in its SELECT."""
    found = _NAME.findall(_COMMENT.sub("", sql(name)))
    return tuple(dict.fromkeys(each for each in found if each != name))
