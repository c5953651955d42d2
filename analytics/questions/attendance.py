"""Who comes to live sessions: registers by kind of session, weekday and delivery partner."""

from typing import Final, NamedTuple

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.questions.cohorts import percent
from analytics.questions.sessions import need_sessions
from analytics.wilson import wilson

COLUMNS: Final = {
    "breakdown": "what the rows are told apart by: kind, weekday or partner",
    "group": "the kind of session, the weekday (UK) on which it was held, or the partner the person is with now",
    "sessions": "sessions held: a component, partner, intake and day with a line that says attended or absent",
    "register_lines": "people expected at the sessions, each once a session",
    "attended": "lines that say attended",
    "caught_up": "lines of who was absent and caught up later, or of whom only the catching up was recorded",
    "absent": "lines of who was absent and has not caught up",
    "attended_rate": "attended of all lines, 0 to 1",
    "attended_low": "lower end of the 95 % interval of attended_rate, 0 to 1",
    "attended_high": "upper end of the 95 % interval of attended_rate, 0 to 1",
    "caught_up_rate": "caught up of all lines, 0 to 1",
    "absent_rate": "absent of all lines, 0 to 1",
}

_EVERYBODY: Final = Filters()

_QUERY: Final = """
    WITH session AS (
        SELECT any_value(p.partner) AS partner, coalesce(any_value(s.kind), 'unknown') AS kind,
            isodow(s.held_on) AS weekday, bool_or(s.held)::INTEGER AS held, sum(s.lines) AS lines,
            sum(s.attended) AS attended, sum(s.caught_up) AS caught_up
        FROM register_session AS s JOIN register_place AS p USING (place)
        WHERE {condition}
        GROUP BY p.room, s.component, s.held_on
    )
    SELECT
        CASE WHEN grouping(kind) = 0 THEN 'kind' WHEN grouping(weekday) = 0 THEN 'weekday' ELSE 'partner' END
            AS breakdown,
        coalesce(kind, dayname(DATE '2024-01-01' + (weekday - 1)::INTEGER), partner) AS "group",
        sum(held)::BIGINT AS sessions,
        sum(lines)::BIGINT AS register_lines,
        sum(attended)::BIGINT AS attended,
        sum(caught_up)::BIGINT AS caught_up,
        sum(lines - attended - caught_up)::BIGINT AS absent
    FROM session
    GROUP BY GROUPING SETS (kind, weekday, partner)
    ORDER BY list_position(['kind', 'weekday', 'partner'], breakdown), weekday, "group"
"""

_NOTES: Final = (
    (
        "A line is a person expected at a session. Who was absent and caught up on the component later counts as "
        "caught up; where only the catching up was recorded, its own day is taken for the session's."
    ),
    (
        "A weakness is named when the 95 % Wilson interval of the weakest kind or weekday lies wholly below that of "
        "all others together. Lines are taken as independent, which makes the intervals a little too narrow."
    ),
    "Sessions without any register are not known here; `engagement analyse timeliness` says how late registers come.",
)

_MOST_DRAWN: Final = 13
"""Kinds and weekdays that fit on one chart."""


class _Weakest(NamedTuple):
    breakdown: str
    group: str
    rate: float
    lines: int
    others: float
    """Rate of all other groups together."""


def attendance(connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY) -> Answer:
    """Count attended, caught-up and absent by kind of session, weekday and delivery partner.

    Args:
        connection: To the models.
        filters: Whose registers, by where they are now.
    """
    need_sessions(connection)
    condition, values = filters.condition("p")
    frame = connection.execute(_QUERY.format(condition=condition), values).df()
    frame = _with_rates(frame)[list(COLUMNS)]
    return Answer(
        question="attendance",
        finding=_finding(frame),
        frame=frame,
        columns=COLUMNS,
        people=("register_lines", "attended", "caught_up", "absent"),
        groups=("breakdown", "group"),
        notes=_NOTES,
        chart=_chart(frame),
    )


def _with_rates(frame: pd.DataFrame) -> pd.DataFrame:
    intervals = [wilson(*pair) for pair in zip(frame["attended"], frame["register_lines"], strict=True)]
    rates = {f"{word}_rate": frame[word] / frame["register_lines"] for word in ("attended", "caught_up", "absent")}
    return frame.assign(
        **rates,
        attended_low=[each.low for each in intervals],
        attended_high=[each.high for each in intervals],
    )


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No register is known for this selection."
    lines, attended = (
        int(frame.loc[frame["breakdown"] == "kind", each].sum()) for each in ("register_lines", "attended")
    )
    weakest = [each for breakdown in ("kind", "weekday") for each in _weakest(frame[frame["breakdown"] == breakdown])]
    if not weakest:
        return (
            f"{percent(attended / lines)} of {lines:,} register lines say attended; "
            "no kind of session and no weekday stands out more than chance would make it."
        )
    worst = max(weakest, key=lambda each: each.others - each.rate)
    where = f"for the kind {worst.group}" if worst.breakdown == "kind" else f"on {worst.group}s"
    return (
        f"Attendance is weakest {where}: {percent(worst.rate)} of {worst.lines:,} register lines say attended, "
        f"against {percent(worst.others)} of all others."
    )


def _weakest(rows: pd.DataFrame) -> list[_Weakest]:
    """The group with the lowest rate, if it lies below all others together by more than chance."""
    worst = rows.sort_values("attended_rate", kind="stable").iloc[0]
    lines, attended = int(worst["register_lines"]), int(worst["attended"])
    other_lines, other_attended = int(rows["register_lines"].sum()) - lines, int(rows["attended"].sum()) - attended
    if not other_lines or wilson(attended, lines).high >= wilson(other_attended, other_lines).low:
        return []
    found = _Weakest(
        str(worst["breakdown"]), str(worst["group"]), attended / lines, lines, other_attended / other_lines
    )
    return [found]


def _chart(frame: pd.DataFrame) -> Chart | None:
    rows = frame[frame["breakdown"] != "partner"].head(_MOST_DRAWN)
    if rows.empty:
        return None
    labels = {"attended_rate": "attended", "caught_up_rate": "caught up", "absent_rate": "absent"}
    return Chart(
        x_title="Kind of session, and weekday",
        y_title="Share of register lines",
        bars=Bars(
            categories=rows["group"].tolist(),
            labels=list(labels.values()),
            values=[rows[column].tolist() for column in labels],
        ),
    )
