"""What questions about registers share: sessions, counted once a connection, so that each reads few rows of them."""

from typing import Final

import duckdb

from analytics.models import need
from analytics.questions.cohorts import need_table

# People who sit in one session together are of one partner, programme and intake: `room` numbers these. `place` numbers
# what filters tell apart, too.
_PLACES: Final = """
    CREATE TEMP TABLE register_place AS
    SELECT row_number() OVER ()::INTEGER AS place,
        dense_rank() OVER (ORDER BY partner, programme, intake)::INTEGER AS room, *
    FROM (SELECT DISTINCT programme, intake, provider, partner, cohort FROM dim_enrolment)
"""

_SESSIONS: Final = """
    CREATE TEMP TABLE register_session AS
    WITH placed AS (
        SELECT e.enrolment_no, p.place
        FROM dim_enrolment AS e JOIN register_place AS p
            ON p.partner = e.partner AND p.programme = e.programme AND p.intake = e.intake
            AND p.provider = e.provider AND p.cohort IS NOT DISTINCT FROM e.cohort
    ),
    line AS (SELECT s.*, placed.place FROM fact_session AS s JOIN placed USING (enrolment_no)),
    missed AS (
        SELECT enrolment_no, component, min(held_at) AS first_at FROM line WHERE attendance = 'absent' GROUP BY ALL
    ),
    mended AS (
        SELECT enrolment_no, component, max(held_at) AS last_at FROM line WHERE attendance = 'caught-up' GROUP BY ALL
    )
    SELECT place, component, held_on, any_value(kind)::VARCHAR AS kind,
        bool_or(attendance <> 'caught-up') AS held,
        uk_day(min(recorded_at) FILTER (attendance <> 'caught-up')) AS recorded_on,
        count(*) AS lines,
        count(*) FILTER (attendance = 'attended') AS attended,
        count(*) FILTER (
            attendance = 'caught-up' OR (attendance = 'absent' AND coalesce(held_at <= mended.last_at, FALSE))
        ) AS caught_up
    FROM line
    LEFT JOIN missed USING (enrolment_no, component)
    LEFT JOIN mended USING (enrolment_no, component)
    WHERE attendance <> 'caught-up' OR missed.first_at IS NULL OR missed.first_at > held_at
    GROUP BY place, component, held_on
"""


def need_sessions(connection: duckdb.DuckDBPyConnection) -> None:
    """Count, once for a connection, the register lines of every session, for each place of its people by itself.

    The temporary table `register_place` has one row a programme, intake, provider, partner and cohort, by the names
    that they have in `dim_enrolment`: its number `place`, and `room`, the same for all of one partner, programme and
    intake. A session is a room, component and day.

    The temporary table `register_session` has one row a place, component and day: `held_on` (UK), the `kind` of the
    component, whether it was `held` (a line says attended or absent), `recorded_on`, the day (UK) of the first record
    of such a line, and how many `lines` there are. Of these say `attended` so, and `caught_up` is of who was absent
    and caught up on the component later, or of whom only the catching up is known. Who caught up later on something
    missed counts on the day on which it was missed.
    """
    need(connection, "dim_enrolment", "fact_session")
    need_table(connection, "register_place", _PLACES)
    need_table(connection, "register_session", _SESSIONS)
