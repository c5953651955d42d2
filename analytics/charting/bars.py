"""Bars of a chart, side by side for each category, each with its figure."""

from math import isfinite, nan
from typing import Any

from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from analytics.answer import Bars, Chart
from analytics.charting.palette import PAPER, QUIET, Look, looks
from analytics.charting.words import plain

_ROOM = 0.8
"""What the bars of a category take of its place."""

_SHORT_WORDS = 64
"""Characters of all categories that fit under upright bars."""

_MOST_FIGURES = 40
"""Bars that can have their figures written on them."""


def lie_down(bars: Bars) -> bool:
    """Whether the bars run from left to right, because their categories need the room."""
    return sum(len(each) + 2 for each in bars.categories) > _SHORT_WORDS


def draw_bars(axes: Axes, chart: Chart, bars: Bars) -> None:
    """Draw the bars, their figures, the levels, and a key when there is more than one series."""
    lying = lie_down(bars)
    places, width = range(len(bars.categories)), _ROOM / len(bars.labels)
    figures = len(bars.categories) * len(bars.labels) <= _MOST_FIGURES
    for number, (label, look) in enumerate(zip(bars.labels, looks(len(bars.labels)), strict=True)):
        values = [_number(value) for value in bars.values[number]]
        at = [place + (number + 0.5) * width - _ROOM / 2 for place in places]
        if label in bars.intervals:
            _draw_points(axes, bars, label, at, look, lying=lying, percent=chart.percent if figures else None)
            continue
        style: dict[str, Any] = {
            "color": look.colour,
            "hatch": look.hatch,
            "edgecolor": PAPER,
            "label": plain(label),
            "zorder": 3,
        }
        drawn = axes.barh(at, values, width, **style) if lying else axes.bar(at, values, width, **style)
        if figures:
            _write_figures(axes, drawn, values, percent=chart.percent)
    _name_categories(axes, bars, lying=lying)
    _draw_levels(axes, chart, lying=lying)
    if len(bars.labels) > 1:
        axes.legend(
            *(axes.get_legend_handles_labels()[0], [plain(each) for each in bars.labels]),
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=len(bars.labels),
            frameon=False,
            borderaxespad=0.3,
        )


def _draw_points(
    axes: Axes, bars: Bars, label: str, at: list[float], look: Look, *, lying: bool, percent: bool | None
) -> None:
    """Draw a point for each category and the line of its interval; `percent` None: without figures."""
    values = [_number(each) for each in bars.values[list(bars.labels).index(label)]]
    low, high = ([_number(each) for each in edge] for edge in bars.intervals[label])
    edges = [
        [max(0.0, value - edge) for value, edge in zip(values, low, strict=True)],
        [max(0.0, edge - value) for value, edge in zip(values, high, strict=True)],
    ]
    style: dict[str, Any] = {
        "fmt": look.marker,
        "color": look.colour,
        "label": plain(label),
        "capsize": 4,
        "elinewidth": 2,
        "markersize": 7,
        "zorder": 3,
    }
    if lying:
        axes.errorbar(values, at, xerr=edges, **style)
    else:
        axes.errorbar(at, values, yerr=edges, **style)
    for place, value, top in zip(at, values, high, strict=True) if percent is not None else ():
        if isfinite(value):
            end = max(each for each in (value, top) if isfinite(each))
            axes.annotate(
                _written(value, percent=bool(percent)),
                (end, place) if lying else (place, end),
                xytext=(4, 0) if lying else (0, 4),
                textcoords="offset points",
                ha="left" if lying else "center",
                va="center" if lying else "bottom",
                fontsize=8.5,
                color=QUIET,
            )


def _number(value: float | None) -> float:
    return nan if value is None else value


def _written(value: float, *, percent: bool) -> str:
    return f"{round(value * 100, 1):g} %" if percent else f"{value:,.3g}"


def _write_figures(axes: Axes, drawn: BarContainer, values: list[float], *, percent: bool) -> None:
    written = ["" if not isfinite(each) else _written(each, percent=percent) for each in values]
    axes.bar_label(drawn, written, padding=2, fontsize=8.5, color=QUIET)


def _name_categories(axes: Axes, bars: Bars, *, lying: bool) -> None:
    names = [plain(each) for each in bars.categories]
    if lying:
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
    else:
        axes.set_xticks(range(len(names)), names)
    axes.margins(0.12 if lying else 0.03, 0.02 if lying else 0.12)


def _draw_levels(axes: Axes, chart: Chart, *, lying: bool) -> None:
    for level, word in chart.levels:
        style: dict[str, Any] = {"color": QUIET, "linewidth": 1.2, "linestyle": (0, (1, 2)), "zorder": 4}
        if lying:
            axes.axvline(level, **style)
            place, across = (level, 1.0), axes.get_xaxis_transform()
        else:
            axes.axhline(level, **style)
            place, across = (1.0, level), axes.get_yaxis_transform()
        axes.annotate(
            plain(word), place, xycoords=across, xytext=(3, 3), textcoords="offset points", fontsize=9, color=QUIET
        )
