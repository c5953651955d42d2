"""Lines, steps, points and bands of a chart, each line named where it ends."""

from collections.abc import Callable, Sequence
from datetime import date
from math import isfinite, nan
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from analytics.answer import Chart, Line, Place
from analytics.charting.palette import INK, PAPER, QUIET, Look, looks
from analytics.charting.words import plain, wrapped

_APART = 0.13
"""Between two marks along a line, as a part of the diagonal: enough to tell it by, few enough to see the line."""

_LABEL_WIDTH = 22
_LINE_OF_LABEL = 0.052
"""Height of one line of a label, as a part of the axes."""

_SMALL = 9
"""Size of words within the axes."""

_MONTHS_FROM = 240
"""Days from which on an axis names months rather than days."""

_BAND = 0.16

_RIGHT = 0.85
"""Part of the axes from which on the name of a point stands on its left."""


def draw_lines(axes: Axes, chart: Chart) -> None:
    """Draw every line with its band, then what the lines are called."""
    styles = looks(len(chart.lines))
    with_points = any(line.style == "points" for line in chart.lines)
    for number, (line, look) in enumerate(zip(chart.lines, styles, strict=True)):
        limit = with_points and (line.style == "dashed" or line.low is not None)
        _draw_line(axes, line, look, first_mark=None if limit else _APART * number / len(styles))
    _set_places(axes, chart)
    _set_span(axes, chart)
    _draw_levels(axes, chart)
    _name_points(axes, chart)
    _name_ends(axes, [line for line in chart.lines if line.style != "points" and _rows(line)])
    if with_points:
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.09), frameon=False, borderaxespad=0, handletextpad=0.2)


def _draw_line(axes: Axes, line: Line, look: Look, *, first_mark: float | None) -> None:
    """Draw one line and its band; without a first mark it is a limit, whose marks would pass for points."""
    x, y = _places(line.x), _numbers(line.y)
    step: Literal["post"] | None = "post" if line.style == "steps" else None
    if line.style == "points":
        axes.plot(
            *(x, y),
            linestyle="",
            marker=look.marker,
            color=look.colour,
            markersize=7,
            label=plain(line.label),
            zorder=3.5,  # above all lines
        )
        axes.lines[-1].set(markeredgecolor=PAPER, markeredgewidth=0.8)
    else:
        axes.plot(x, y, color=look.colour, linewidth=2.2, zorder=3, label="_named where it ends")
        axes.lines[-1].set(
            linestyle=(0, (5, 2.5)) if line.style == "dashed" else "-",
            drawstyle="steps-post" if step else "default",
        )
        _mark(axes.lines[-1], look, first_mark, alone=len(_finite(line.y)) <= 1)
    if line.low is not None and line.high is not None:
        low, high = _numbers(line.low), _numbers(line.high)
        axes.fill_between(x, low, high, step=step, color=look.colour, alpha=_BAND, linewidth=0, zorder=1)
        for edge in (low, high):
            axes.plot(x, edge, color=look.colour, linewidth=0.8, zorder=2, label="_edge of a band")
            axes.lines[-1].set_drawstyle("steps-post" if step else "default")


def _mark(drawn: Line2D, look: Look, first_mark: float | None, *, alone: bool) -> None:
    """Marks along a line tell it apart; of a limit, only a value that stands alone has one: a stroke."""
    if first_mark is not None:
        drawn.set(marker=look.marker, markersize=6, markeredgecolor=PAPER)
        drawn.set_markevery(None if alone else (first_mark, _APART))
    elif alone:
        drawn.set(marker="_", markersize=14, markeredgewidth=2.2)


def _set_places(axes: Axes, chart: Chart) -> None:
    """Days on the axis are written as days."""
    if any(isinstance(each, date) for line in chart.lines for each in line.x):
        days = [each for line in chart.lines for each in line.x if isinstance(each, date)]
        form = "%d %b %Y" if (max(days) - min(days)).days < _MONTHS_FROM else "%b %Y"
        locator = AutoDateLocator(minticks=4, maxticks=7)  # type: ignore[no-untyped-call]  # matplotlib has no types
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(DateFormatter(form))  # type: ignore[no-untyped-call]  # as above
    elif all(float(each).is_integer() for line in chart.lines for each in _places(line.x)):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))
    axes.margins(x=0.02)


