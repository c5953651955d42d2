"""Do alerts help: how soon somebody is contacted after a flag, and whether they come back."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import need_table, percent
from analytics.wilson import wilson

COLUMNS: Final = {
    "step": "what is timed: from where to where",
    "group": "all flags, or those that are compared",
    "flags": "flags that the step is timed for",
    "followed_7": "of these, flags followed for at least 7 days since the step began",
    "within_7": "of those followed for 7 days, where the step ended within them",
    "within_7_rate": "within_7 as a ratio of followed_7, 0 to 1",
    "followed_14": "flags followed for at least 14 days since the step began",
    "within_14": "of those followed for 14 days, where the step ended within them",
    "within_14_rate": "within_14 as a ratio of followed_14, 0 to 1",
    "followed_28": "flags followed for at least 28 days since the step began",
    "within_28": "of those followed for 28 days, where the step ended within them",
    "within_28_rate": "within_28 as a ratio of followed_28, 0 to 1",
    "lower_quartile_days": "days within which a quarter of followed_28 had it; empty when fewer had it within 28 days",
    "median_days": "days within which half of followed_28 had it; empty when fewer had it within 28 days",
    "upper_quartile_days": "days within which three quarters had it; empty when fewer had it within 28 days",
    "ended_before": "flags that were cleared, or whose enrolment was withdrawn or deferred, before the step ended",
}

HORIZONS: Final = (7, 14, 28)
"""Days within which a step is looked for."""

_LANDMARK: Final = 7
_LAST: Final = 28

_EVERYBODY: Final = Filters()

# A flag holds from the day it is raised until it is cleared, raised anew, or the enrolment is withdrawn or deferred.
# What is done about it counts while it holds.
_FLAGS: Final = f"""
    CREATE TEMP TABLE flag_response AS
    WITH turn AS (
        SELECT e.enrolment_no, d.change, d.day AS raised_on,
            lead(d.day) OVER (PARTITION BY d.enrolment ORDER BY d.day) AS over_on
        FROM fact_decision AS d JOIN dim_enrolment AS e USING (enrolment)
        WHERE d.change IN ('raised', 'cleared')
    ),
    raised AS (SELECT row_number() OVER () AS flag_no, * FROM turn WHERE change = 'raised'),
    paused AS (
        SELECT flag_no, min(s.from_on) AS left_on
        FROM raised JOIN fact_spell AS s USING (enrolment_no)
        WHERE s.status <> 'active' AND s.from_on >= raised_on
        GROUP BY flag_no
    ),
    flag AS (
        SELECT flag_no, enrolment_no, raised_on, least(over_on, left_on) AS ended_on
        FROM raised LEFT JOIN paused USING (flag_no)
    ),
    contact AS (
        SELECT flag_no, min(contacted_at) AS contacted_at,
            min(contacted_at) FILTER (outcome = 'reached') AS reached_at
        FROM flag JOIN fact_contact USING (enrolment_no)
        WHERE contacted_at >= start_of(raised_on) AND (ended_on IS NULL OR contacted_at < start_of(ended_on))
        GROUP BY flag_no
    ),
    back AS (
        SELECT flag_no, min(active_on) AS returned_on,
            min(active_on) FILTER (last_at > contacted_at) AS returned_after_contact_on,
            min(active_on) FILTER (active_on >= raised_on + {_LANDMARK}) AS returned_later_on
        FROM flag JOIN fact_activity USING (enrolment_no) LEFT JOIN contact USING (flag_no)
        WHERE active_on >= raised_on
        GROUP BY flag_no
    )
    SELECT flag_no, enrolment_no, raised_on, ended_on, as_of, uk_day(contacted_at) AS contacted_on,
        uk_day(reached_at) AS reached_on, returned_on, returned_after_contact_on, returned_later_on
    FROM flag CROSS JOIN dim_time LEFT JOIN contact USING (flag_no) LEFT JOIN back USING (flag_no)
"""

# Steps as rows: when each began, when it ended if it did, and when the flag ended.
_STEPS: Final = """
    WITH chosen AS (
        SELECT f.* FROM flag_response AS f JOIN dim_enrolment AS e USING (enrolment_no) WHERE {condition}
    ),
    quiet AS (  -- flags that still held after a week in which the person was not seen
        SELECT *,
            CASE WHEN contacted_on < raised_on + {landmark} THEN '{contacted}' ELSE '{left_alone}' END AS treatment
        FROM chosen
        WHERE raised_on + {landmark} <= as_of
            AND coalesce(ended_on >= raised_on + {landmark}, TRUE)
            AND coalesce(returned_on >= raised_on + {landmark}, TRUE)
    ),
    step AS (
        SELECT 1 AS place, 'flag to first contact' AS step, 'all' AS "group", raised_on AS began_on,
            contacted_on AS happened_on, ended_on, as_of FROM chosen
        UNION ALL
        SELECT 2, 'flag to being reached', 'all', raised_on, reached_on, ended_on, as_of FROM chosen
        UNION ALL
        SELECT 3, 'contact to return', 'all', contacted_on, returned_after_contact_on, ended_on, as_of
        FROM chosen WHERE contacted_on IS NOT NULL
        UNION ALL
        SELECT 4, 'flag to return, of who was quiet for a week', treatment, raised_on, returned_later_on, ended_on,
            as_of FROM quiet
    ),
    timed AS (
        SELECT *, happened_on - began_on AS days, as_of - began_on AS followed,
            ended_on < coalesce(happened_on, as_of) AS ended_before
        FROM step
    )
    SELECT step, "group", count(*) AS flags, {horizons},
        quantile_disc(coalesce(days, 9999), 0.25) FILTER (followed >= {last}) AS lower_quartile_days,
        quantile_disc(coalesce(days, 9999), 0.5) FILTER (followed >= {last}) AS median_days,
        quantile_disc(coalesce(days, 9999), 0.75) FILTER (followed >= {last}) AS upper_quartile_days,
        count(*) FILTER (ended_before) AS ended_before
    FROM timed
    GROUP BY place, step, "group"
    ORDER BY place, "group"
