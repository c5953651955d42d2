"""Read model: one row an enrolment, with everything measured of it.

The level of its risk stands here, too, though the at-risk register has it, so that enrolments are counted and listed
by level without looking into two tables.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, update

from learning.measures import Progress
from learning.policy import Level
from projections.schema import checkpoint, enrolment_progress, enrolment_state
from projections.storage.upserting import update_rows, upsert

DAILY = (
    "status",
    "status_since",
    "status_reason",
    "withdrawal_recommended",
    "attempts_left",
    "expected_points",
    "expected",
    "lag_weeks",
    "pace",
    "pace_needed",
    "forecast",
    "level",
    "updated_at",
)
"""What a day can change."""


def row(enrolment: str, progress: Progress, level: Level | None, now: datetime) -> dict[str, Any]:
    """The row of one enrolment, as it is written `now`; `level` is None while it was not assessed."""
    standing = progress.standing
    return {
        "enrolment": enrolment,
        "participant": standing.participant,
        "erased": standing.erased,
        "programme": standing.programme,
        "intake": standing.intake,
        "provider": standing.provider,
        "partner": standing.partner,
        "cohort": standing.cohort,
        "schedule": standing.schedule,
        "enrolled_on": standing.enrolled_on,
        "status": standing.status,
        "status_since": standing.since,
        "status_reason": standing.reason,
        "withdrawal_recommended": standing.withdrawal_recommended,
        "withdrawal": standing.withdrawal,
        "withdrawal_at": standing.withdrawal_at,
        "contacted_at": standing.contacted_at,
        "muted_until": standing.muted_until,
        "points": progress.points,
        "points_total": progress.points_total,
        "completion": progress.completion,
        "components_done": progress.components_done,
        "components_total": progress.components_total,
        "components_unknown": progress.components_unknown,
        "assessments_submitted": progress.assessments_submitted,
        "gate_reached": progress.gate_reached,
        "last_activity_at": progress.last_activity_at,
        "attempts_left": progress.attempts_left,
        "outcome": progress.outcome,
        "deadline": progress.deadline,
        "expected_points": progress.expected_points,
        "expected": progress.expected,
        "lag_weeks": progress.lag_weeks,
        "pace": progress.pace,
        "pace_needed": progress.pace_needed,
        "forecast": progress.forecast,
        "next_due": progress.next_due,
        "next_due_on": progress.next_due_on,
        "level": level if standing.status == "active" else None,
        "updated_at": now,
    }


def of_the_day(enrolment: str, progress: Progress, level: Level | None, now: datetime) -> dict[str, Any]:
    """What of the row of one enrolment can differ from day to day while no fact comes in."""
    whole = row(enrolment, progress, level, now)
    return {"of": enrolment, **{name: whole[name] for name in DAILY}}


def put(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows."""
    upsert(connection, enrolment_progress, rows)


def put_days(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write what `of_the_day` says of rows that are there."""
    update_rows(connection, enrolment_progress, rows)


def count_all_as_updated(connection: Connection, now: datetime) -> None:
    """Say of every row that it was written `now`, for whoever asks what has changed since they last looked."""
    connection.execute(update(enrolment_progress).values(updated_at=now))


def find(connection: Connection, enrolment: str) -> dict[str, Any] | None:
    """The row of one enrolment with the day that it is measured as of, if it is known and was not erased."""
    table = enrolment_progress.c
    query = _rows().where(table.enrolment == enrolment, table.erased.is_(False))
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _rows() -> Select[Any]:
    """All rows; they hold as of the latest day of the enrolment's home, though most days change nothing in them."""
    state = enrolment_state.c
    joined = enrolment_progress.join(enrolment_state, enrolment_progress.c.enrolment == state.enrolment).join(
        checkpoint, checkpoint.c.partition == state.home
    )
    return select(enrolment_progress, checkpoint.c.day.label("as_of")).select_from(joined)


def of_participant(connection: Connection, participant: str) -> list[str]:
    """The enrolments of a participant, by the id that counts now; none of an erased one, whose id is not kept."""
    table = enrolment_progress.c
    query = select(table.enrolment).where(table.participant == participant, table.erased.is_(False))
    return list(connection.scalars(query.order_by(table.enrolment)))


def ids_like(connection: Connection, wanted: str) -> list[str]:
    """Ids of enrolments and participants that begin or end as `wanted` does, at most a thousand of each.

    Of whom was erased there are none.
    """
    half = max(1, len(wanted) // 2)
    found: list[str] = []
    for column in (enrolment_progress.c.enrolment, enrolment_progress.c.participant):
        begins = column.istartswith(wanted[:half], autoescape=True)
        ends = column.iendswith(wanted[half:], autoescape=True)
        query = select(column).where(begins | ends, enrolment_progress.c.erased.is_(False))
        found.extend(connection.scalars(query.distinct().order_by(column).limit(1_000)))
    return found