def _set_span(axes: Axes, chart: Chart) -> None:
    """From 0 upwards, unless everything lies in the upper half: then the axis says that it does not begin at 0."""
    shown = [each for line in chart.lines for row in _rows(line) for each in _finite(row)]
    shown += [level for level, _ in chart.levels]
    lowest, highest = min(shown), max(shown)
    room = (highest - min(lowest, 0)) * 0.06 or 0.05
    top = min(highest + room, 1.02) if chart.percent and highest <= 1 else highest + room
    bottom = min(0.0, lowest - room) if lowest < 0 else 0.0
    if chart.percent and lowest > 0.5:  # noqa: PLR2004 - the upper half of a ratio
        bottom = int(lowest * 10 - 0.05) / 10
        axes.set_ylabel(f"{plain(chart.y_title)} (axis begins at {bottom:.0%})".replace("%", " %"))
    axes.set_ylim(bottom, top)


def _draw_levels(axes: Axes, chart: Chart) -> None:
    for level, word in chart.levels:
        axes.axhline(level, color=QUIET, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
        _write(axes, word, xy=(0.0, level), xycoords=axes.get_yaxis_transform(), xytext=(4, 3))


def _name_points(axes: Axes, chart: Chart) -> None:
    for x, y, word in chart.names:
        [place] = _places([x])
        at_the_right = (axes.transData + axes.transAxes.inverted()).transform((place, y))[0] > _RIGHT
        side: Literal["left", "right"] = "right" if at_the_right else "left"
        _write(axes, word, xy=(place, y), xycoords="data", xytext=(-7 if at_the_right else 7, 4), ha=side)


def _write(
    axes: Axes,
    word: str,
    *,
    xy: tuple[float, float],
    xycoords: Any,
    xytext: tuple[float, float],
    ha: Literal["left", "right"] = "left",
) -> None:
    axes.annotate(
        plain(word),
        xy=xy,
        xycoords=xycoords,
        xytext=xytext,
        textcoords="offset points",
        va="bottom",
        ha=ha,
        fontsize=_SMALL,
        color=QUIET,
        bbox={"facecolor": PAPER, "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
        zorder=4,
    )


def _name_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """Write each label to the right of the axes beside the line's end, apart enough to be read."""
    ends = [_end(line) for line in lines]
    to_axes = axes.transData + axes.transAxes.inverted()
    labels = [wrapped(line.label, _LABEL_WIDTH) for line in lines]
    wanted = [float(to_axes.transform(end)[1]) for end in ends]
    heights = [_LINE_OF_LABEL * (label.count("\n") + 1) for label in labels]
    for end, label, height in zip(ends, labels, _spread(wanted, heights), strict=True):
        axes.annotate(
            label,
            xy=end,
            xytext=(1.03, height),
            textcoords="axes fraction",
            va="center",
            color=INK,
            fontsize=10,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": QUIET,
                "linewidth": 0.9,
                "linestyle": ":",
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),  # from the label's own side, so that it crosses no other label
            },
        )


def _end(line: Line) -> tuple[float, float]:
    """Where the last value of a line lies; of a band without a line, the end of its upper edge."""
    return [pair for pair in zip(_places(line.x), _numbers(_rows(line)[0]), strict=True) if isfinite(pair[1])][-1]


def _rows(line: Line) -> list[Sequence[float | None]]:
    """The values of a line and of the edges of its band, where there are any."""
    return [row for row in (line.y, line.high, line.low) if row is not None and _finite(row)]


def _spread(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Places as near to the wanted ones as can be, in their order, so that nothing overlaps."""
    order = sorted(range(len(wanted)), key=lambda each: (wanted[each], each))
    places = dict.fromkeys(order, 0.0)
    free = -1.0
    for each in order:
        places[each] = max(wanted[each], free + heights[each] / 2)
        free = places[each] + heights[each] / 2
    free = 1.0 + max(heights, default=0) / 2
    for each in reversed(order):
        places[each] = min(places[each], free - heights[each] / 2)
        free = places[each] - heights[each] / 2
    return [places[each] for each in range(len(wanted))]


def _places(places: Sequence[Place]) -> list[float]:
    """Places as numbers; days as matplotlib counts them."""
    number: Callable[[Place], float] = date2num  # it has no types
    return [float(number(each)) if isinstance(each, date) else float(each) for each in places]


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [nan if value is None else float(value) for value in values]


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in _numbers(values) if isfinite(value)]
