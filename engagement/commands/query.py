"""`engagement query` and `engagement sql`: questions in SQL over all that ever happened, one at once or in a shell."""

import sys
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Context, Exit, Option

from engagement import output
from engagement.output import AsJson
from engagement.plain_errors import FAILED
from engagement.wiring import Wiring

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Format(StrEnum):
    """How rows are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


AsOf = Annotated[
    datetime | None,
    Option(
        formats=["%Y-%m-%d"],
        help="Measure as this day begins in the UK: only what happened before counts. Default: everything counts.",
        show_default=False,
    ),
]
KnownAt = Annotated[
    datetime | None,
    Option(
        formats=["%Y-%m-%d"],
        help="Only what was recorded before this day begins in the UK counts. Default: everything counts.",
        show_default=False,
    ),
]
Timeout = Annotated[float, Option(min=0.1, metavar="SECONDS", help="Stop a statement that takes longer.")]


def query(
    context: Context,
    statement: Annotated[
        str,
        Argument(metavar="SQL", help="One statement that reads; or a file ending in .sql, or `-` for standard input."),
    ],
    *,
    form: Annotated[Format, Option("--format", help="How to write the rows.")] = Format.table,
    into: Annotated[
        Path | None,
        Option("--output", dir_okay=False, help="Write to this file; Parquet needs one.", show_default=False),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    timeout: Timeout = 300,
    as_json: AsJson = False,
) -> None:
    """Ask one question in SQL over all that ever happened, whether a worker runs or not.

    Nothing can be changed by it, and no file but the lake can be read. `engagement sql` lists the tables.

    Small groups are not hidden: who passes the rows on must see that nobody can be recognised by a count below 5,
    also not by subtracting. The questions of `engagement analyse` hide them when they are exported.
    """
    form = Format.json if as_json else form
    if into is None and form is Format.parquet:
        raise BadParameter("Parquet goes to a file only; name one with --output", param_hint="--format")
    if into is not None and form is Format.table:
        raise BadParameter("a table is for the screen; choose --format csv, json or parquet", param_hint="--output")
    text = _statement(statement)
    from engagement.sql_shell import answer  # noqa: PLC0415 - DuckDB and pandas are slow to load; few commands need them

    with closing(_connect(context.obj, as_of, known_at)) as connection:
        answer(connection, text, form, into or sys.stdout, timeout)
    if into is not None:
        output.say(f"Wrote {into}.")


def sql(
    context: Context,
    *,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    timeout: Timeout = 300,
    as_json: AsJson = False,
) -> None:
    """Ask in SQL, one statement after another, over all that had happened when it was opened; `.help` says more.

    Tables that a statement needed stay in memory for the next. Small groups are not hidden, as in `engagement query`.
    Statements can also come from standard input; then the exit code is 1 if one of them failed.
    """
    from engagement.sql_shell import Shell  # noqa: PLC0415 - as for `query`

    with closing(_connect(context.obj, as_of, known_at)) as connection:
        shell = Shell(connection, Format.json if as_json else Format.table, timeout)
        shell.run()
    if shell.failed and not shell.typed:
        raise Exit(FAILED)


def _connect(wiring: Wiring, as_of: datetime | None, known_at: datetime | None) -> "DuckDBPyConnection":
    from analytics import connect  # noqa: PLC0415 - as for `query`

    return connect(wiring.settings.data_dir, as_of=as_of and as_of.date(), known_at=known_at and known_at.date())


def _statement(given: str) -> str:
    """The text of the statement: as given, from a file, or from standard input."""
    if given == "-":
        return sys.stdin.read()
    return Path(given).read_text(encoding="utf-8") if given.endswith(".sql") else given
