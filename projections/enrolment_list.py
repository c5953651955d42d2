"""Read model: lists of enrolments to work through, narrowed, sorted and paged, with their progress and their risk.

Whoever was erased is on none of them, though totals count them: `erased` says how many a list leaves out.

It is a query, not a table. First the ids of a page are found, then its rows are read, so that a page costs little
however many enrolments there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, and_, func, or_, select

from projections.enrolment_risk import decode_reasons
from projections.list_filters import Wanted, narrowed
from projections.list_order import NEEDS_REGISTER, WORST_FIRST, Sort, SortBy, order
from projections.schema import checkpoint, enrolment_progress, enrolment_risk, enrolment_state
from projections.storage.paging import in_pages

__all__ = [
    "Changes",
    "Cursor",
    "Page",
    "Sort",
    "SortBy",
    "Wanted",
    "changes",
    "count",
    "erased",
    "every",
    "find",
    "page",
    "those",
]

_progress, _risk, _state = enrolment_progress.c, enrolment_risk.c, enrolment_state.c
_OF_RISK: Final = (
    "points",
    "reasons",
    "policy",
    "since",
    "flagged_since",
    "comes_down",
    "stage",
    "stage_since",
    "stage_by",
)
_UNSAID: Final = {"points", "points_total", "expected_points", "erased"}
"""Columns of the progress that a list leaves out: its points are those of the risk, and nobody on it is erased."""

_with_risk = enrolment_progress.outerjoin(enrolment_risk, _risk.enrolment == _progress.enrolment)
_rows = select(
    *(column for column in _progress if column.name not in _UNSAID),
    *(_risk[name] for name in _OF_RISK),
    checkpoint.c.day.label("as_of"),
).select_from(
    _with_risk.join(enrolment_state, _state.enrolment == _progress.enrolment).join(
        checkpoint, checkpoint.c.partition == _state.home
    )
)


class Page(NamedTuple):
    """A part of a list."""

    rows: list[dict[str, Any]]
    total: int
    """How many enrolments the whole list has."""


class Cursor(NamedTuple):
    """The place of an enrolment in the order of changes."""

    updated_at: datetime
    enrolment: str


class Changes(NamedTuple):
    """Enrolments in the order in which they changed."""

    rows: list[dict[str, Any]]
    cursor: Cursor | None
    """The place of the last of them, to go on from; None where there are none."""


def page(connection: Connection, wanted: Wanted, sort: Sort = WORST_FIRST, *, number: int = 1, size: int = 50) -> Page:
    """One page of a list; pages are numbered from 1.

    A row has the columns of enrolment progress without its points, those of the register (`points`, `reasons`, `since`,
    `stage`, ...), and `as_of`, the day that it is measured as of. Who is not active, or has not been looked at on any
    day yet, has no `level`; without a reason, `reasons` is empty.
    """
    before = (number - 1) * size
    ids = _ids(connection, _sorted(wanted, sort).limit(size).offset(before))
    is_last = len(ids) < size and (ids or number == 1)
    return Page(_read(connection, ids), before + len(ids) if is_last else count(connection, wanted))


def every(connection: Connection, wanted: Wanted, sort: Sort = WORST_FIRST) -> Iterator[dict[str, Any]]:
    """All rows of a list, one at a time, as `page` has them."""
    ids = _ids(connection, _sorted(wanted, sort))
    for some in in_pages(ids):
        yield from _read(connection, some)


def changes(connection: Connection, wanted: Wanted, after: Cursor | None = None, *, size: int = 100) -> Changes:
    """Enrolments that changed after a place, the earliest change first; without a place, from the beginning.

    An enrolment that changes again moves on to the end. Where several workers write, one that began earlier may end
    later, so whoever must not miss anything asks again from a little before the last place.
    """
    query = _found(wanted).order_by(_progress.updated_at, _progress.enrolment).limit(size)
    if after is not None:
        further = and_(_progress.updated_at == after.updated_at, _progress.enrolment > after.enrolment)
        later = _progress.updated_at > after.updated_at
        query = query.where(_progress.updated_at >= after.updated_at, or_(later, further))  # the first finds the place
    rows = _read(connection, _ids(connection, query))
    return Changes(rows, Cursor(rows[-1]["updated_at"], rows[-1]["enrolment"]) if rows else None)


def count(connection: Connection, wanted: Wanted) -> int:
    """How many enrolments a list has."""
    return int(connection.scalar(_found(wanted).with_only_columns(func.count())) or 0)


def erased(connection: Connection, wanted: Wanted) -> int:
    """How many enrolments a list leaves out because personal data of their participants were erased.

    A search finds none of them, so it leaves none out.
    """
    if wanted.text is not None or wanted.participants is not None:
        return 0
    query = narrowed(select(func.count()).select_from(enrolment_progress), wanted)
    return int(connection.scalar(query.where(_progress.erased.is_(True))) or 0)


def find(connection: Connection, wanted: Wanted, enrolment: str) -> dict[str, Any] | None:
    """The row of one enrolment, as `page` has it, if it is one of those wanted."""
    ids = _ids(connection, _found(wanted).where(_progress.enrolment == enrolment))
    return next(iter(_read(connection, ids)), None)


def those(connection: Connection, wanted: Wanted, enrolments: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of these enrolments by id, as `page` has them: of those that are wanted."""
    found: dict[str, dict[str, Any]] = {}
    for some in in_pages(dict.fromkeys(enrolments)):
        ids = _ids(connection, _found(wanted).where(_progress.enrolment.in_(some)))
        found |= {row["enrolment"]: row for row in _read(connection, ids)}
    return found


def _found(wanted: Wanted) -> Select[str]:
    return _listed(select(_progress.enrolment).select_from(enrolment_progress), wanted)


def _sorted(wanted: Wanted, sort: Sort) -> Select[str]:
    table = _with_risk if sort.by in NEEDS_REGISTER else enrolment_progress
    return _listed(select(_progress.enrolment).select_from(table), wanted).order_by(*order(sort))


def _listed(query: Select[str], wanted: Wanted) -> Select[str]:
    return narrowed(query, wanted).where(_progress.erased.is_(False))


def _ids(connection: Connection, query: Select[str]) -> list[str]:
    return list(connection.scalars(query))


def _read(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of these enrolments, in their order."""
    found = connection.execute(_rows.where(_progress.enrolment.in_(ids))).mappings()
    rows = {row["enrolment"]: {**row, "reasons": decode_reasons(row["reasons"] or b"[]")} for row in found}
    return [rows[each] for each in ids]
