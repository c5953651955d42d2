"""What commands write: data on standard output as tables or JSON, messages on standard error.

Ratios become percent and instants become UK time only in tables; JSON keeps ratios from 0 to 1 and UTC.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, TextIO

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from typer import Option

from learning.calendar import UK

AsJson = Annotated[bool, Option("--json", help="Print JSON instead of a table: ratios from 0 to 1, instants in UTC.")]

NOTHING = "-"
"""Shown in a table where there is no value."""

_UNBOUNDED = 1_000


class Column:
    """A column of a table: its heading, and whether it holds figures."""

    def __init__(self, heading: str, *, figures: bool = False) -> None:
        self.heading = heading
        self.figures = figures


def figures(*headings: str) -> list[Column]:
    """Columns that hold figures."""
    return [Column(heading, figures=True) for heading in headings]


def table(title: str, columns: Iterable[Column | str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table. Cells are shown as they are; nothing in them is read as markup."""
    shown = Table(
        title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    for column in columns:
        each = Column(column) if isinstance(column, str) else column
        shown.add_column(each.heading, justify="right" if each.figures else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    _console(sys.stdout).print(shown)


def pairs(title: str, values: Mapping[str, object]) -> None:
    """Print names and their values, one a line."""
    shown = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    for name, value in values.items():
        shown.add_row(Text(name), Text(_cell(value)))
    _console(sys.stdout).print(shown)


def json(data: object) -> None:
    """Print data as JSON."""
    encoded = msgspec.json.encode(data, enc_hook=_plain)
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")


def say(message: str) -> None:
    """Tell the user something that is not data."""
    _console(sys.stderr).print(message, markup=False, highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """Tell the user what went wrong."""
    first = message.split(maxsplit=1)[0]
    sentence = message[:1].upper() + message[1:] if first.isalpha() else message  # `small.toml` stays as it is
    stop = "" if sentence.endswith(".") else "."
    _console(sys.stderr).print(f"[bold red]Error:[/] {escape(sentence)}{stop}", soft_wrap=True)


def percent(ratio: float | None) -> str:
    """A ratio for a table; cut, not rounded, so that 90 % is only shown when it is reached."""
    return NOTHING if ratio is None else f"{int(ratio * 100 + 1e-9)} %"


def uk_time(instant: datetime | None) -> str:
    """An instant for a table."""
    return NOTHING if instant is None else instant.astimezone(UK).strftime("%d %b %Y %H:%M")


def number(value: float | None) -> str:
    """A number for a table, with one decimal where it is no whole one."""
    return NOTHING if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


@contextmanager
def progress(*, show: bool | None = None) -> Iterator[Progress]:
    """A progress bar on standard error while the block runs, when somebody sits there to see it.

    Args:
        show: Overrides whether somebody does.
    """
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_console(sys.stderr),
        disable=not (sys.stderr.isatty() if show is None else show),
        redirect_stdout=False,
    )
    with bar:
        yield bar


class _Console(Console):
    """A console that leaves a broken pipe to whoever ends the program."""

    def on_broken_pipe(self) -> None:
        """Go on with the error at hand."""
        raise  # noqa: PLE0704 - Rich calls this while it handles the error


def _console(stream: TextIO) -> Console:
    """A console on a stream as it is now; where no terminal limits it, lines are as wide as they need to be."""
    bounded = stream.isatty() or "COLUMNS" in os.environ
    return _Console(file=stream, width=None if bounded else _UNBOUNDED)


def _cell(value: object) -> str:
    match value:
        case None:
            return NOTHING
        case datetime():
            return uk_time(value)
        case date():
            return value.strftime("%d %b %Y")
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return number(value)
        case _:
            return str(value)


def _plain(value: object) -> object:
    """What JSON has no word for."""
    if isinstance(value, Fraction):
        return float(value)
    raise NotImplementedError(f"{type(value).__name__} is no data to print")
