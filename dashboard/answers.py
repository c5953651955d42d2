"""Makes answers of analysts' questions ready for a page: the chart laid out, and the figures as a table of texts."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import pandas as pd

from analytics.answer import Answer
from dashboard.asking import Found, Wish
from dashboard.drawing import draw
from dashboard.drawing_tables import Table
from dashboard.links import to_csv
from dashboard.wording import NOTHING, day, number, percent

_OF_RATIOS: Final = "0 to 1"
"""Said by what a column means when it holds ratios."""


def shown(
    found: Found,
    wish: Wish,
    id: str,  # noqa: A002 - as in HTML
    title: str,
    columns: Iterable[str] | None = None,
) -> dict[str, Any]:
    """What `parts/answers.html` writes down.

    Args:
        found: The answer, or why there is none.
        wish: What was asked.
        id: Unique on the page.
        title: What the question is about, in words.
        columns: Of the answer's table, to stand beside the chart in place of the chart's own figures.
    """
    answer = found.answer
    told: dict[str, Any] = {"id": id, "title": title, "found": found, "answer": answer, "drawing": None, "table": None}
    told["csv"] = to_csv(f"questions/{wish.question}", wish.filters._asdict(), **dict(wish.options))
    if answer is not None:
        told["drawing"] = draw(answer.chart) if answer.chart else None
        told["table"] = as_table(answer, columns) if columns is not None else None
    return told


def as_table(answer: Answer, columns: Iterable[str]) -> Table:
    """Some columns of an answer's table, as they are read: ratios in percent, days in words."""
    names = list(columns)
    cells = [
        [_written(value, ratio=_OF_RATIOS in answer.columns[name]) for value in answer.frame[name]] for name in names
    ]
    return Table(tuple(_heading(name) for name in names), tuple(zip(*cells, strict=True)))


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _written(value: Any, *, ratio: bool) -> str:
    if pd.isna(value):
        return NOTHING
    if isinstance(value, str):
        return value
    if isinstance(value, date):  # also the timestamps of pandas
        return day(value.date() if isinstance(value, pd.Timestamp) else value)
    return percent(float(value)) if ratio else number(int(value) if float(value).is_integer() else float(value))
