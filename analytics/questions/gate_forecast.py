"""How many reach the completion gate by the deadline, judged by what became of people who once stood where they stand.

Every number is a sum over a group; how chances are made, and their intervals, stands in `gate_history`.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import duckdb
import numpy as np
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.questions.cohorts import By, group_column, need_weeks, percent
from analytics.questions.gate_history import BANDS, FEWEST, Cell, Past, Total, finished_cohorts, total, week_at

_EVERYBODY: Final = Filters()

COLUMNS: Final = {
    "group": "programme, intake or partner; `all` when groups are not told apart",
    "enrolments": "enrolments before their deadline that have begun and are not withdrawn",
    "reached": "of these, enrolments that have reached the gate",
    "studying": "of these, enrolments that study and have not reached it: those that are forecast",
    "deferred": "of these, enrolments deferred without having reached it: not expected to",
    "by_pace": "of those studying, enrolments without enough history, forecast from their recent pace",
    "expected": "number expected at the gate by the deadline, with those who have reached it",
    "low": "lower edge of the 95 % interval of this number",
    "high": "upper edge of the 95 % interval of this number",
    "expected_share": "expected number as a share of the enrolments (0 to 1)",
    "low_share": "lower edge as a share (0 to 1)",
    "high_share": "upper edge as a share (0 to 1)",
}

_RULES: Final = (
    "Everybody is looked at as of the end of the latest study week of their plan, and only until their deadline.",
    (
        "A chance is the share that reached the gate in time of earlier people of the same programme (of all "
        f"programmes, where they are fewer than {FEWEST}) who were studying after the same share of their weeks "
        "with completion in the same band of ten percentage points. All finished cohorts are history, whatever the"
        " filters."
    ),
    (
        f"Where fewer than {FEWEST} such people are known at all, who would reach the gate at the pace of the last "
        "four study weeks counts as expected, and the interval spans from none to all of them."
    ),
    (
        "The interval takes in chance and the size of the history, not that a cohort may differ from all before "
        "it: see how often it held."
    ),
    "Forecasts are about groups; they say nothing of what a single person will do.",
)

_SHARES: Final = (0.5, 0.75)
"""How far through the weeks of finished cohorts the forecast is tried out."""
_MOST_BARS: Final = 12

_FORECAST: Final = f"""
    WITH target AS (
        SELECT l.*, l.deadline < as_of AS over, w.week::INTEGER AS week, w.ends_on
        FROM dim_plan AS l JOIN dim_week AS w USING (programme, intake), dim_time
        WHERE w.ends_on < as_of
        QUALIFY if(
            over, w.week IN ({", ".join(f"floor({share} * l.weeks + 0.5)" for share in _SHARES)}),
            w.week = max(w.week) OVER (PARTITION BY l.programme, l.intake))
    ),
    -- MATERIALIZED, so that the many weeks are looked up by the few enrolments
    aimed AS MATERIALIZED (
        SELECT e.enrolment_no, CASE WHEN NOT t.over THEN {{group}} END AS "group", t.*,
            coalesce(c.gate_reached_on <= t.deadline, FALSE) AS made_it
        FROM target AS t
        JOIN dim_enrolment AS e USING (programme, intake)
        JOIN fact_completion AS c ON c.enrolment_no = e.enrolment_no
        WHERE t.over OR ({{condition}})
    ),
    person AS (
        SELECT aimed.*, least(w.points * {BANDS} // p.points_total, {BANDS - 1})::INTEGER AS band, w.at_gate,
            w.status = 'active' AND NOT w.at_gate AS studying,
            aimed.week > 0 AND p.threshold * p.points_total <= w.points
                + greatest(0, w.points - coalesce(b.points, 0)) / least(aimed.week, 4) * (weeks - aimed.week) AS on_pace
        FROM aimed
        JOIN dim_programme AS p USING (programme)
        JOIN enrolment_week AS w ON w.enrolment_no = aimed.enrolment_no AND w.week = aimed.week
        LEFT JOIN enrolment_week AS b ON b.enrolment_no = aimed.enrolment_no AND b.week = greatest(aimed.week - 4, 0)
        WHERE w.status <> 'withdrawn'
    )
    SELECT "group", programme, intake, weeks, week, ends_on, band,
        count(*) FILTER (at_gate) AS there,
        count(*) FILTER (NOT at_gate AND NOT studying) AS deferred,
        count(*) FILTER (studying) AS people,
        count(*) FILTER (studying AND made_it) AS reached,
        count(*) FILTER (studying AND on_pace) AS paced,
        count(*) FILTER (studying AND on_pace <> made_it) AS pace_was_wrong
    FROM person
    GROUP BY ALL
    ORDER BY ALL
"""


def gate_forecast(
    connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY, *, by: By | None = None
) -> Answer:
    """The expected number and share at the gate by the deadline, per group, with an interval and its past accuracy.

    Args:
        connection: To the models.
        filters: Who is forecast, by where they are now.
        by: Tell these groups apart.

    Raises:
        QuestionError: Groups are not told apart by this.
    """
    need_weeks(connection)
    condition, values = filters.condition("e")
    query = _FORECAST.format(group=group_column(by, "e"), condition=condition)
    cells = [(group, Cell(*row)) for group, *row in connection.execute(query, values).fetchall()]
    past = finished_cohorts(connection)
    frame = _frame([each for each in cells if each[0] is not None], past)
    return Answer(
        question="gate-forecast",
        finding=_finding(frame),
        frame=frame,
        columns=COLUMNS,
        people=("enrolments", "reached", "studying", "deferred", "by_pace"),
        groups=("group",),
        notes=(*_accuracy([cell for group, cell in cells if group is None], past), *_RULES),
        chart=_chart(frame),
    )


def _frame(cells: list[tuple[str, Cell]], past: list[Past]) -> pd.DataFrame:
    rows = []
    for group, pairs in groupby(cells, key=lambda pair: pair[0]):
        own = [cell for _, cell in pairs]
        reached, deferred = sum(cell.there for cell in own), sum(cell.deferred for cell in own)
        studying, found = sum(cell.people for cell in own), total(own, past)
        enrolments, edges = reached + studying + deferred, (found.expected, found.low, found.high)
        shares = (each / enrolments for each in edges)
        rows.append((group, enrolments, reached, studying, deferred, found.by_pace, *edges, *shares))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _accuracy(cells: list[Cell], past: list[Past]) -> Iterator[str]:
    """What the forecast would have said of finished cohorts, with what was known then, and what became of them."""
    if not cells:
        yield "No cohort is over yet, so how good the forecast is cannot be said."
    for share in _SHARES:
        then = (cell for cell in cells if cell.week == week_at(share, cell.weeks))
        cohorts = [list(own) for _, own in groupby(then, key=lambda cell: (cell.programme, cell.intake))]
        tried = [(total(own, past), own) for own in cohorts if any(cell.people for cell in own)]
        for method in ("history", "pace"):
            some = [(found, own) for found, own in tried if _method(found, own) == method]
            if some:
                yield _told(share, method, some)


def _method(found: Total, cells: list[Cell]) -> str:
    """How most of the people were forecast."""
    return "pace" if found.by_pace * 2 > sum(cell.people for cell in cells) else "history"


def _told(share: float, method: str, cohorts: list[tuple[Total, list[Cell]]]) -> str:
    errors, held = [], 0
    for found, own in cohorts:
        there = sum(cell.there for cell in own)
        actual = there + sum(cell.reached for cell in own)
        errors.append((found.expected - actual) / (there + sum(cell.people for cell in own)))
        held += found.low <= actual <= found.high
    people = sum(cell.people for _, own in cohorts for cell in own)
    brier = sum(found.squared_error for found, _ in cohorts) / people
    coverage = f", the interval held what happened {held} times" if method == "history" else ""
    return (
        f"Tried out after {share:.0%} of the weeks of {len(cohorts)} finished cohorts, by {method} as known then: "
        f"mean error {np.mean(errors) * 100:+.1f} percentage points (without sign "
        f"{np.mean(np.abs(errors)) * 100:.1f}){coverage}, Brier score {brier:.3f} over {people:,} people."
    )


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "Nobody who was asked for is on the way to a deadline, so there is nothing to forecast."
    if len(frame) == 1:
        row = frame.iloc[0]
        return (
            f"{row['expected']:,.0f} of {row['enrolments']:,} participants ({percent(row['expected_share'])}) are "
            f"expected to reach the gate by their deadline (95 % interval {percent(row['low_share'])} to "
            f"{percent(row['high_share'])}); {row['reached']:,} have."
        )
    in_order = frame.sort_values("expected_share", kind="stable")
    low, high = in_order.iloc[0], in_order.iloc[-1]
    return (
        f"Between {percent(low['expected_share'])} ({low['group']}) and {percent(high['expected_share'])} "
        f"({high['group']}) are expected to reach the gate by their deadline."
    )


def _chart(frame: pd.DataFrame) -> Chart | None:
    if frame.empty:
        return None
    shown = frame.nsmallest(_MOST_BARS, "expected_share")
    labels = ("Reached", "Expected", "Lower edge", "Upper edge")
    values = (shown["reached"] / shown["enrolments"], *(shown[f"{name}_share"] for name in ("expected", "low", "high")))
    bars = Bars(categories=shown["group"].tolist(), labels=labels, values=tuple(each.tolist() for each in values))
    return Chart(x_title="Group", y_title="Participants at the gate by the deadline", bars=bars)
