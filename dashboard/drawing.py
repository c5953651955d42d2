"""Where everything of a chart lies, so that a template has only to write it down as SVG.

A unit of a drawing is a pixel at its full width; x runs to the right and y downwards. Nothing here is markup.
"""

from collections.abc import Sequence
from datetime import date
from math import isfinite
from typing import Final

from msgspec import Struct

from analytics.answer import Bars, Chart, Line
from analytics.charting.palette import looks
from analytics.charting.words import wrapped
from analytics.charts import MOST_SERIES, ChartError
from dashboard.drawing_axes import Scale, Tick, days_named, place, round_values, span_of, spread, step_for
from dashboard.drawing_bars import DrawnBars, draw_bars
from dashboard.drawing_paths import Point, band_of, located, path_of, runs_of
from dashboard.drawing_tables import Table, figure, table_of

WIDTH, HEIGHT = 820.0, 400.0
LEFT, TOP, RIGHT, BOTTOM = 56.0, 40.0, 560.0, 344.0
"""The edges of the plot; to its right stand the labels."""

_INSET: Final = 8.0
_LABELS_AT: Final = RIGHT + 22
_LINE_HEIGHT: Final = 18.0
_LABEL_CHARACTERS: Final = 22
_DASHES: Final = ("8 4", "2 3", "12 4 2 4", "16 5")
"""Patterns that tell lines apart without colour; one line may be unbroken."""

_NAMES_TURN_AT: Final = LEFT + 0.75 * (RIGHT - LEFT)
"""From here on the name of a point stands on its left."""


class Series(Struct, frozen=True, kw_only=True):
    """One line, or the points, of a chart."""

    label: str
    colour: str
    dash: str | None
    """As in `stroke-dasharray`; None: unbroken."""
    path: str | None
    """As in the `d` of a path; None where there is no line."""
    band: str | None
    """The outline of its band, likewise."""
    dots: tuple[Point, ...]
    """Where it is only points: those of such a series, or of a line a value with none beside it."""


class Label(Struct, frozen=True, kw_only=True):
    """Words beside something."""

    x: float
    y: float
    """The middle of the words."""
    lines: tuple[str, ...]
    at: Point
    """What they belong to."""
    on_left: bool = False
    """Whether the words end at `x`."""


class Drawing(Struct, frozen=True, kw_only=True):
    """A chart of lines and points; `bars` stand in their place where it has some."""

    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    top: float = TOP
    right: float = RIGHT
    bottom: float = BOTTOM
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...] = ()
    labels: tuple[Label, ...] = ()
    """What the series are called, one each."""
    levels: tuple[Tick, ...] = ()
    names: tuple[Label, ...] = ()
    bars: DrawnBars | None = None
    table: Table
    description: str


def draw(chart: Chart) -> Drawing | None:
    """Lay out a chart; None when it has no values.

    Raises:
        ChartError: It has more than four series, which could not be told apart.
    """
    series = len(chart.bars.labels) if chart.bars else len(chart.lines)
    if series > MOST_SERIES:
        raise ChartError(
            f"a chart of {series} series cannot be read, {MOST_SERIES} at most can be told apart; choose fewer groups"
        )
    if not _values(chart):
        return None
    return _drawn_bars(chart, chart.bars) if chart.bars else _drawn_lines(chart)


def _values(chart: Chart) -> list[float]:
    rows = [row for line in chart.lines for row in (line.y, line.low, line.high) if row is not None]
    rows += [row for _, row in chart.bars.rows] if chart.bars else []
    return [float(each) for row in rows for each in row if each is not None and isfinite(each)]


def _drawn_bars(chart: Chart, bars: Bars) -> Drawing:
    drawn = draw_bars(chart, bars, max(_values(chart)))
    return Drawing(
        width=WIDTH,
        height=drawn.height,
        left=drawn.left,
        right=drawn.right,
        bottom=drawn.bottom,
        x_title=chart.x_title,
        y_title=chart.y_title,
        x_ticks=(),
        y_ticks=drawn.ticks,
        levels=drawn.levels,
        bars=drawn,
        table=table_of(chart),
        description=_description(chart, bars.kind, bars.labels),
    )


def _drawn_lines(chart: Chart) -> Drawing:
    across, up = _across(chart), _up(chart)
    y_ticks = _y_ticks(chart, up)
    from_zero = up.low <= 0
    y_title = chart.y_title if from_zero else f"{chart.y_title} (axis begins at {figure(up.low, chart.percent)})"
    styles = looks(len(chart.lines))
    dashes = _dashes(chart.lines)
    series = tuple(
        _series(line, look.colour, dash, across, up)
        for line, look, dash in zip(chart.lines, styles, dashes, strict=True)
    )
    return Drawing(
        x_title=chart.x_title,
        y_title=y_title,
        x_ticks=_x_ticks(chart, across),
        y_ticks=y_ticks,
        series=series,
        labels=_labels(chart.lines, across, up),
        levels=tuple(Tick(up.at(level), word) for level, word in chart.levels),
        names=tuple(_name(across.at(place(x)), up.at(y), word) for x, y, word in chart.names),
        table=table_of(chart),
        description=_description(chart, "Lines", [line.label for line in chart.lines]),
    )