"""

CONTACTED: Final = "contacted within 7 days"
LEFT_ALONE: Final = "not contacted within 7 days"

_NOTES: Final = (
    (
        "This is no proof that contact brings people back: staff choose whom they call, and who is easier to win back "
        "may be called sooner. Only a trial, in which chance decides who is called first, could prove it."
    ),
    (
        "The two groups are compared from the eighth day of the flag on, among those who had not been seen by then and "
        "whose flag still held. Who came back within the week is in neither: it would count for whoever was not "
        "called yet."
    ),
    (
        "A rate is of the flags that have been followed for so many days. A flag that was cleared, or whose enrolment "
        "was withdrawn or deferred, before anybody made contact stays among them as one without contact."
    ),
    "A return is the first day on which the person was seen at work.",
    "Decisions about risk are those of the projections; facts that became known later do not change them.",
)


class _Compared(NamedTuple):
    """How many of two groups came back."""

    contacted: float
    contacted_of: int
    left_alone: float
    left_alone_of: int
    beyond_chance: bool


def flag_response(connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY) -> Answer:
    """Time each flag from being raised to the first contact and to the return, and compare with those not contacted.

    Args:
        connection: To the models, with the decisions of the projections.
        filters: Whose flags, by where they are now.
    """
    need(connection, "dim_time", "dim_enrolment", "fact_decision", "fact_spell", "fact_contact", "fact_activity")
    condition, values = filters.condition("e")
    need_table(connection, "flag_response", _FLAGS)
    steps = _STEPS.format(
        condition=condition,
        contacted=CONTACTED,
        left_alone=LEFT_ALONE,
        landmark=_LANDMARK,
        last=_LAST,
        horizons=", ".join(_horizons()),
    )
    frame = connection.execute(steps, values).df()
    for name in ("lower_quartile_days", "median_days", "upper_quartile_days"):
        frame[name] = frame[name].astype("float64").where(frame[name] < _LAST)
    return Answer(
        question="flag-response",
        finding=_finding(frame),
        frame=frame[list(COLUMNS)],
        columns=COLUMNS,
        people=("flags", *(f"{word}_{days}" for days in HORIZONS for word in ("followed", "within")), "ended_before"),
        groups=("step", "group"),
        notes=_NOTES,
        chart=_chart(frame),
    )


def _horizons() -> Iterator[str]:
    for days in HORIZONS:
        followed, within = f"followed >= {days}", f"followed >= {days} AND days < {days}"
        yield f"count(*) FILTER ({followed}) AS followed_{days}"
        yield f"count(*) FILTER ({within}) AS within_{days}"
        yield f"count(*) FILTER ({within}) / nullif(count(*) FILTER ({followed}), 0) AS within_{days}_rate"


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No flag was raised for this selection, or the projections with their decisions were not at hand."
    first = frame.iloc[0]
    if not first["followed_7"]:
        return f"None of {int(first['flags']):,} flags has been followed for 7 days yet."
    finding = f"{percent(first['within_7_rate'])} of {int(first['followed_7']):,} flags had a contact within 7 days"
    compared = _compare(frame)
    if compared is None:
        return f"{finding}."
    return (
        f"{finding}; of those quiet in that week, {percent(compared.contacted)} of {compared.contacted_of:,} contacted "
        f"and {percent(compared.left_alone)} of {compared.left_alone_of:,} others came back within 28 days, "
        + ("more than chance explains." if compared.beyond_chance else "a difference that chance can explain.")
    )


def _compare(frame: pd.DataFrame) -> _Compared | None:
    """The two groups, if both have been followed; whether they differ by Newcombe's interval of the difference.

    R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
    (1998), pages 873 to 890, method 10.
    """
    groups = {row["group"]: (int(row["within_28"]), int(row["followed_28"])) for row in frame.to_dict("records")}
    (back, of), (others_back, others_of) = groups.get(CONTACTED, (0, 0)), groups.get(LEFT_ALONE, (0, 0))
    if not of or not others_of:
        return None
    rate, other = back / of, others_back / others_of
    own, others = wilson(back, of), wilson(others_back, others_of)
    low = rate - other - math.hypot(rate - own.low, others.high - other)
    high = rate - other + math.hypot(own.high - rate, other - others.low)
    return _Compared(rate, of, other, others_of, beyond_chance=low > 0 or high < 0)


def _chart(frame: pd.DataFrame) -> Chart | None:
    if frame.empty or not frame["followed_7"].any():
        return None
    names = [
        row["step"] if row["group"] == "all" else f"return, quiet and {row['group']}"
        for row in frame.to_dict("records")
    ]
    rates = [[None if math.isnan(each) else each for each in frame[f"within_{days}_rate"]] for days in HORIZONS]
    return Chart(
        x_title="Step",
        y_title="Share of the flags followed so long",
        bars=Bars(categories=names, labels=[f"within {days} days" for days in HORIZONS], values=rates),
    )
