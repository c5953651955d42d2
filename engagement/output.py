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
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
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
_PROSE_WIDTH = 14
"""Characters that a column of sentences gets at least."""

_GAP = 2
"""Characters between two columns, and at both edges together."""


class Column:
    """A column of a table: its heading, and whether it holds figures, or sentences that may go over several lines."""

    def __init__(self, heading: str, *, figures: bool = False, prose: bool = False) -> None:
        self.heading = heading
        self.figures = figures
        self.prose = prose

    def width(self, cells: Iterable[str]) -> int:
        """Characters that it needs on screen."""
        widest = max(map(cell_len, cells), default=0)
        return max(cell_len(self.heading), min(widest, _PROSE_WIDTH) if self.prose else widest)


def figures(*headings: str) -> list[Column]:
    """Columns that hold figures."""
    return [Column(heading, figures=True) for heading in headings]


def prose(*headings: str) -> list[Column]:
    """Columns that hold sentences."""
    return [Column(heading, prose=True) for heading in headings]


def table(title: str, columns: Iterable[Column | str], rows: Iterable[Sequence[object]], *, keys: int = 1) -> None:
    """Print a table. Cells are shown as they are; nothing in them is read as markup.

    Ids and figures are not broken up: columns for which the terminal is too narrow follow in a table of their own.

    Args:
        title: What it shows.
        columns: From left to right; a text is the heading of a column of ids, days or words.
        rows: A value for each column.
        keys: How many columns at the left say what a row is about; they stand in each part.
    """
    all_columns = [Column(column) if isinstance(column, str) else column for column in columns]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [column.width(row[number] for row in cells) for number, column in enumerate(all_columns)]
    console = _console(sys.stdout)
    for number, part in enumerate(_parts(widths, keys, console.width)):
        fits = _width(widths, part) <= console.width
        shown = Table(title="(continued)" if number else title, title_justify="left", box=SIMPLE_HEAD)
        shown.header_style, shown.pad_edge, shown.collapse_padding = "bold", False, True
        for column in (all_columns[each] for each in part):
            justify: JustifyMethod = "right" if column.figures else "left"
            shown.add_column(column.heading, justify=justify, overflow="fold", no_wrap=fits and not column.prose)
        for row in cells:
            shown.add_row(*(Text(row[each]) for each in part))
        console.print(shown)


def _parts(widths: Sequence[int], keys: int, room: int) -> Iterator[list[int]]:
    """The columns of each part, by number: the keys, and as many of the others as there is room for."""
    part = list(range(keys))
    for column in range(keys, len(widths)):
        if len(part) > keys and _width(widths, [*part, column]) > room:
            yield part
            part = list(range(keys))
        part.append(column)
    yield part


def _width(widths: Sequence[int], part: Sequence[int]) -> int:
    return sum(widths[each] + _GAP for each in part)


def pairs(title: str, values: Mapping[str, object]) -> None:
    """Print names and their values, one a line."""
    shown = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    for name, value in values.items():
        shown.add_row(Text(name), Text(_cell(value)))
    _console(sys.stdout).print(shown, "")


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
    stop = "" if sentence.endswith((".", "?")) else "."
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