def _description(chart: Chart, kind: str, series: Sequence[str]) -> str:
    levels = "".join(f" A level marks {word}." for _, word in chart.levels)
    return f"{kind} of {chart.y_title} by {chart.x_title}: {', '.join(series)}.{levels} The figures follow as a table."


def _across(chart: Chart) -> Scale:
    places = [place(each) for line in chart.lines for each in line.x]
    low, high = min(places), max(places)
    if low == high:
        low, high = low - 1, high + 1
    return Scale(low, high, LEFT + _INSET, RIGHT - _INSET)


def _up(chart: Chart) -> Scale:
    """From 0 to a round value, unless all ratios lie in the upper half: then the axis says where it begins."""
    shown = [*_values(chart), *(level for level, _ in chart.levels)]
    lowest, highest = min(shown), max(shown)
    begin = 0.0 if lowest >= 0 and not (chart.percent and lowest > 0.5) else lowest  # noqa: PLR2004 - the upper half
    step = step_for(span_of(begin, highest), 5)
    low = round_values(begin - step, begin, step)[-1]
    high = round_values(highest, highest + step, step)[0]
    if low == high:
        low, high = (low - step, high) if chart.percent and high >= 1 else (low, high + step)
    return Scale(low, high, BOTTOM, TOP)


def _y_ticks(chart: Chart, up: Scale) -> tuple[Tick, ...]:
    step = step_for(up.high - up.low, 6)
    return tuple(Tick(up.at(each), figure(each, chart.percent)) for each in round_values(up.low, up.high, step))


def _x_ticks(chart: Chart, across: Scale) -> tuple[Tick, ...]:
    places = [each for line in chart.lines for each in line.x]
    if any(isinstance(each, date) for each in places):
        first, last = date.fromordinal(round(across.low)), date.fromordinal(round(across.high))
        return tuple(Tick(across.at(place(each)), name) for each, name in days_named(first, last, 6))
    whole = all(float(place(each)).is_integer() for each in places)
    step = step_for(across.high - across.low, 8, whole=whole)
    return tuple(Tick(across.at(each), figure(each)) for each in round_values(across.low, across.high, step))


def _dashes(lines: Sequence[Line]) -> list[str | None]:
    """A pattern of its own for each line: the first that may be unbroken is."""
    patterns = iter(_DASHES)
    unbroken = next((number for number, line in enumerate(lines) if line.style in ("line", "steps")), None)
    return [
        None if number == unbroken or line.style == "points" else next(patterns) for number, line in enumerate(lines)
    ]


def _series(line: Line, colour: str, dash: str | None, across: Scale, up: Scale) -> Series:
    steps = line.style == "steps"
    points = located(line, line.y, across, up)
    if line.style == "points":
        dots = tuple(each for each in points if each is not None)
        return Series(label=line.label, colour=colour, dash=None, path=None, band=None, dots=dots)
    runs = list(runs_of(points))
    return Series(
        label=line.label,
        colour=colour,
        dash=dash,
        path=" ".join(path_of(run, steps=steps) for run in runs if len(run) > 1) or None,
        band=band_of(line, across, up),
        dots=tuple(run[0] for run in runs if len(run) == 1),
    )


def _labels(lines: Sequence[Line], across: Scale, up: Scale) -> tuple[Label, ...]:
    """Each label beside where its line ends, far enough from the others to be read; that of points at the top."""
    texts = [tuple(wrapped(line.label, _LABEL_CHARACTERS).split("\n")) for line in lines]
    ends = [_end(line, across, up) for line in lines]
    middles = spread([end[1] for end in ends], [_LINE_HEIGHT * len(text) + 4 for text in texts], TOP, BOTTOM)
    return tuple(
        Label(x=_LABELS_AT, y=round(middle, 1), lines=text, at=end)
        for text, end, middle in zip(texts, ends, middles, strict=True)
    )


def _end(line: Line, across: Scale, up: Scale) -> Point:
    points = [each for each in located(line, line.y, across, up) if each is not None]
    return (RIGHT, TOP) if line.style == "points" or not points else points[-1]


def _name(x: float, y: float, word: str) -> Label:
    on_left = x > _NAMES_TURN_AT
    return Label(x=x - 8 if on_left else x + 8, y=y, lines=(word,), at=(x, y), on_left=on_left)


class PlanBar(Struct, frozen=True, kw_only=True):
    """A bar of completion beside the plan; places run from 0 to `width`."""

    width: float
    done: float
    due: float | None
    """Where the plan expects completion to be."""
    gate: float | None


def plan_bar(completion: float, expected: float | None, gate: float | None, width: float = 160) -> PlanBar:
    """Lay out completion, what the plan has due, and the gate: ratios from 0 to 1; None where it is not known."""
    done, due, at_gate = (
        None if each is None else round(min(max(each, 0), 1) * width, 1) for each in (completion, expected, gate)
    )
    return PlanBar(width=width, done=done or 0.0, due=due, gate=at_gate)
