"""The page of measures: every column of the stored read model and of the queries over it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from sqlalchemy import Table, insert

from learning.policy import RATIOS
from learning.signals import SIGNALS
from pages import measure_texts as texts
from pages.markdown import code, docstring, page, table
from pages.measure_texts import Text
from projections import (
    cohort_completion,
    enrolment_progress,
    enrolment_risk,
    partner_summary,
    risk_history,
    timeline,
)
from projections.schema import Instant, metadata
from projections.store import Store

_TABLES = {
    "enrolment_progress": texts.ENROLMENT_PROGRESS,
    "enrolment_state": texts.ENROLMENT_STATE,
    "enrolment_risk": texts.ENROLMENT_RISK,
    "risk_history": texts.RISK_HISTORY,
    "outbox": texts.OUTBOX,
    "day_started": texts.DAY_STARTED,
    "checkpoint": texts.CHECKPOINT,
    "about": texts.ABOUT,
}


def measures_page() -> str:
    """The whole page.

    Raises:
        KeyError: A table or a column has no words, or words stand there for none.
    """
    cohorts, partners = _group_columns()
    shown = ("enrolment_progress", "enrolment_risk", "risk_history")
    others = [name for name in metadata.tables if name not in shown]
    return page(
        "Measures",
        "Every column of the read models. Ratios lie between 0 and 1 and become percent only on screen; moments are in "
        "UTC; days are days in the United Kingdom. An empty cell means that nothing is known yet: before a first day "
        "has started on the log, for instance, nothing is measured against the plan.",
        "## Enrolment progress",
        f"{_purpose(enrolment_progress)} It is the table `enrolment_progress`.",
        _stored("enrolment_progress"),
        "## At-risk register",
        f"{_purpose(enrolment_risk)} It is the table `enrolment_risk`; `engagement at-risk` shows it.",
        _stored("enrolment_risk"),
        "## Risk history",
        f"{_purpose(risk_history)} It is the table `risk_history`.",
        _stored("risk_history"),
        "## Signals",
        "What can be a reason. The [risk policy](../how-to/change-the-risk-policy.md) says from which figure each one "
        "counts and how much; `engagement policy show` prints it.",
        _signals(),
        "## Cohorts",
        f"{_purpose(cohort_completion)} `engagement cohort` shows it.",
        _table(cohorts, texts.COHORTS),
        "## Partners",
        f"{_purpose(partner_summary)} `engagement partners` shows it.",
        _table(partners, texts.PARTNERS),
        "## Timeline",
        f"{_purpose(timeline)} `engagement show` prints it.",
        _table((field.name for field in msgspec.structs.fields(timeline.Entry)), texts.TIMELINE),
        "## The tables beside them",
        *(block for name in others for block in (f"### `{name}`", _stored(name))),
    )


def _signals() -> str:
    rows = (
        (code(each.code), each.title, f"{each.measures}{' (ratio, 0 to 1)' if each.code in RATIOS else ''}")
        for each in SIGNALS.values()
    )
    return table(("signal", "title", "figure"), rows)


def _purpose(module: object) -> str:
    return docstring(module).splitlines()[0].removeprefix("Read model: ").capitalize()


def _stored(name: str) -> str:
    return _table((column.name for column in metadata.tables[name].columns), _TABLES[name])


def _table(columns: Iterable[str], words: Mapping[str, Text]) -> str:
    names = list(columns)
    if unused := words.keys() - set(names):
        raise KeyError(f"docs/pages/measure_texts.py describes columns that are not there: {sorted(unused)}")
    return table(("column", "unit", "meaning"), ((code(name), words[name].unit, words[name].meaning) for name in names))


def _group_columns() -> tuple[list[str], list[str]]:
    """The columns of the queries, as they answer for a store with one enrolment."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "store.db") as store, store.connect() as connection:
        connection.execute(insert(metadata.tables["enrolment_progress"]).values(_some_row()))
        [cohort] = cohort_completion.cohorts(connection)
        [partner] = partner_summary.partners(connection)
    return list(cohort), list(partner)


def _some_row() -> dict[str, Any]:
    table: Table = metadata.tables["enrolment_progress"]
    day = date(2025, 9, 8)
    moment = datetime.combine(day, time(), tzinfo=UTC)
    samples = {str: "x", int: 1, float: 0.5, bool: True, date: day}
    return {
        column.name: moment if isinstance(column.type, Instant) else samples[column.type.python_type]
        for column in table.columns
        if not column.nullable
    }
