"""What a question answers with: a table, the finding in a sentence, what to know about it, and a chart to draw."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

import pandas as pd
from msgspec import Struct

Place = float | date


class Line(Struct, frozen=True, kw_only=True):
    """One series of a chart; `low` and `high` are the edges of a band around it."""

    label: str
    x: Sequence[Place]
    y: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    style: Literal["line", "steps", "dashed", "points"] = "line"


class Bars(Struct, frozen=True, kw_only=True):
    """Bars side by side for each category: `values` has one sequence a label.

    A label that is named in `intervals` is no bar, which would say that all up to its end is counted: it is a point,
    with a line from the low edges to the high ones.
    """

    categories: Sequence[str]
    labels: Sequence[str]
    values: Sequence[Sequence[float | None]]
    intervals: Mapping[str, tuple[Sequence[float | None], Sequence[float | None]]] = MappingProxyType({})

    @property
    def kind(self) -> str:
        """What is drawn, in words that "of something" can follow."""
        return "Bars, and points with the line of their interval," if self.intervals else "Bars"

    @property
    def rows(self) -> Iterator[tuple[str, Sequence[float | None]]]:
        """Every row of values with its name, the edges of intervals after what they are about."""
        for label, values in zip(self.labels, self.values, strict=True):
            yield label, values
            for edge, row in zip(("low", "high"), self.intervals.get(label, ()), strict=False):
                yield f"{label}: {edge}", row


class Chart(Struct, frozen=True, kw_only=True):
    """A chart of at most four series; its title is the finding of the answer."""

    x_title: str
    y_title: str
    percent: bool = True
    """Whether y is a ratio, shown as percent."""
    lines: tuple[Line, ...] = ()
    bars: Bars | None = None
    levels: tuple[tuple[float, str], ...] = ()
    """Horizontal lines with a word, such as the gate at 0.9."""
    names: tuple[tuple[Place, float, str], ...] = ()
    """Names of single points: x, y and what to write there."""


class Answer(Struct, frozen=True, kw_only=True):
    """The answer to one question."""

    question: str
    """Its name on the command line."""
    finding: str
    """One sentence with the figure that matters; the chart's title."""
    frame: pd.DataFrame
    """One row a group or step: snake_case columns, ratios from 0 to 1, days as dates."""
    columns: dict[str, str]
    """What each column of the frame means; of ratios it says `0 to 1`, and only those become percents on screen."""
    people: tuple[str, ...] = ()
    """Columns that count people, of whom few could be recognised."""
    groups: tuple[str, ...] = ()
    """Columns that tell the groups of people apart."""
    notes: tuple[str, ...] = ()
    """What to know before the figures are used."""
    chart: Chart | None = None
