"""What follows alerts: whether somebody takes care, makes contact, the flag clears and the person comes back."""

from collections.abc import Iterator
from typing import Final

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import need_table, percent

COLUMNS: Final = {
    "partner": "delivery partner, as it is now",
    "level": "level of the flag on the day the alert was sent; 'not known' without decisions",
    "step": "what followed the alert: acknowledged, contacted, resolved or came back",
    "alerts": "alerts that were sent",
    "followed_7": "of these, alerts followed for at least 7 days since they were sent",
    "within_7": "of those followed for 7 days, where the step came within them",
    "within_7_rate": "within_7 as a ratio of followed_7, 0 to 1",
    "followed_14": "alerts followed for at least 14 days since they were sent",
    "within_14": "of those followed for 14 days, where the step came within them",
    "within_14_rate": "within_14 as a ratio of followed_14, 0 to 1",
    "followed_28": "alerts followed for at least 28 days since they were sent",
    "within_28": "of those followed for 28 days, where the step came within them",
    "within_28_rate": "within_28 as a ratio of followed_28, 0 to 1",
}

HORIZONS: Final = (7, 14, 28)
"""Days within which a step is looked for."""

STEPS: Final = ("acknowledged", "contacted", "resolved", "came back")

_EVERYBODY: Final = Filters()

# An alert counts from the first message about it that was accepted; reminders and escalations tell of the same one.
_ALERTS: Final = """
    CREATE TEMP TABLE alert_response AS
    WITH alert AS (
        SELECT row_number() OVER () AS alert_no, enrolment_no, enrolment, min(sent_at) AS sent_at
        FROM fact_alert JOIN dim_enrolment USING (enrolment_no)
        WHERE step <> 'resolved'
        GROUP BY enrolment_no, enrolment, alert
    ),
    dated AS (SELECT *, uk_day(sent_at) AS sent_on FROM alert),
    levelled AS (
        SELECT dated.*, coalesce(decided.level, 'not known') AS level
        FROM dated ASOF LEFT JOIN fact_decision AS decided
            ON dated.enrolment = decided.enrolment AND dated.sent_on >= decided.day
    ),
    acknowledged AS (
        SELECT alert_no, uk_day(min(acknowledged_at)) AS acknowledged_on
        FROM dated JOIN fact_acknowledgement USING (enrolment_no) WHERE acknowledged_at >= sent_at GROUP BY alert_no
    ),
    contacted AS (
        SELECT alert_no, uk_day(min(contacted_at)) AS contacted_on
        FROM dated JOIN fact_contact USING (enrolment_no) WHERE contacted_at >= sent_at GROUP BY alert_no
    ),
    resolved AS (
        SELECT alert_no, min(day) AS resolved_on
        FROM dated JOIN fact_decision USING (enrolment) WHERE change = 'cleared' AND day > sent_on GROUP BY alert_no
    ),
    back AS (
        SELECT alert_no, min(active_on) AS returned_on
        FROM dated JOIN fact_activity USING (enrolment_no) WHERE last_at > sent_at GROUP BY alert_no
    )
    SELECT enrolment_no, level, sent_on, as_of, acknowledged_on, contacted_on, resolved_on, returned_on
    FROM levelled CROSS JOIN dim_time
        LEFT JOIN acknowledged USING (alert_no)
        LEFT JOIN contacted USING (alert_no)
        LEFT JOIN resolved USING (alert_no)
        LEFT JOIN back USING (alert_no)
"""

_RATES: Final = """
    WITH chosen AS (
        SELECT a.*, e.partner FROM alert_response AS a JOIN dim_enrolment AS e USING (enrolment_no) WHERE {condition}
    ),
    step AS (
        SELECT 1 AS place, 'acknowledged' AS step, *, acknowledged_on AS happened_on FROM chosen
        UNION ALL SELECT 2, 'contacted', *, contacted_on FROM chosen
        UNION ALL SELECT 3, 'resolved', *, resolved_on FROM chosen
        UNION ALL SELECT 4, 'came back', *, returned_on FROM chosen
    ),
    timed AS (SELECT *, happened_on - sent_on AS days, as_of - sent_on AS followed FROM step)
    SELECT partner, level, step, count(*) AS alerts, {horizons}
    FROM timed
    GROUP BY partner, level, place, step
    ORDER BY partner, array_position(['critical', 'at-risk', 'watch', 'on-track', 'not known'], level), place
"""

