"""Read model: completion by programme and intake, added up from the rows of enrolment progress.

It is a query, not a table: nothing can drift from the rows it counts. Sums are of whole points, so they are exact.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Float, Select, cast, func, select

from projections.schema import enrolment_progress

_rows = enrolment_progress.c
_KEYS = (_rows.programme, _rows.intake)


def counts() -> tuple[Any, ...]:
    """What is counted of any group of enrolments. Ratios are over the enrolments that have not withdrawn."""
    staying = _rows.status != "withdrawn"
    points = func.sum(_rows.points).filter(staying)
    total = func.sum(_rows.points_total).filter(staying)
    return (
        func.count().label("enrolled"),
        *(
            func.count().filter(_rows.status == each).label(each)
            for each in ("active", "deferred", "withdrawn", "completed")
        ),
        (cast(points, Float) / total).label("completion_ratio"),
        (cast(func.sum(_rows.expected_points).filter(staying), Float) / total).label("expected_ratio"),
        func.count().filter(_rows.gate_reached, staying).label("gate_reached"),
        func.coalesce(func.sum(_rows.assessments_submitted), 0).label("assessments_submitted"),
        func.avg(cast(_rows.lag_weeks, Float)).filter(_rows.status == "active").label("mean_lag_weeks"),
        func.max(_rows.last_activity_at).label("last_activity_at"),
    )


def cohorts(connection: Connection, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """One row a programme and intake; `filters` names columns (`programme`, `intake`, `partner`) and their values."""
    query = filtered(select(*_KEYS, *counts()), filters).group_by(*_KEYS).order_by(*_KEYS)
    return [dict(row) for row in connection.execute(query).mappings()]


def filtered(query: Select[Any], filters: Mapping[str, str] | None) -> Select[Any]:
    """Only the enrolments whose columns have these values."""
    for column, value in (filters or {}).items():
        query = query.where(_rows[column] == value)
    return query
