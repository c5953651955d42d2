"""Paths of the lines and bands of a chart, parted where a value is missing."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite
from typing import TypeVar

from analytics.answer import Line
from dashboard.drawing_axes import Scale, place

Point = tuple[float, float]
"""x and y, in units of the drawing."""

_Value = TypeVar("_Value")


def located(line: Line, values: Sequence[float | None], across: Scale, up: Scale) -> list[Point | None]:
    """Where the values of a line lie, one each; None where there is none."""
    return [
        None if value is None or not isfinite(value) else (across.at(place(x)), up.at(value))
        for x, value in zip(line.x, values, strict=True)
    ]


def runs_of(values: Sequence[_Value | None]) -> Iterator[list[_Value]]:
    """Values that stand beside each other; a missing one parts them."""
    run: list[_Value] = []
    for value in (*values, None):
        if value is not None:
            run.append(value)
        elif run:
            yield run
            run = []


def path_of(run: Sequence[Point], *, steps: bool) -> str:
    """A line through points, as in the `d` of a path; in steps, each value holds until the next place."""
    return f"M{_through(_stepped(run) if steps else run)}"


def band_of(line: Line, across: Scale, up: Scale) -> str | None:
    """The outline of a line's band, likewise: along the upper edge and back along the lower one."""
    if line.low is None or line.high is None:
        return None
    lows, highs = (located(line, edge, across, up) for edge in (line.low, line.high))
    both = [(low, high) if low and high else None for low, high in zip(lows, highs, strict=True)]
    outlines = [_outline(run, steps=line.style == "steps") for run in runs_of(both)]
    return " ".join(outlines) or None


def _outline(run: Sequence[tuple[Point, Point]], *, steps: bool) -> str:
    lower, upper = ([pair[edge] for pair in run] for edge in (0, 1))
    if steps:
        lower, upper = _stepped(lower), _stepped(upper)
    return f"M{_through([*upper, *lower[::-1]])}Z"


def _through(points: Sequence[Point]) -> str:
    return "L".join(f"{x:g} {y:g}" for x, y in points)


def _stepped(run: Sequence[Point]) -> list[Point]:
    corners = [corner for (_, before), (x, y) in pairwise(run) for corner in ((x, before), (x, y))]
    return [run[0], *corners]
