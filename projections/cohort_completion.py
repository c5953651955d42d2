"""Read model: completion by programme and intake, added up from the rows of enrolment progress.

It is a query, not a table: nothing can drift from the rows it counts. Sums are of whole points, so they are exact.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args

from sqlalchemy import CTE, BigInteger, ColumnElement, Connection, Float, Select, bindparam, cast, func, select

from learning.standing import Status
from projections.schema import enrolment_progress

_rows = enrolment_progress.c
_KEYS = (_rows.partner, _rows.programme, _rows.intake, _rows.status, _rows.level)
"""The columns with which the index of what is counted begins, so that groups are read off it in its order."""


def groups(names: Iterable[str] = ()) -> CTE:
    """Enrolments by partner, programme, intake, status and level: the few rows that everything counted adds up.

    Columns of these `names` have the values that the statement is executed with (`Connection.execute(_, filters)`): so
    it is made once and not for every question.
    """
    rows = (
        select(
            *_KEYS,
            func.count().label("enrolments"),
            func.sum(_rows.points).label("points"),
            func.sum(_rows.points_total).label("points_total"),
            func.sum(_rows.expected_points).label("expected_points"),
            func.count().filter(_rows.gate_reached).label("gate_reached"),
            func.sum(_rows.assessments_submitted).label("assessments_submitted"),
            func.sum(_rows.lag_weeks).label("lag_weeks"),
            func.count(_rows.lag_weeks).label("lags"),
            func.count().filter(_rows.lag_weeks > 0).label("behind"),
            func.max(_rows.last_activity_at).label("last_activity_at"),
        )
        .where(*(_rows[name] == bindparam(name, type_=_rows[name].type) for name in names))
        .group_by(*_KEYS)
    )
    return rows.cte("groups")


def counts(found: CTE) -> tuple[ColumnElement[Any], ...]:
    """What is counted of any of the `groups`. Ratios are over the enrolments that have not withdrawn."""
    each = found.c
    active, staying = each.status == "active", each.status != "withdrawn"
    total, lags = func.sum(each.points_total).filter(staying), func.sum(each.lags).filter(active)
    return (
        added_up(each.enrolments).label("enrolled"),
        *(added_up(each.enrolments, each.status == status).label(status) for status in get_args(Status)),
        (cast(func.sum(each.points).filter(staying), Float) / total).label("completion_ratio"),
        (cast(func.sum(each.expected_points).filter(staying), Float) / total).label("expected_ratio"),
        added_up(each.gate_reached, staying).label("gate_reached"),
        added_up(each.assessments_submitted).label("assessments_submitted"),
        (cast(func.sum(each.lag_weeks).filter(active), Float) / func.nullif(lags, 0)).label("mean_lag_weeks"),
        func.max(each.last_activity_at).label("last_activity_at"),
    )


def added_up(numbers: ColumnElement[int], *where: ColumnElement[bool]) -> ColumnElement[int]:
    """The sum of whole numbers; 0 where there are none."""
    total = func.sum(numbers)
    return cast(func.coalesce(total.filter(*where) if where else total, 0), BigInteger)  # else PostgreSQL has decimals


def cohorts(connection: Connection, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """One row a programme and intake; `filters` names columns (`programme`, `intake`, `partner`) and their values."""
    return [dict(row) for row in connection.execute(_cohorts(tuple(filters or ())), filters or {}).mappings()]


@cache
def _cohorts(names: tuple[str, ...]) -> Select[Any]:
    found = groups(names)
    keys = (found.c.programme, found.c.intake)
    return select(*keys, *counts(found)).group_by(*keys).order_by(*keys)


def filtered(query: Select[Any], filters: Mapping[str, str] | None) -> Select[Any]:
    """Only the enrolments whose columns have these values."""
    for column, value in (filters or {}).items():
        query = query.where(_rows[column] == value)
    return query
