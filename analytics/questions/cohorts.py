"""What questions about completion share: every enrolment at the end of every study week, and names of groups."""

from typing import Final, Literal, get_args

import duckdb
import pandas as pd

from analytics.answer import Line
from analytics.models import need
from learning.errors import EngagementError

By = Literal["programme", "intake", "partner"]
"""What groups can be told apart by."""

ALL: Final = "all"
"""The name of the only group when none are told apart."""

MOST_GROUPS_DRAWN: Final = 4

TAKEN_BACK_NOTE: Final = (
    "A component counts from the moment at which it was done until it was taken back (reopened, or a register "
    "corrected to absent), and again from when it was done again."
)


class QuestionError(EngagementError):
    """A question was asked in a way that has no answer."""


# What was done, as ups and downs: for a component of which nothing but work was said, one up when it was first done.
# For the few others, of what was said of one moment the latest word is believed, as in `learning.doings`.
_FLIPS: Final = """
    CREATE TEMP TABLE point_flip AS
    WITH flip AS (
        SELECT enrolment_no, component, done_since AS flipped_at, 1 AS direction
        FROM fact_component ANTI JOIN stg_disputed USING (enrolment_no, component)
        UNION ALL
        SELECT enrolment_no, component, happened_at, CASE WHEN done THEN 1 ELSE -1 END
        FROM (
            SELECT enrolment_no, component, happened_at,
                max_by(word NOT IN ('absent', 'reopened'), said_at(happened_at, recorded_at, word)) AS done
            FROM stg_mark SEMI JOIN stg_disputed USING (enrolment_no, component)
            GROUP BY enrolment_no, component, happened_at
        )
        QUALIFY done IS DISTINCT FROM lag(done, 1, FALSE) OVER (
            PARTITION BY enrolment_no, component ORDER BY happened_at)
    ),
    daily AS (
        SELECT flip.enrolment_no, uk_day(flip.flipped_at) AS flipped_on,
            sum(c.points * flip.direction)::INTEGER AS points
        FROM flip
        JOIN dim_enrolment AS e USING (enrolment_no)
        JOIN dim_component AS c ON c.programme = e.programme AND c.component = flip.component AND c.counts
        GROUP BY ALL
        UNION ALL
        SELECT enrolment_no, DATE '-infinity', 0 FROM dim_enrolment
    )
    SELECT enrolment_no, flipped_on, points, sum(points) OVER in_order::INTEGER AS reached,
        lead(flipped_on) OVER in_order AS until_on
    FROM daily
    WINDOW in_order AS (PARTITION BY enrolment_no ORDER BY flipped_on)
"""

# A day lies in one study week; `day` has one row for each. All time before the start counts as the day before it, and
# what happens after the last week has no row.
_WEEKS: Final = """
    CREATE TEMP TABLE enrolment_week AS
    WITH plan AS (
        SELECT row_number() OVER (ORDER BY programme, intake)::INTEGER AS plan_no, l.programme, l.intake,
            p.points_total, p.gate_points
        FROM dim_plan AS l JOIN dim_programme AS p USING (programme)
    ),
    ending AS (
        SELECT plan.plan_no, w.week::USMALLINT AS week, w.ends_on,
            round(w.expected * plan.points_total)::INTEGER AS points_due, plan.gate_points
        FROM dim_week AS w JOIN plan USING (programme, intake)
    ),
    day AS (
        SELECT plan_no, week, ends_on - unnest(range(coalesce(
            ends_on - lag(ends_on) OVER (PARTITION BY plan_no ORDER BY week), 1)))::INTEGER AS day
        FROM ending
    ),
    member AS (
        SELECT e.enrolment_no, plan.plan_no, ending.ends_on AS first_day
        FROM dim_enrolment AS e
        JOIN plan USING (programme, intake)
        JOIN ending ON ending.plan_no = plan.plan_no AND ending.week = 0
    ),
    -- MATERIALIZED, lest every member be joined with every day of all plans first, or every spell with every week
    flipped AS MATERIALIZED (
        SELECT flip.enrolment_no, member.plan_no, greatest(flip.flipped_on, member.first_day) AS day, flip.points
        FROM point_flip AS flip JOIN member USING (enrolment_no)
        WHERE flip.points <> 0
    ),
    gained AS (
        SELECT flipped.enrolment_no, day.week, sum(flipped.points)::INTEGER AS points
        FROM flipped JOIN day USING (plan_no, day)
        GROUP BY ALL
    ),
    spell AS MATERIALIZED (
        SELECT s.enrolment_no, member.plan_no, s.status::ENUM('active', 'deferred', 'withdrawn') AS status, s.from_on,
            s.until_on
        FROM fact_spell AS s JOIN member USING (enrolment_no)
    ),
    lived AS (
        SELECT spell.enrolment_no, ending.week, spell.status, ending.plan_no
        FROM spell JOIN ending ON ending.plan_no = spell.plan_no
            AND spell.from_on <= ending.ends_on AND coalesce(spell.until_on > ending.ends_on, TRUE)
        WHERE ending.ends_on < (SELECT as_of FROM dim_time)
    ),
    summed AS (
        SELECT * REPLACE (sum(points) OVER (PARTITION BY enrolment_no ORDER BY week)::INTEGER AS points)
        FROM (
            SELECT enrolment_no, week, points, NULL AS status, NULL AS plan_no FROM gained
            UNION ALL
            SELECT enrolment_no, week, 0, status, plan_no FROM lived
        )
        QUALIFY status IS NOT NULL
    )
    SELECT s.enrolment_no, s.week, s.points, ending.points_due, s.status,
        coalesce(
            CASE WHEN ending.gate_points IS NULL THEN c.gate_reached_on <= ending.ends_on
                ELSE s.points >= ending.gate_points END,
            FALSE) AS at_gate
    FROM summed AS s
    JOIN ending ON ending.plan_no = s.plan_no AND ending.week = s.week
    JOIN fact_completion AS c ON c.enrolment_no = s.enrolment_no
"""


