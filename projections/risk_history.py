"""Read model: what was decided about risk, day by day, on what was known then.

A row is there for each day on which the decision was another one than before. It follows the log: a replay gives the
same rows again.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from learning.changes import Change, Decided
from learning.risk import Assessment
from learning.standing import Standing
from projections.enrolment_risk import decode_reasons, encode_reasons
from projections.schema import enrolment_progress, risk_history
from projections.storage.upserting import upsert

_table = risk_history.c


def row(
    enrolment: str,
    before: Decided,
    assessment: Assessment,
    change: Change | None,
    standing: Standing,
    *,
    erased: bool = False,
) -> dict[str, Any]:
    """The row of one decision; of an erased enrolment without its reasons."""
    return {
        "enrolment": enrolment,
        "day": assessment.as_of,
        "level": assessment.level,
        "previous_level": before.level,
        "change": change,
        "points": assessment.points,
        "reasons": encode_reasons(() if erased else assessment.reasons),
        "policy": assessment.policy,
        "since": assessment.since,
        "flagged_since": assessment.flagged_since,
        "status": standing.status,
        "provider": standing.provider,
        "partner": standing.partner,
    }


def put(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows."""
    upsert(connection, risk_history, rows)


def forget(connection: Connection, enrolment: str) -> None:
    """Remove the decisions of an enrolment, because they are made anew."""
    connection.execute(delete(risk_history).where(_table.enrolment == enrolment))


def forget_reasons(connection: Connection, enrolment: str) -> None:
    """Keep of the decisions about an enrolment what is counted, and not why, because it is erased."""
    nothing = encode_reasons(())
    connection.execute(update(risk_history).where(_table.enrolment == enrolment).values(reasons=nothing))


def of(connection: Connection, enrolment: str) -> list[dict[str, Any]]:
    """The decisions about an enrolment, the first one first; none where it was erased."""
    query = select(risk_history).where(_table.enrolment == enrolment, ~_erased()).order_by(_table.day)
    return [_readable(found) for found in connection.execute(query).mappings()]


def decided_on(connection: Connection, enrolment: str, day: date) -> dict[str, Any] | None:
    """What held on a day: the latest decision up to then; None when none had been made, or it was erased."""
    query = select(risk_history).where(_table.enrolment == enrolment, _table.day <= day, ~_erased())
    found = connection.execute(query.order_by(_table.day.desc()).limit(1)).mappings().first()
    return None if found is None else _readable(found)


def _erased() -> ColumnElement[bool]:
    progress = enrolment_progress.c
    return exists().where(progress.enrolment == _table.enrolment, progress.erased.is_(True))


def _readable(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {**found, "reasons": decode_reasons(found["reasons"])}
