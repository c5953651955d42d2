"""Runs statements in SQL that a person writes, one or many, and shows what they answer."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from math import floor, isfinite, log10
from pathlib import Path
from typing import TextIO

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from analytics import models
from analytics.exports import write_parquet, write_rows
from analytics.querying import QueryError, answer_of
from engagement import output
from engagement.asking import Format
from engagement.output import Column, prose
from engagement.suggestions import did_you_mean
from learning.errors import EngagementError

_SHOWN = 200
"""Rows that a table shows; the other forms have all."""

_DIGITS = 6
"""Digits of a figure with decimals that a table shows; whole numbers keep theirs, and so do the other forms."""

_AT_ONCE = 10_000
"""Rows that are taken from DuckDB together."""

_NUMBERS = frozenset({"tinyint", "smallint", "integer", "bigint", "hugeint", "decimal", "float", "double"})

_PROMPT, _GOES_ON = "engagement> ", "       ...> "

_HELP = """Write a statement with ; at its end, on as many lines as you like, or one of:
.tables                 the tables that there are, and what a row of each is
.describe NAME          a table: its columns, and what each means
.format NAME            print rows as table, csv or json
.help                   this
.quit                   leave, as does Ctrl-D"""


def answer(connection: DuckDBPyConnection, text: str, form: Format, target: Path | TextIO, seconds: float) -> None:
    """Run a statement and write its rows.

    Raises:
        QueryError: It is not allowed, cannot be run, or takes too long.
        ExportError: The rows cannot be written.
    """
    with answer_of(connection, text, seconds=seconds) as relation:
        if form is Format.table:
            _print(relation)
        elif form is Format.parquet:
            write_parquet(relation, target)
        else:
            rows = relation.iter_rows(_AT_ONCE)
            write_rows(relation.columns, rows, "csv" if form is Format.csv else "json", target)


def _print(relation: DuckDBPyRelation) -> None:
    rows = relation.iter_rows(_AT_ONCE)
    shown = [[_as_it_is(value) for value in row] for row in islice(rows, _SHOWN)]
    more = sum(1 for _ in rows)
    if not shown:
        output.say("There are no such rows.")
        return
    kinds = zip(relation.columns, relation.types, strict=True)
    output.table("", [Column(name, figures=kind.id in _NUMBERS) for name, kind in kinds], shown)
    if more:
        output.say(f"These are the first {_SHOWN} of {_SHOWN + more:,} rows; as csv or json there are all of them.")


def _as_it_is(value: object) -> object:
    """A value for a table: days and instants as in all tables, figures with decimals to six digits."""
    match value:
        case None | bool():
            return value
        case datetime():
            return str(value) if value.tzinfo is None else value
        case date():
            return value
        case float() if isfinite(value) and value:
            return str(round(value, max(0, _DIGITS - 1 - floor(log10(abs(value))))))
        case _:
            return str(value)


class Shell:
    """Reads statements from standard input, and goes on after one that fails."""

    def __init__(self, connection: DuckDBPyConnection, form: Format, seconds: float) -> None:
        self._connection = connection
        self._form = form
        self._seconds = seconds
        self.typed = sys.stdin.isatty()
        """Whether somebody sits there."""
        self.failed = False
        """Whether a statement could not be run."""

    def run(self) -> None:
        """Go on until `.quit` or the end of the input."""
        if self.typed:
            with suppress(ImportError):
                import readline  # noqa: F401, PLC0415 - gives typed lines a history; not every system has it
            output.say("Ask in SQL, with ; at the end of a statement; `.help` says what else there is.")
        for text in self._texts():
            try:
                self._do(text)
            except EngagementError as error:
                output.complain(str(error))
                self.failed = True
            except KeyboardInterrupt:
                output.say("Stopped.")

    def _texts(self) -> Iterator[str]:
        """What to do, one after another: a statement, or a word that begins with a full stop."""
        lines: list[str] = []
        while (line := self._line(_GOES_ON if lines else _PROMPT)) is not None:
            if lines or line.strip():
                lines.append(line)
            if lines == [".quit"]:
                return
            if line.rstrip().endswith(";") or (len(lines) == 1 and line.startswith(".")):
                yield "\n".join(lines)
                lines = []
        if lines:
            yield "\n".join(lines)

    def _line(self, prompt: str) -> str | None:
        """The next line, without its end; None when there are no more."""
        if not self.typed:
            line = sys.stdin.readline()
            return line.rstrip("\n") if line else None
        try:
            return input(prompt)
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            return ""
        except EOFError:
            sys.stdout.write("\n")
            return None

    def _do(self, text: str) -> None:
        match text.split():
            case [".help"]:
                output.say(_HELP)
            case [".tables"]:
                self._list(["table", "one row is"], [(name, models.meaning(name)) for name in models.names()])
            case [".describe", name]:
                self._describe(name.rstrip(";"))
            case [".format", ("table" | "csv" | "json") as form]:
                self._form = Format(form)
            case [word, *_] if word.startswith("."):
                raise QueryError(f"{text} is nothing to be done here; `.help` says what is")
            case _:
                answer(self._connection, text, self._form, sys.stdout, self._seconds)

    def _describe(self, name: str) -> None:
        if name not in models.names():
            advice = did_you_mean(name, models.names()) or "; `.tables` lists them"
            raise QueryError(f"there is no table {name}{advice}")
        with answer_of(self._connection, f"DESCRIBE {name}", seconds=self._seconds) as relation:
            types = {str(column): str(kind) for column, kind, *_ in relation.fetchall()}
        if self._form is Format.table:
            output.say(models.meaning(name))
        meanings = models.columns(name)
        self._list(["column", "type", "meaning"], [(each, kind, meanings.get(each)) for each, kind in types.items()])

    def _list(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        if self._form is Format.table:
            output.table("", [*names[:-1], *prose(names[-1])], rows)
        else:
            write_rows(names, rows, "csv" if self._form is Format.csv else "json", sys.stdout)