def need_flips(connection: duckdb.DuckDBPyConnection) -> None:
    """Work out, once for a connection, when enrolments gained and lost points.

    The temporary table `point_flip` has one row an enrolment and day (UK) on which counting components became done or
    were taken back, and one before all time: `enrolment_no`, `flipped_on`, the `points` gained, below 0 when more were
    taken back, those `reached` with them, and `until_on`, the next such day, empty for the last one.
    """
    need(connection, "dim_time", "dim_enrolment", "dim_component", "stg_mark", "stg_disputed", "fact_component")
    need_table(connection, "point_flip", _FLIPS)


def need_weeks(connection: duckdb.DuckDBPyConnection) -> None:
    """Work out, once for a connection, how far every enrolment was at the end of every study week of its own plan.

    The temporary table `enrolment_week` has one row an enrolment and study week that is over and on whose last day the
    person had been enrolled: `enrolment_no`, `week` (0: the start), `points` that were done and not taken back by
    then, `points_due` by the plan, `status` on the last day (active, deferred, withdrawn), and `at_gate`. The gate
    that each group of kinds must reach too is dated by what is done now.
    """
    need_flips(connection)
    need(connection, "dim_programme", "dim_plan", "dim_week", "fact_completion", "fact_spell")
    need_table(connection, "enrolment_week", _WEEKS)


def need_table(connection: duckdb.DuckDBPyConnection, table: str, made_by: str) -> None:
    """Make a temporary table by this statement, unless the connection has one of its name."""
    there = connection.execute("SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = ?", [table]).fetchall()
    if not there:
        connection.execute(made_by).fetchall()


def group_column(by: By | None, table: str) -> str:
    """The SQL that names the group of an enrolment, of a table or alias with the columns of `dim_enrolment`.

    Raises:
        QuestionError: Groups are not told apart by this.
    """
    if by is None:
        return f"'{ALL}'"
    if by not in get_args(By):
        raise QuestionError(f"groups are told apart by {', '.join(get_args(By))}; {by} is none of them")
    return f"{table}.{by}"


def percent(ratio: float) -> str:
    """A ratio for a sentence, such as `41.5 %`."""
    return f"{ratio:.1%}".replace("%", " %")


def line_of(
    label: str,
    frame: pd.DataFrame,
    x: str,
    y: str,
    *,
    band: tuple[str, str] | None = None,
    style: Literal["line", "steps", "dashed", "points"] = "line",
) -> Line:
    """One series of a chart from columns of a frame, with the columns of its band."""
    low, high = (None, None) if band is None else (_values(frame[each]) for each in band)
    return Line(label=label, x=frame[x].tolist(), y=_values(frame[y]), low=low, high=high, style=style)


def _values(column: pd.Series) -> list[float | None]:
    return [None if pd.isna(each) else float(each) for each in column]
