"""How completion grows study week by study week beside the plan, so that cohorts of different ages can be compared."""

from typing import Final

import duckdb
import pandas as pd

from analytics.answer import Answer, Chart, Line
from analytics.filters import Filters
from analytics.questions.cohorts import (
    MOST_GROUPS_DRAWN,
    TAKEN_BACK_NOTE,
    By,
    group_column,
    line_of,
    need_weeks,
    percent,
)

_EVERYBODY: Final = Filters()

COLUMNS: Final = {
    "group": "programme, intake or partner; `all` when groups are not told apart",
    "week": "study weeks of the person's own plan that were over; 0 is the start",
    "enrolled": "enrolments that had begun by the week's last day and whose plan has got so far",
    "studying": "of these, enrolments that were studied on the week's last day",
    "deferred": "of these, enrolments deferred on that day",
    "left": "of these, enrolments withdrawn by that day",
    "completion": "mean completion of those studying at the end of the week (0 to 1)",
    "lower_quartile": "completion that three quarters of those studying had at least (0 to 1)",
    "median": "completion that half of them had at least (0 to 1)",
    "upper_quartile": "completion that a quarter of them had at least (0 to 1)",
    "at_gate": "share of those studying that had reached the completion gate (0 to 1)",
    "expected": "mean completion that the plans of those studying have due by then (0 to 1)",
    "completion_with_left": "mean completion of everybody enrolled, who left or paused included (0 to 1)",
}

_RULES: Final = (
    "Everybody is measured at the end of the study weeks of their own plan; only weeks that are over are shown.",
    (
        "An enrolment counts as studying in the weeks on whose last day it was active: who joins late counts from then "
        "on, who is deferred is left out until they are back, who withdraws is left out from then on. "
        "`completion_with_left` keeps everybody, so losing weak participants cannot raise it."
    ),
    "Late weeks hold only the intakes that have got so far, so compare them with care.",
    TAKEN_BACK_NOTE,
)

_CURVE: Final = """
    WITH chosen AS (
        SELECT e.enrolment_no, p.points_total, {group} AS named, dense_rank() OVER (ORDER BY named) AS group_no
        FROM dim_enrolment AS e JOIN dim_programme AS p USING (programme)
        WHERE {condition}
    ),
    counted AS (
        SELECT c.group_no, w.week, w.points, c.points_total, w.status, w.at_gate,
            count(*) AS people, sum(w.points_due) AS points_due
        FROM enrolment_week AS w JOIN chosen AS c USING (enrolment_no)
        GROUP BY ALL
    ),
    level AS (
        SELECT group_no, week, points / points_total AS reached, sum(people) AS enrolled,
            coalesce(sum(people) FILTER (status = 'active'), 0) AS studying,
            coalesce(sum(people) FILTER (status = 'deferred'), 0) AS deferred,
            coalesce(sum(people) FILTER (status = 'active' AND at_gate), 0) AS at_gate,
            sum(points_due / points_total) FILTER (status = 'active') AS due
        FROM counted
        GROUP BY ALL
    ),
    ranked AS (
        SELECT *, sum(studying) OVER (so_far) / sum(studying) OVER (PARTITION BY group_no, week) AS up_to
        FROM level
        WINDOW so_far AS (PARTITION BY group_no, week ORDER BY reached)
    )
    SELECT any_value(n.named) AS "group", week::INTEGER AS week, sum(enrolled)::BIGINT AS enrolled,
        sum(studying)::BIGINT AS studying, sum(deferred)::BIGINT AS deferred,
        sum(enrolled - studying - deferred)::BIGINT AS left,
        sum(reached * studying) / sum(studying) AS completion,
        min(reached) FILTER (up_to >= 0.25) AS lower_quartile,
        min(reached) FILTER (up_to >= 0.5) AS median,
        min(reached) FILTER (up_to >= 0.75) AS upper_quartile,
        sum(at_gate) / sum(studying) AS at_gate,
        sum(due) / sum(studying) AS expected,
        sum(reached * enrolled) / sum(enrolled) AS completion_with_left
    FROM ranked JOIN (SELECT DISTINCT group_no, named FROM chosen) AS n USING (group_no)
    GROUP BY group_no, week
    HAVING sum(studying) > 0
    ORDER BY "group", week
"""

