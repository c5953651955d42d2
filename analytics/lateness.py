"""What a picture of a month leaves out, or would have, because it became known late: the two times, in sentences."""

from datetime import date
from typing import Final

import duckdb
from dateutil.relativedelta import relativedelta

from analytics.filters import Filters
from analytics.models import need
from learning.plan import start_of

_EVERYBODY: Final = Filters()
_MATTERS_FROM: Final = 0.01
"""Below this share, lateness changes no figure that anybody reads."""

_TIMES: Final = "SELECT as_of, known_at FROM dim_time"

# It reads past the models, which leave out what was recorded after `known_at`: that is what is counted here.
_COUNTED: Final = """
    WITH done AS (
        SELECT min(recorded_at) AS first_recorded_at
        FROM input.fact
        WHERE happened_at >= $since AND happened_at < $until AND (
            type = 'learning.component-completed.v1'
            OR (type = 'learning.attendance-recorded.v1' AND attendance IN ('attended', 'caught-up'))
            OR (type = 'learning.assessment-submitted.v1' AND NOT coalesce(banked, FALSE))
        ) AND {chosen}
        GROUP BY enrolment, component, happened_at
    )
    SELECT count(*), count(*) FILTER (first_recorded_at >= $known_before) FROM done
"""


def lateness_note(connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY) -> str | None:
    """Say how many completions of the month before `as_of` were recorded late; None when fewer than 1 % were.

    A completion is a component that was completed, attended, caught up on or handed in at one moment; it became known
    when it was first recorded. Late is what was recorded from `known_at` on, or else from `as_of` on.

    Args:
        connection: One with the models.
        filters: Whose completions.
    """
    [(as_of, known_at)] = connection.execute(_TIMES).fetchall()
    since, known = as_of - relativedelta(months=1), known_at or as_of
    days = {"since": since, "until": as_of, "known_before": known}
    chosen, values = _chosen(connection, filters)
    instants = {name: start_of(day) for name, day in days.items()}
    [(done, late)] = connection.execute(_COUNTED.format(chosen=chosen), {**instants, **values}).fetchall()
    if not done or late / done < _MATTERS_FROM:
        return None
    whose = " by those asked for" if values else ""
    what = f"{late / done * 100:.0f} % of the {done:,} completions of {_month(since, as_of)}{whose} were recorded"
    if known_at is not None:
        return f"{what} on {_day(known)} or later and are not in these figures."
    return f"{what} on {_day(known)} or later; ask with that day as --known-at for what was known before."


def unknown_days_note(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Say from which day on nothing is known, when `known_at` is a day before `as_of`; None when it is not.

    Args:
        connection: One with the models.
    """
    [(as_of, known_at)] = connection.execute(_TIMES).fetchall()
    if known_at is None or known_at >= as_of:
        return None
    return (
        f"This is measured as of {_day(as_of)} by what was recorded before {_day(known_at)}: of the days from then on "
        "nothing is known, so curves are flat there and who studied on looks idle; ask with the same day for both."
    )


def _chosen(connection: duckdb.DuckDBPyConnection, filters: Filters) -> tuple[str, dict[str, str]]:
    """A condition in SQL on whose a fact is, and its parameters by name."""
    values = {name: value for name, value in filters._asdict().items() if value is not None}
    if not values:
        return "TRUE", {}
    need(connection, "dim_enrolment")
    condition = " AND ".join(f"{name} = ${name}" for name in values)
    return f"enrolment IN (SELECT enrolment FROM dim_enrolment WHERE {condition})", values


def _month(since: date, until: date) -> str:
    """The calendar month, or the first and the last day."""
    if since.day == 1:
        return f"{since:%B %Y}"
    return f"{_day(since)} to {_day(until - relativedelta(days=1))}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
