"""Read model: each delivery partner's enrolments at a glance, added up from the rows of enrolment progress."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from projections.cohort_completion import counts, filtered
from projections.schema import enrolment_progress


def partners(connection: Connection, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """One row a delivery partner; `filters` names columns (`programme`, `intake`, `partner`) and their values."""
    rows = enrolment_progress.c
    behind = func.count().filter(rows.status == "active", rows.lag_weeks > 0).label("behind_plan")
    query = filtered(select(rows.partner, *counts(), behind), filters).group_by(rows.partner).order_by(rows.partner)
    return [dict(row) for row in connection.execute(query).mappings()]
