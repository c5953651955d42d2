"""In which order a list of enrolments stands: by one of a closed list of columns, then by id, so that pages fit."""

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, case

from learning.policy import LEVELS
from projections.schema import enrolment_progress, enrolment_risk

SortBy = Literal[
    "risk",
    "since",
    "enrolment",
    "participant",
    "programme",
    "intake",
    "partner",
    "status",
    "completion",
    "expected",
    "lag_weeks",
    "pace_needed",
    "forecast",
    "deadline",
    "next_due_on",
    "last_activity_at",
    "contacted_at",
    "updated_at",
]
"""What a list can be sorted by. `risk` is the level, then the points, then how long."""

NEEDS_REGISTER: Final[frozenset[SortBy]] = frozenset({"risk", "since"})
"""What stands in the at-risk register, not in the progress."""

_NEVER: Final = {"last_activity_at", "contacted_at"}
"""What never happened is the longest ago; anything else that is missing stands last, whichever way a list is sorted."""

_progress, _risk = enrolment_progress.c, enrolment_risk.c
_height = case(*((_progress.level == level, place) for place, level in enumerate(LEVELS)), else_=-1)


class Sort(NamedTuple):
    """An order."""

    by: SortBy
    descending: bool = False


WORST_FIRST: Final = Sort("risk", descending=True)


def order(sort: Sort) -> Iterator[ColumnElement[Any]]:
    """The columns to order by."""
    if sort.by == "risk":
        yield from _by_risk(descending=sort.descending)
    elif sort.by != "enrolment":
        column: ColumnElement[Any] = (_risk if sort.by == "since" else _progress)[sort.by]
        directed = column.desc() if sort.descending else column.asc()
        first = sort.by in _NEVER and not sort.descending
        yield directed.nulls_first() if first else directed.nulls_last()
    yield _progress.enrolment.desc() if sort == ("enrolment", True) else _progress.enrolment.asc()


def _by_risk(*, descending: bool) -> Iterator[ColumnElement[Any]]:
    """From the worst down, of one level and points whoever is there longest comes first; or the other way round."""
    if descending:
        yield from (_height.desc(), _risk.points.desc().nulls_last(), _risk.since.asc().nulls_last())
    else:
        yield from (_height.asc(), _risk.points.asc().nulls_first(), _risk.since.desc().nulls_first())
