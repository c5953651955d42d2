"""How far a fixed group came between two days, so that two moments can be compared without comparing other people."""

from datetime import date, timedelta
from typing import Final

import duckdb
import pandas as pd

from analytics.answer import Answer, Chart
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import TAKEN_BACK_NOTE, QuestionError, line_of, need_flips, percent

_EVERYBODY: Final = Filters()

COLUMNS: Final = {
    "day": "day as which begins the group is measured",
    "enrolments": "enrolments of the group; the same on every day",
    "left": "of these, enrolments withdrawn by then",
    "completion": "mean completion of the group (0 to 1)",
    "expected": "mean completion that the plans of the group have due by then (0 to 1)",
    "lag_weeks": "mean study weeks by which the group is behind its plans; nobody counts as ahead",
}

_RULES: Final = (
    (
        "The group is everybody who was studying on the day before the first day; it stays the same. Who leaves or"
        " pauses stays in it with what they have done, and the plan goes on for them, so losing people cannot look"
        " like progress."
    ),
    (
        "The plan is the one everybody has now. Who joined late or came back is held against the whole of it here; the "
        "live pictures spread what was left over the weeks left."
    ),
    TAKEN_BACK_NOTE,
)

_USUAL_LENGTH: Final = timedelta(weeks=12)
_WEEK: Final = timedelta(weeks=1)
_MOST_STEPS: Final = 26

_TREND: Final = """
    WITH moment AS (
        SELECT unnest(range(1, len($days::DATE[]) + 1)) AS moment, unnest($days::DATE[]) AS day
    ),
    plan AS (
        SELECT row_number() OVER ()::INTEGER AS plan_no, l.programme, l.intake, p.points_total
        FROM dim_plan AS l JOIN dim_programme AS p USING (programme)
    ),
    member AS (
        SELECT e.enrolment_no, plan.plan_no
        FROM dim_enrolment AS e JOIN plan USING (programme, intake) JOIN fact_spell AS s USING (enrolment_no)
        WHERE s.status = 'active' AND s.from_on < $since AND coalesce(s.until_on >= $since, TRUE) AND {condition}
    ),
    -- how many of a plan have so many points from one moment to another, by the numbers of these
    stretch AS (
        SELECT member.plan_no, flip.reached AS points,
            CASE WHEN flip.flipped_on < $since THEN 1 ELSE (flip.flipped_on - $since) // $step + 2 END AS first_moment,
            CASE WHEN flip.until_on < $until THEN (flip.until_on - $since) // $step + 1 ELSE len($days) END
                AS last_moment,
            count(*) AS enrolments
        FROM point_flip AS flip JOIN member USING (enrolment_no)
        WHERE flip.flipped_on < $until AND coalesce(flip.until_on >= $since, TRUE)
        GROUP BY ALL
    ),
    spread AS (
        SELECT stretch.plan_no, moment.moment, stretch.points, sum(stretch.enrolments) AS enrolments
        FROM stretch JOIN moment ON moment.moment BETWEEN stretch.first_moment AND stretch.last_moment
        GROUP BY ALL
    ),
    due AS (
        SELECT plan.plan_no, moment.moment,
            coalesce(sum(c.points) FILTER (d.due_on < moment.day), 0) AS due_points
        FROM plan JOIN dim_due AS d USING (programme, intake) JOIN dim_component AS c USING (programme, component)
            CROSS JOIN moment
        GROUP BY ALL
    ),
    week AS (
        SELECT plan.plan_no, w.week, w.ends_on, round(w.expected * plan.points_total) AS points
        FROM dim_week AS w JOIN plan USING (programme, intake)
    ),
    over AS (
        SELECT week.plan_no, moment.moment, max(week.week) AS weeks
        FROM week JOIN moment ON week.ends_on < moment.day
        GROUP BY ALL
    ),
    fulfilled AS (
        SELECT s.plan_no, s.points, max(week.week) AS weeks
        FROM (SELECT DISTINCT plan_no, points FROM spread) AS s
        JOIN week ON week.plan_no = s.plan_no AND week.points <= s.points
        GROUP BY ALL
    ),
    gone AS (
        SELECT moment.moment, count(*) AS enrolments
        FROM member
        JOIN (SELECT * FROM fact_spell WHERE status = 'withdrawn') AS s USING (enrolment_no)
        JOIN moment ON s.from_on < moment.day AND coalesce(s.until_on >= moment.day, TRUE)
        GROUP BY ALL
    )
    SELECT moment.day, sum(spread.enrolments)::BIGINT AS enrolments, coalesce(any_value(gone.enrolments), 0) AS left,
        sum(spread.enrolments * spread.points / plan.points_total) / sum(spread.enrolments) AS completion,
        sum(spread.enrolments * due.due_points / plan.points_total) / sum(spread.enrolments) AS expected,
        sum(spread.enrolments * greatest(0, coalesce(over.weeks, 0) - fulfilled.weeks)) / sum(spread.enrolments)
            AS lag_weeks
    FROM spread
    JOIN moment USING (moment)
    JOIN plan USING (plan_no)
    JOIN due USING (plan_no, moment)
    JOIN fulfilled USING (plan_no, points)
    LEFT JOIN over USING (plan_no, moment)
    LEFT JOIN gone USING (moment)
    GROUP BY moment.day
    ORDER BY moment.day
"""


