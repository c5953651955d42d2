"""The chart of an answer as a picture, checked before it is drawn; matplotlib is loaded only then."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Final, Literal

from analytics.answer import Answer, Chart
from learning.errors import EngagementError

MOST_SERIES: Final = 4
"""More than this cannot be told apart at a glance."""

Form = Literal["svg", "png"]


class ChartError(EngagementError):
    """What was asked for cannot be drawn; the message says why."""


def form_of(path: Path) -> Form:
    """The kind of picture that a file name asks for.

    Raises:
        ChartError: It ends in neither `.svg` nor `.png`.
    """
    match path.suffix.lower():
        case ".svg":
            return "svg"
        case ".png":
            return "png"
        case _:
            raise ChartError(f"a chart cannot be written as {path.name}; end the name in .svg or .png")


def draw(answer: Answer, form: Form, table: str | None = None) -> bytes:
    """The answer's chart, as the same bytes each time it is drawn.

    Args:
        answer: Its finding becomes the title.
        form: `svg` or `png`.
        table: The name of a file with the figures, which the description of an SVG then names.

    Raises:
        ChartError: The answer has no chart, the chart has no values or more than four series, or its parts do not fit.
    """
    chart = answer.chart
    if chart is None:
        raise ChartError(f"the answer to {answer.question} has no chart; leave the chart out")
    _check(chart, answer.question)
    from analytics.charting.picture import picture  # noqa: PLC0415 - matplotlib is slow to load, and rarely needed

    return picture(chart, answer.finding, _description(chart, table), form)


def _check(chart: Chart, question: str) -> None:
    series = len(chart.lines) + (len(chart.bars.labels) if chart.bars else 0)
    if chart.lines and chart.bars:
        raise ChartError(f"the chart of {question} mixes lines and bars; draw one of the two")
    if series > MOST_SERIES:
        raise ChartError(
            f"the chart of {question} would have {series} series, of which {MOST_SERIES} at most can be told apart; "
            "choose fewer groups with filters, or take the table"
        )
    if not all(_fits(chart)):
        raise ChartError(f"the chart of {question} has series whose parts are of different lengths; this is a mistake")
    if not any(isfinite(each) for each in _values(chart)):
        raise ChartError(f"there is nothing to draw for {question}; choose other filters or another day")


def _fits(chart: Chart) -> list[bool]:
    parts: list[tuple[Sequence[Any], Sequence[Any]]] = [
        (line.x, other) for line in chart.lines for other in (line.y, line.low, line.high) if other is not None
    ]
    if chart.bars:
        parts += [(chart.bars.labels, chart.bars.values)]
        edges = [row for pair in chart.bars.intervals.values() for row in pair]
        parts += [(chart.bars.categories, values) for values in (*chart.bars.values, *edges)]
    return [len(one) == len(other) for one, other in parts]


def _values(chart: Chart) -> list[float]:
    rows = [row for line in chart.lines for row in (line.y, line.low, line.high) if row is not None]
    rows += [row for _, row in chart.bars.rows] if chart.bars else []
    return [float(each) for row in rows for each in row if each is not None]


def _description(chart: Chart, table: str | None) -> str:
    bars = chart.bars
    series = [line.label for line in chart.lines] if bars is None else list(bars.labels)
    kind = "Lines" if bars is None else bars.kind
    levels = "".join(f" A horizontal line marks {word}." for _, word in chart.levels)
    where = f"The same figures stand as a table in {table}." if table else "The same figures are there as a table."
    return f"{kind} of {chart.y_title} by {chart.x_title}: {', '.join(series)}.{levels} {where}"
