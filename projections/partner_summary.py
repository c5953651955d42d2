"""Read model: each delivery partner's enrolments at a glance, added up from the rows of enrolment progress."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, select

from projections.cohort_completion import added_up, counts, groups


def partners(connection: Connection, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """One row a delivery partner; `filters` names columns (`programme`, `intake`, `partner`) and their values."""
    return [dict(row) for row in connection.execute(_partners(tuple(filters or ())), filters or {}).mappings()]


@cache
def _partners(names: tuple[str, ...]) -> Select[Any]:
    found = groups(names)
    partner = found.c.partner
    behind = added_up(found.c.behind, found.c.status == "active").label("behind_plan")
    return select(partner, *counts(found), behind).group_by(partner).order_by(partner)
