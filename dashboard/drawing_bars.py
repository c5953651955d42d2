"""Bars of a chart, lying, so that the names of their categories have room; each with its figure."""

from collections.abc import Iterator
from math import isfinite
from typing import Final

from msgspec import Struct

from analytics.answer import Bars, Chart
from analytics.charting.palette import looks
from analytics.charting.words import wrapped
from dashboard.drawing_axes import Scale, Tick, round_values, span_of, step_for
from dashboard.drawing_tables import figure

_LEFT, _RIGHT, _TOP = 230.0, 740.0, 30.0
_BAR: Final = 18.0
_GAP: Final = 16.0
_POINT: Final = 5.0
"""Half of the width of a point."""
_KEY_HEIGHT: Final = 22.0
_LINE_HEIGHT: Final = 17.0
_CATEGORY_CHARACTERS: Final = 27
_UNDER_PLOT: Final = 56.0


class Bar(Struct, frozen=True, kw_only=True):
    """One bar, from the left edge of the plot; it has no length where there is no value."""

    y: float
    """Its upper edge."""
    length: float
    height: float
    colour: str
    figure: str


class Mark(Struct, frozen=True, kw_only=True):
    """One point, with the line of its interval."""

    x: float
    y: float
    line: tuple[float, float] | None
    """Where the interval begins and ends; None where it is not known."""
    end: float
    """Right of everything of it, where its figure begins."""
    colour: str
    figure: str


class Category(Struct, frozen=True, kw_only=True):
    """The bars and points of one category."""

    y: float
    """The middle of its name."""
    lines: tuple[str, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()


class DrawnBars(Struct, frozen=True, kw_only=True):
    """All bars, with the edges of their plot."""

    left: float = _LEFT
    right: float = _RIGHT
    top: float
    bottom: float
    height: float
    """Of the whole drawing."""
    key: tuple[tuple[str, str, bool], ...]
    """The label and colour of each series and whether it is bars; empty where there is one only."""
    categories: tuple[Category, ...]
    ticks: tuple[Tick, ...]
    """Values named under the plot: their `at` is an x."""
    levels: tuple[Tick, ...]


def draw_bars(chart: Chart, bars: Bars, highest: float) -> DrawnBars:
    """Lay out bars; `highest` is the largest value among them."""
    several = len(bars.labels) > 1
    top = _TOP + (_KEY_HEIGHT * len(bars.labels) if several else 0)
    end = max([highest, *(level for level, _ in chart.levels)])
    step = step_for(span_of(0, end), 5, whole=not chart.percent)
    high = max(step, round_values(end, end + step, step)[0])
    scale = Scale(0, high, _LEFT, _RIGHT)
    categories, bottom = _categories(chart, bars, scale, top + _GAP / 2)
    return DrawnBars(
        top=top,
        bottom=bottom,
        height=bottom + _UNDER_PLOT,
        key=_key(bars) if several else (),
        categories=categories,
        ticks=tuple(Tick(scale.at(each), figure(each, chart.percent)) for each in round_values(0, high, step)),
        levels=tuple(Tick(scale.at(level), word) for level, word in chart.levels),
    )


def _key(bars: Bars) -> tuple[tuple[str, str, bool], ...]:
    named = zip(bars.labels, _colours(bars), strict=True)
    return tuple((label, colour, label not in bars.intervals) for label, colour in named)


def _colours(bars: Bars) -> list[str]:
    return [look.colour for look in looks(len(bars.labels))]


def _categories(chart: Chart, bars: Bars, scale: Scale, top: float) -> tuple[tuple[Category, ...], float]:
    """The categories from above to below, and where the last one ends."""
    drawn = []
    for number, name in enumerate(bars.categories):
        lines = tuple(wrapped(name, _CATEGORY_CHARACTERS).split("\n"))
        height = max(_BAR * len(bars.labels), _LINE_HEIGHT * len(lines))
        first = top + (height - _BAR * len(bars.labels)) / 2
        series = zip(bars.labels, bars.values, _colours(bars), strict=True)
        own: list[Bar] = []
        marks: list[Mark] = []
        for place, (label, values, colour) in enumerate(series):
            y = first + _BAR * place
            if label in bars.intervals:
                low, high = bars.intervals[label]
                edges = low[number], high[number]
                marks += _marks(values[number], edges, y, colour, scale, percent=chart.percent)
            else:
                own.append(_bar(values[number], y, colour, scale, percent=chart.percent))
        drawn.append(Category(y=round(top + height / 2, 1), lines=lines, bars=tuple(own), marks=tuple(marks)))
        top += height + _GAP
    return tuple(drawn), top - _GAP / 2


def _bar(value: float | None, y: float, colour: str, scale: Scale, *, percent: bool) -> Bar:
    known = value is not None and isfinite(value)
    length = round(scale.at(value) - scale.start, 1) if known and value is not None else 0.0
    return Bar(y=round(y, 1), length=max(0.0, length), height=_BAR - 2, colour=colour, figure=figure(value, percent))


def _marks(
    value: float | None,
    edges: tuple[float | None, float | None],
    y: float,
    colour: str,
    scale: Scale,
    *,
    percent: bool,
) -> Iterator[Mark]:
    """The point of a value, if there is one."""
    if value is None or not isfinite(value):
        return
    low, high = (scale.at(edge) if edge is not None and isfinite(edge) else None for edge in edges)
    line = None if low is None or high is None else (low, high)
    x = scale.at(value)
    end = max(x + _POINT, line[1] if line else 0.0)
    yield Mark(x=x, y=round(y + _BAR / 2, 1), line=line, end=end, colour=colour, figure=figure(value, percent))