_GATES: Final = """
    SELECT DISTINCT p.threshold FROM dim_enrolment AS e JOIN dim_programme AS p USING (programme) WHERE {condition}
"""


def completion_curve(
    connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY, *, by: By | None = None
) -> Answer:
    """Mean and quartiles of completion at the end of each study week, with the plan and the share at the gate.

    Args:
        connection: To the models.
        filters: Whom to measure, by where they are now.
        by: Tell these groups apart.

    Raises:
        QuestionError: Groups are not told apart by this.
    """
    need_weeks(connection)
    condition, values = filters.condition("e")
    frame = connection.execute(_CURVE.format(group=group_column(by, "e"), condition=condition), values).df()
    gates = [gate for (gate,) in connection.execute(_GATES.format(condition=condition), values).fetchall()]
    drawn = frame.groupby("group")["studying"].max().nlargest(MOST_GROUPS_DRAWN).index
    return Answer(
        question="completion-curve",
        finding=_finding(frame),
        frame=frame,
        columns=COLUMNS,
        people=("enrolled", "studying", "deferred", "left"),
        groups=("group",),
        notes=(*_notes(frame), *_RULES),
        chart=_chart(frame[frame["group"].isin(drawn)], gates) if len(frame) else None,
    )


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No study week is over for anybody who was asked for, so there is no completion to show."
    weeks = {str(group): _told_week(own) for group, own in frame.groupby("group")}
    week = min(weeks.values())
    rows = frame[frame["week"] == week].sort_values(["completion", "group"])
    if len(weeks) == 1 or len(rows) == 1:
        [row] = rows.head(1).to_dict("records")
        name = "" if len(weeks) == 1 else f" of {row['group']}"
        return (
            f"After study week {week} the {row['studying']:,} participants{name} still studying have completed "
            f"{percent(row['completion'])} on average; the plan has {percent(row['expected'])} due."
        )
    low, high = rows.iloc[0], rows.iloc[-1]
    return (
        f"After study week {week} mean completion lies between {percent(low['completion'])} ({low['group']}) and "
        f"{percent(high['completion'])} ({high['group']})."
    )


def _told_week(own: pd.DataFrame) -> int:
    """The last week for which at least half of the group's largest number is there."""
    return int(own.loc[own["enrolled"] * 2 >= own["enrolled"].max(), "week"].max())


def _notes(frame: pd.DataFrame) -> list[str]:
    if frame.empty:
        return []
    last = frame.loc[frame.groupby("group")["left"].idxmax()]
    notes = [
        f"Withdrawn in the weeks shown: {last['left'].sum():,} of {frame.groupby('group')['enrolled'].max().sum():,}."
    ]
    groups = frame["group"].nunique()
    if groups > MOST_GROUPS_DRAWN:
        notes.append(f"The chart shows the {MOST_GROUPS_DRAWN} largest of {groups} groups; the table has all.")
    return notes


def _chart(frame: pd.DataFrame, gates: list[float]) -> Chart:
    lines: tuple[Line, ...]
    if len(frame["group"].unique()) == 1:
        band = ("lower_quartile", "upper_quartile")
        lines = (
            line_of("Mean of those studying, with the middle half", frame, "week", "completion", band=band),
            line_of("Due by the plan", frame, "week", "expected", style="dashed"),
            line_of("Mean with those who left", frame, "week", "completion_with_left"),
        )
    else:
        lines = tuple(line_of(str(group), own, "week", "completion") for group, own in frame.groupby("group"))
    levels = ((gates[0], "Gate"),) if len(gates) == 1 else ()
    return Chart(x_title="Study week", y_title="Completion", lines=lines, levels=levels)
