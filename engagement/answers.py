"""Shows and writes the answers of `engagement analyse`: for people as a table and a chart, for other tools as files."""

import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.answer import Answer
from analytics.charts import draw, form_of
from analytics.exports import export
from analytics.suppression import MARK
from engagement import output
from engagement.asking import Format
from engagement.output import Column

_SHOWN = 60
"""Rows of a table on screen; longer ones are for other tools."""

_OF_RATIOS = "0 to 1"
"""Said by what a column means when it holds ratios; its values do not tell, for a number can be below 1."""


def show(answer: Answer) -> None:
    """Print an answer for people: the finding, the table with percents, and the notes."""
    sys.stdout.write(f"{answer.finding}\n")
    frame = answer.frame.head(_SHOWN)
    if len(frame):
        columns, cells = zip(*(_column(answer, name) for name in frame.columns), strict=True)
        keys = max(1, sum(name in answer.groups for name in frame.columns[: len(answer.groups)]))
        output.table("", columns, list(zip(*cells, strict=True)), keys=keys)
    if len(frame) < len(answer.frame):
        sys.stdout.write(f"These are {len(frame)} of {len(answer.frame):,} rows; --format csv has all.\n\n")
    for note in answer.notes:
        sys.stdout.write(f"Note: {note}\n")


def write(answer: Answer, form: Format, into: Path | None) -> None:
    """Write an answer for other tools, small groups hidden; what is to be known about it goes to standard error.

    Raises:
        ExportError: The file cannot be written.
    """
    if form is Format.json:
        text = json.dumps(_as_data(answer), indent=2, ensure_ascii=False) + "\n"
        if into is None:
            sys.stdout.write(text)
        else:
            into.write_text(text, encoding="utf-8")
    else:
        written = export(answer, "csv" if form is Format.csv else "parquet", into or sys.stdout)
        output.say(written.finding)
        for note in written.notes:
            output.say(f"Note: {note}")
    if into is not None:
        output.say(f"Wrote {into}.")


def write_chart(answer: Answer, path: Path) -> None:
    """Draw the chart of an answer, with a table of the same figures beside it for those who do not see it.

    Raises:
        ChartError: There is nothing to draw, or too much.
        ExportError: The table cannot be written.
    """
    table = path.with_suffix(".csv")
    path.write_bytes(draw(answer, form_of(path), table.name))
    written = export(answer, "csv", table)
    output.say(f"Wrote {path}, and its figures as a table to {table}.")
    if MARK in written.frame and written.frame[MARK].any():
        output.say("The chart shows groups of fewer than 5 people, which its table hides; do not pass it on.")


def _as_data(answer: Answer) -> dict[str, Any]:
    """The answer as JSON has it: what was found and what to know about it, beside the rows."""
    rows = io.StringIO()
    written = export(answer, "json", rows)
    return {
        "question": written.question,
        "finding": written.finding,
        "notes": list(written.notes),
        "columns": written.columns,
        "rows": json.loads(rows.getvalue()),
    }


def _column(answer: Answer, name: str) -> tuple[Column, list[object]]:
    """A column of the table on screen, and its cells."""
    values = answer.frame[name]
    heading = name.replace("_", " ").capitalize()
    if pd.api.types.is_float_dtype(values):
        ratio = _OF_RATIOS in answer.columns.get(name, "")
        return Column(heading, figures=True), [_figure(each, ratio=ratio) for each in values.head(_SHOWN)]
    figures = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return Column(heading, figures=figures), [_cell(each) for each in values.head(_SHOWN).tolist()]


def _figure(value: float, *, ratio: bool) -> object:
    """A figure with decimals; a ratio is rounded to a tenth of a percent, as in findings."""
    if math.isnan(value):
        return None
    if not ratio:
        return int(value) if value.is_integer() else value
    return f"{value * 100:.1f} %"


def _cell(value: object) -> object:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return json.dumps(value)
    if pd.isna(value):  # type: ignore[call-overload]  # of one value, whatever it is
        return None
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return date(value.year, value.month, value.day)
    return value
