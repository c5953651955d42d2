"""How late registers come: who enters what happened while it can still be acted upon."""

from typing import Final

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import percent
from analytics.questions.sessions import need_sessions

COLUMNS: Final = {
    "partner": "the delivery partner with whom the people on the register are now",
    "sessions": "sessions: a component, intake and day with at least one line that says attended or absent",
    "median_days": "days (UK) from the session to its first record: half of the sessions were recorded by then",
    "p90_days": "days by which nine in ten sessions were recorded",
    "slowest_days": "days that the slowest took",
    "within_2": "sessions first recorded within two days",
    "within_2_rate": "of all sessions, 0 to 1",
    "within_7": "sessions first recorded within seven days",
    "within_7_rate": "of all sessions, 0 to 1",
}

_EVERYBODY: Final = Filters()

# A record from before its session (a register prepared ahead, or a clock that is wrong) was not late: 0 days.
_QUERY: Final = """
    WITH session AS (
        SELECT any_value(p.partner) AS partner, greatest(0, min(s.recorded_on) - s.held_on) AS days
        FROM register_session AS s JOIN register_place AS p USING (place)
        WHERE s.held AND {condition}
            AND s.held_on < (SELECT least(as_of, coalesce(known_at, as_of)) FROM dim_time) - {waited}
        GROUP BY p.room, s.component, s.held_on
    )
    SELECT
        partner,
        count(*) AS sessions,
        quantile_disc(days, 0.5) AS median_days,
        quantile_disc(days, 0.9) AS p90_days,
        max(days) AS slowest_days,
        count(*) FILTER (days <= 2) AS within_2,
        count(*) FILTER (days <= 2) / count(*) AS within_2_rate,
        count(*) FILTER (days <= 7) AS within_7,
        count(*) FILTER (days <= 7) / count(*) AS within_7_rate
    FROM session
    GROUP BY GROUPING SETS (partner, ())
    ORDER BY partner NULLS FIRST
"""

_WAITED: Final = 14
"""Days that a register is waited for: of newer sessions only the quick ones are known."""

_ENOUGH: Final = 10
"""Sessions from which on a partner is named: below that, one late register decides."""

_MOST_DRAWN: Final = 20

_NOTES: Final = (
    f"Sessions of the last {_WAITED} days are left out: of those only the registers that came quickly are known yet.",
    "Catching up is left out, and so are sessions whose register never came.",
    "A register counts from its first line; corrections and lines that came later do not make it late.",
)


def timeliness(connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY) -> Answer:
    """Measure, for each delivery partner, how many days after a session its register was first recorded.

    Args:
        connection: To the models.
        filters: Whose registers, by where they are now.
    """
    need(connection, "dim_time")
    need_sessions(connection)
    condition, values = filters.condition("p")
    rows = connection.execute(_QUERY.format(condition=condition, waited=_WAITED), values).df()
    whole, frame = rows[rows["partner"].isna()], rows[rows["partner"].notna()].reset_index(drop=True)
    return Answer(
        question="timeliness",
        finding=_finding(whole, frame),
        frame=frame[list(COLUMNS)],
        columns=COLUMNS,
        groups=("partner",),
        notes=_NOTES,
        chart=_chart(frame),
    )


def _slowest_first(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(
        ["median_days", "p90_days", "within_2_rate"], ascending=[False, False, True], kind="stable"
    )


def _finding(whole: pd.DataFrame, frame: pd.DataFrame) -> str:
    if frame.empty:
        return f"No session of this selection was held more than {_WAITED} days ago."
    of_all = whole.iloc[0]
    everybody = (
        f"{percent(of_all['within_2_rate'])} of {int(of_all['sessions']):,} registers came within two days and "
        f"{percent(of_all['within_7_rate'])} within seven"
    )
    enough = _slowest_first(frame[frame["sessions"] >= _ENOUGH])
    if len(frame) == 1 or enough.empty:
        return f"{everybody}."
    slowest = enough.iloc[0]
    return (
        f"{slowest['partner']} is slowest: half of its {int(slowest['sessions']):,} registers came within "
        f"{_days(slowest['median_days'])}, nine in ten within {_days(slowest['p90_days'])}; "
        f"of all partners, {everybody}."
    )


def _days(number: float) -> str:
    return "1 day" if number == 1 else f"{int(number)} days"


def _chart(frame: pd.DataFrame) -> Chart | None:
    if frame.empty:
        return None
    rows = _slowest_first(frame).head(_MOST_DRAWN)
    return Chart(
        x_title="Delivery partner, the slowest first",
        y_title="Share of registers",
        bars=Bars(
            categories=rows["partner"].tolist(),
            labels=["within two days", "within seven days"],
            values=[rows["within_2_rate"].tolist(), rows["within_7_rate"].tolist()],
        ),
    )