def completion_trend(
    connection: duckdb.DuckDBPyConnection,
    filters: Filters = _EVERYBODY,
    *,
    since: date | None = None,
    until: date | None = None,
) -> Answer:
    """Mean completion, plan and lag of the same people at days between two dates, a week or whole weeks apart.

    Args:
        connection: To the models.
        filters: Whom to measure, by where they are now.
        since: The first day; twelve weeks before the last by default.
        until: The last day; the day as of which the connection measures by default.

    Raises:
        QuestionError: The days are in the wrong order, or nothing is known of the last one yet.
    """
    need(connection, "dim_time", "dim_plan", "dim_week", "dim_due", "dim_programme", "dim_component")
    need(connection, "dim_enrolment", "fact_spell")
    need_flips(connection)
    days = _days(connection, since, until)
    frame = _measured(connection, filters, days)
    return Answer(
        question="completion-trend",
        finding=_finding(frame, days),
        frame=frame,
        columns=COLUMNS,
        people=("enrolments", "left"),
        notes=_RULES,
        chart=_chart(frame) if len(frame) else None,
    )


def _days(connection: duckdb.DuckDBPyConnection, since: date | None, until: date | None) -> list[date]:
    """The days to measure: the first, then whole weeks apart, and the last; not more than a chart can show."""
    [(as_of,)] = connection.execute("SELECT as_of FROM dim_time").fetchall()
    last = until or as_of
    first = since or last - _USUAL_LENGTH
    if first >= last:
        raise QuestionError(f"a trend from {first} to {last} has no length; choose a first day before the last")
    if last > as_of:
        raise QuestionError(f"nothing is known of {last} yet; choose {as_of} or an earlier day as the last")
    step = _WEEK * -(-(last - first) // (_WEEK * _MOST_STEPS))
    return [*(first + step * number for number in range(-(-(last - first) // step))), last]


def _measured(connection: duckdb.DuckDBPyConnection, filters: Filters, days: list[date]) -> pd.DataFrame:
    given = {name: value for name, value in filters._asdict().items() if value is not None}
    condition = " AND ".join(["TRUE", *(f"e.{name} = ${name}" for name in given)])
    asked = {"days": days, "since": days[0], "until": days[-1], "step": (days[1] - days[0]).days}
    frame = connection.execute(_TREND.format(condition=condition), {**given, **asked}).df()
    return frame.assign(day=[each.date() for each in frame["day"]])


def _finding(frame: pd.DataFrame, days: list[date]) -> str:
    if frame.empty:
        return f"Nobody who was asked for was studying before {days[0]}, so there is no trend to show."
    first, last = frame.iloc[0], frame.iloc[-1]
    behind = last["lag_weeks"] - first["lag_weeks"]
    return (
        f"Mean completion of the same {first['enrolments']:,} participants went from {percent(first['completion'])} on "
        f"{first['day']} to {percent(last['completion'])} on {last['day']}, where the plan went from "
        f"{percent(first['expected'])} to {percent(last['expected'])}; they are {last['lag_weeks']:.1f} study weeks "
        f"behind ({behind:+.1f})."
    )


def _chart(frame: pd.DataFrame) -> Chart:
    lines = (
        line_of("Mean completion", frame, "day", "completion"),
        line_of("Due by the plan", frame, "day", "expected", style="dashed"),
    )
    return Chart(x_title="Day", y_title="Completion", lines=lines)
