"""Who stands where on the way to the completion gate, now and in the cohorts that are over; what forecasts read.

A cohort is a programme in an intake. People who stand alike have completion in the same band of ten percentage points
at the end of the same study week.
"""

from collections import defaultdict
from datetime import date
from typing import Final, NamedTuple

import duckdb
import numpy as np

from analytics.filters import Filters
from analytics.questions.cohorts import By, group_column, need_table, need_weeks

BANDS: Final = 10
"""Bands of completion, of equal width."""

SHARES: Final = (0.5, 0.75)
"""How far through the weeks of finished cohorts the forecast is tried out."""

# One row an enrolment at the end of the latest study week of a plan that goes on, or of the weeks of one that is over
# after which forecasts are tried out.
_STANDING: Final = f"""
    CREATE TEMP TABLE gate_standing AS
    WITH target AS (
        SELECT l.*, l.deadline < as_of AS over, w.week
        FROM dim_plan AS l JOIN dim_week AS w USING (programme, intake), dim_time
        WHERE w.ends_on < as_of
        QUALIFY if(
            over, w.week IN ({", ".join(f"floor({share} * l.weeks + 0.5)" for share in SHARES)}),
            w.week = max(w.week) OVER (PARTITION BY l.programme, l.intake))
    ),
    -- MATERIALIZED, so that the many weeks are looked up by the few enrolments
    aimed AS MATERIALIZED (
        SELECT e.enrolment_no, t.*, coalesce(c.gate_reached_on <= t.deadline, FALSE) AS made_it
        FROM target AS t
        JOIN dim_enrolment AS e USING (programme, intake)
        JOIN fact_completion AS c ON c.enrolment_no = e.enrolment_no
    )
    SELECT aimed.enrolment_no, aimed.over, aimed.week::USMALLINT AS week, aimed.made_it,
        least(w.points * {BANDS} // p.points_total, {BANDS - 1})::UTINYINT AS band, w.at_gate,
        w.status = 'active' AND NOT w.at_gate AS studying,
        aimed.week > 0 AND p.threshold * p.points_total <= w.points
            + greatest(0, w.points - coalesce(b.points, 0)) / least(aimed.week, 4) * (weeks - aimed.week) AS on_pace
    FROM aimed
    JOIN dim_programme AS p USING (programme)
    JOIN enrolment_week AS w ON w.enrolment_no = aimed.enrolment_no AND w.week = aimed.week
    LEFT JOIN enrolment_week AS b ON b.enrolment_no = aimed.enrolment_no AND b.week = greatest(aimed.week - 4, 0)
    WHERE w.status <> 'withdrawn'
"""

_PAST: Final = f"""
    CREATE TEMP TABLE gate_past AS
    SELECT l.programme, l.intake, l.deadline, l.weeks, w.week::INTEGER AS week,
        least(w.points * {BANDS} // p.points_total, {BANDS - 1})::INTEGER AS band,
        count(*) AS people, count(*) FILTER (c.gate_reached_on <= l.deadline) AS reached
    FROM enrolment_week AS w
    JOIN dim_enrolment AS e USING (enrolment_no)
    JOIN dim_plan AS l USING (programme, intake)
    JOIN dim_programme AS p USING (programme)
    JOIN fact_completion AS c USING (enrolment_no)
    WHERE l.deadline < (SELECT as_of FROM dim_time) AND w.status = 'active' AND NOT w.at_gate
    GROUP BY ALL
"""

_CELLS: Final = """
    WITH standing AS (
        SELECT CASE WHEN NOT s.over THEN {group} END AS "group", e.programme, e.intake, s.week, s.band,
            count(*) FILTER (s.at_gate) AS there,
            count(*) FILTER (NOT s.at_gate AND NOT s.studying) AS deferred,
            count(*) FILTER (s.studying) AS people,
            count(*) FILTER (s.studying AND s.made_it) AS reached,
            count(*) FILTER (s.studying AND s.on_pace) AS paced,
            count(*) FILTER (s.studying AND s.on_pace <> s.made_it) AS pace_was_wrong
        FROM gate_standing AS s JOIN dim_enrolment AS e USING (enrolment_no)
        WHERE s.over OR ({condition})
        GROUP BY ALL
    )
    SELECT s."group", programme, intake, l.weeks, w.week::INTEGER, w.ends_on, s.band::INTEGER, s.there, s.deferred,
        s.people, s.reached, s.paced, s.pace_was_wrong
    FROM standing AS s JOIN dim_plan AS l USING (programme, intake) JOIN dim_week AS w USING (programme, intake, week)
    ORDER BY ALL
"""


class Past(NamedTuple):
    """A finished cohort: who stood where at the end of each of its weeks, and what became of them."""

    programme: str
    intake: str
    deadline: date
    weeks: int
    counts: np.ndarray
    """By week and band: people who studied short of the gate, and how many of them reached it in time."""


class Cell(NamedTuple):
    """People of one cohort, and of one group, who stand in the same band at the end of a study week."""

    programme: str
    intake: str
    weeks: int
    """Study weeks of the plan."""
    week: int
    ends_on: date
    """The last day of the study week."""
    band: int
    there: int
    """Those who have reached the gate."""
    deferred: int
    people: int
    """Those who study and have not reached it."""
    reached: int
    """Of these people, those who reached it in time, as far as it is known."""
    paced: int
    """Of these people, those who reach it at their recent pace."""
    pace_was_wrong: int
    """Of these people, those of whom the recent pace says something else than what became of them."""


def week_at(share: float, weeks: int) -> int:
    """The study week after which this share of the weeks is over."""
    return int(share * weeks + 0.5)


def cells_of(connection: duckdb.DuckDBPyConnection, filters: Filters, by: By | None) -> list[tuple[str | None, Cell]]:
    """Who stands where, by group; the group of people of finished cohorts, whom no filter leaves out, is None."""
    need_weeks(connection)
    need_table(connection, "gate_standing", _STANDING)
    condition, values = filters.condition("e")
    query = _CELLS.format(group=group_column(by, "e"), condition=condition)
    return [(group, Cell(*row)) for group, *row in connection.execute(query, values).fetchall()]


def finished_cohorts(connection: duckdb.DuckDBPyConnection) -> list[Past]:
    """Every cohort whose deadline has passed, in the order of the deadlines."""
    need_weeks(connection)
    need_table(connection, "gate_past", _PAST)
    found = defaultdict[tuple[str, str, date, int], list[tuple[int, int, int, int]]](list)
    for *cohort, week, band, people, reached in connection.execute("FROM gate_past ORDER BY ALL").fetchall():
        found[tuple(cohort)].append((week, band, people, reached))
    past = []
    for (programme, intake, deadline, weeks), rows in found.items():
        counts = np.zeros((weeks + 1, BANDS, 2), dtype=np.int64)
        for week, band, people, reached in rows:
            counts[week, band] = people, reached
        past.append(Past(programme, intake, deadline, weeks, counts))
    return sorted(past, key=lambda each: each.deadline)