_NOTES: Final = (
    (
        "This does not say whether alerts help: everybody whose flag was raised is told of, so there is nobody to "
        "compare with. Many come back, and many flags clear, without any alert. Only a trial, in which chance decides "
        "who is told of first, could tell."
    ),
    (
        "An alert counts from the first message about it that a receiver's server accepted; that somebody read it is "
        "not known. Reminders and escalations belong to the same alert."
    ),
    (
        "Steps are looked for one by one: contact may follow without an acknowledgement. Contact is any attempt; "
        "resolved is that the flag was cleared; a return is the first time the person was seen at work afterwards."
    ),
    "A rate is of the alerts that have been followed for so many days. Recommended withdrawals are not in.",
)


def alert_response(connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY) -> Answer:
    """Follow every alert that was sent: acknowledged, contacted, resolved, back at work within 7, 14 and 28 days.

    Args:
        connection: To the models, with the decisions of the projections.
        filters: About whom alerts were sent, by where they are now.
    """
    need(connection, "dim_time", "dim_enrolment", "fact_alert", "fact_acknowledgement")
    need(connection, "fact_contact", "fact_decision", "fact_activity")
    condition, values = filters.condition("e")
    need_table(connection, "alert_response", _ALERTS)
    frame = connection.execute(_RATES.format(condition=condition, horizons=", ".join(_horizons())), values).df()
    return Answer(
        question="alert-response",
        finding=_finding(frame),
        frame=frame[list(COLUMNS)],
        columns=COLUMNS,
        people=("alerts", *(f"{word}_{days}" for days in HORIZONS for word in ("followed", "within"))),
        groups=("partner", "level"),
        notes=_NOTES,
        chart=_chart(frame),
    )


def _horizons() -> Iterator[str]:
    for days in HORIZONS:
        followed, within = f"followed >= {days}", f"followed >= {days} AND days < {days}"
        yield f"count(*) FILTER ({followed}) AS followed_{days}"
        yield f"count(*) FILTER ({within}) AS within_{days}"
        yield f"count(*) FILTER ({within}) / nullif(count(*) FILTER ({followed}), 0) AS within_{days}_rate"


def _overall(frame: pd.DataFrame, step: str, days: int) -> float | None:
    """The rate of a step over all partners and levels; None while no alert was followed for so long."""
    rows = frame[frame["step"] == step]
    followed = rows[f"followed_{days}"].sum()
    return float(rows[f"within_{days}"].sum() / followed) if followed else None


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No alert was sent about anybody of this selection."
    of_one = frame[frame["step"] == STEPS[0]]
    if not of_one["followed_7"].any():
        return f"None of {int(of_one['alerts'].sum()):,} alerts has been followed for 7 days yet."
    acknowledged, contacted, resolved, back = (percent(_overall(frame, step, 7) or 0.0) for step in STEPS)
    return (
        f"Within 7 days of {int(of_one['followed_7'].sum()):,} alerts, {acknowledged} were acknowledged, {contacted} "
        f"were followed by a contact and {resolved} were resolved; {back} of the people came back, alert or not."
    )


def _chart(frame: pd.DataFrame) -> Chart | None:
    if frame.empty or not frame["followed_7"].any():
        return None
    rates = [[_overall(frame, step, days) for step in STEPS] for days in HORIZONS]
    return Chart(
        x_title="What followed",
        y_title="Share of the alerts followed so long",
        bars=Bars(categories=list(STEPS), labels=[f"within {days} days" for days in HORIZONS], values=rates),
    )
