"""The figures of a chart as a table, for who does not see the chart or wants the figures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from math import isfinite

from msgspec import Struct

from analytics.answer import Bars, Chart, Line, Place
from dashboard.drawing_axes import place
from dashboard.wording import NOTHING, day

Key = tuple[float, int]
"""A place on the x axis, and the how-manieth value of a series there."""


class Table(Struct, frozen=True):
    """Figures as texts: a heading for each column, the first of which says what a row is about."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure(value: float | None, percent: bool = False) -> str:
    """A value of an axis or a table; a ratio in percent where it is one. At most one decimal of percent, three else."""
    if value is None or not isfinite(value):
        return NOTHING
    return f"{round(value * 100, 1):g} %" if percent else f"{round(value, 3):,}".removesuffix(".0")


def table_of(chart: Chart) -> Table:
    """Every value that a chart draws."""
    return _of_bars(chart, chart.bars) if chart.bars else _of_lines(chart)


def _of_bars(chart: Chart, bars: Bars) -> Table:
    names, series = zip(*bars.rows, strict=True)
    rows = zip(bars.categories, *series, strict=True)
    return Table(
        (chart.x_title, *names),
        tuple((name, *(figure(each, chart.percent) for each in values)) for name, *values in rows),
    )


def _of_lines(chart: Chart) -> Table:
    columns = [column for line in chart.lines for column in _columns(line)]
    series = [dict(zip(_keys(line.x), values, strict=True)) for line, (_, values) in _with_lines(chart)]
    places = {key: x for line in chart.lines for key, x in zip(_keys(line.x), line.x, strict=True)}
    rows = tuple(
        (_place_name(places[key]), *(figure(values.get(key), chart.percent) for values in series))
        for key in sorted(places)
    )
    return Table((chart.x_title, *(name for name, _ in columns)), rows)


def _with_lines(chart: Chart) -> Iterator[tuple[Line, tuple[str, Sequence[float | None]]]]:
    for line in chart.lines:
        for column in _columns(line):
            yield line, column


def _columns(line: Line) -> Iterator[tuple[str, Sequence[float | None]]]:
    yield line.label, line.y
    if line.low is not None and line.high is not None:
        yield f"{line.label}: low", line.low
        yield f"{line.label}: high", line.high


def _keys(places: Sequence[Place]) -> Iterator[Key]:
    """Several values at one place get rows of their own."""
    seen: Counter[float] = Counter()
    for each in places:
        at = place(each)
        yield at, seen[at]
        seen[at] += 1


def _place_name(value: Place) -> str:
    return day(value) if isinstance(value, date) else figure(value)
