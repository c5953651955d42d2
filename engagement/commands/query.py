"""`engagement query` and `engagement sql`: questions in SQL over all that ever happened, one at once or in a shell."""

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Exit, Option

from engagement import output
from engagement.asking import AsOf, Format, KnownAt, Output, chosen_format
from engagement.output import AsJson
from engagement.plain_errors import FAILED

Timeout = Annotated[float, Option(min=0.1, metavar="SECONDS", help="Stop a statement that takes longer.")]


def query(
    context: Context,
    statement: Annotated[
        str,
        Argument(metavar="SQL", help="One statement that reads; or a file ending in .sql, or `-` for standard input."),
    ],
    *,
    form: Annotated[Format, Option("--format", help="How to write the rows.")] = Format.table,
    into: Output = None,
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
    form = chosen_format(form, into, as_json=as_json)
    text = _statement(statement)
    from engagement.sql_shell import answer  # noqa: PLC0415 - DuckDB and pandas are slow to load; few commands need them

    with context.obj.models(as_of, known_at) as connection:
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

    with context.obj.models(as_of, known_at) as connection:
        shell = Shell(connection, Format.json if as_json else Format.table, timeout)
        shell.run()
    if shell.failed and not shell.typed:
        raise Exit(FAILED)


def _statement(given: str) -> str:
    """The text of the statement: as given, from a file, or from standard input."""
    if given == "-":
        return sys.stdin.read()
    return Path(given).read_text(encoding="utf-8") if given.endswith(".sql") else given
