"""Which enrolments a list is to have, as values that a URL or a form can carry, and as conditions of a query."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Final, TypeVarTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, exists, false, or_, select

from learning.changes import Change
from learning.flags import Stage
from learning.policy import FLAGGED, LEVELS, Level, SignalCode
from learning.standing import Status, Withdrawal
from projections.schema import enrolment_progress, enrolment_risk, risk_history
from projections.storage.byte_search import contains

FLAGGED_LEVELS: Final = LEVELS[FLAGGED:]
PLACES: Final = ("programme", "intake", "provider", "partner", "cohort")
"""Filters that name where an enrolment is; the columns of enrolment progress have the same names."""

Columns = TypeVarTuple("Columns")

_LONGEST_ID: Final = 128
_register = enrolment_risk.alias("register")
"""Under a name of its own, since a list that is sorted by risk is joined with the table already."""
_progress, _risk, _history = enrolment_progress.c, _register.c, risk_history.c


class Wanted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Enrolments that meet everything that is given; without anything, all of them."""

    programme: str | None = None
    intake: str | None = None
    provider: str | None = None
    partner: str | None = None
    cohort: str | None = None
    status: Status | None = None
    withdrawn: bool | None = None
    """Whether the status is withdrawn: who is not, counts for completion, the plan and the gate."""
    assessed: bool | None = None
    """Active, and whether a day has looked at it yet."""
    level: Level | None = None
    """Of risk; only active enrolments have one."""
    flagged: bool = False
    """Only those on which somebody is to act: at risk or critical."""
    reason: SignalCode | None = None
    """One of the reasons of its level; only active enrolments have any."""
    stage: Stage | None = None
    """Of what is done about its flag."""
    text: str | None = None
    """A part of the id of the enrolment or of the participant, in small or capital letters."""
    participants: frozenset[str] | None = None
    """Of these people, such as those whom a search by name has found; beside `text`, either is enough."""
    behind: int | None = None
    """Active and behind the plan by at least so many study weeks."""
    gate_reached: bool | None = None
    deadline_from: date | None = None
    deadline_until: date | None = None
    """The deadline lies on this day or before it."""
    status_since: date | None = None
    """Its status, another one than active, holds from this day or from a later one."""
    changed_on: date | None = None
    """Its flag was raised, changed or cleared as this day began."""
    change: Change | None = None
    """Of these, only those to whose flag this happened; of itself it says nothing."""
    withdrawal: Withdrawal | None = None
    """The last word on leaving."""
    withdrawal_since: datetime | None = None
    """That was said at this moment or later."""
    updated_since: datetime | None = None
    """Something that is shown of it changed at this moment or later."""


def narrowed(query: Select[*Columns], wanted: Wanted) -> Select[*Columns]:
    """Only those of a query over enrolment progress that are wanted."""
    return query.where(*_of_places(wanted), *_of_progress(wanted), *_of_dates(wanted), *_of_risk(wanted))


def _of_places(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    for name in PLACES:
        value = getattr(wanted, name)
        if value is not None:
            yield _progress[name] == value if value.isprintable() else false()
    if wanted.text is not None or wanted.participants is not None:
        yield or_(_has_text(wanted.text), _is_of(wanted.participants))


def _has_text(text: str | None) -> ColumnElement[bool]:
    if text is None or len(text) > _LONGEST_ID or not text.isprintable():
        return false()
    return or_(*(column.icontains(text, autoescape=True) for column in (_progress.enrolment, _progress.participant)))


def _is_of(participants: Collection[str] | None) -> ColumnElement[bool]:
    return _progress.participant.in_(sorted(participants)) if participants else false()


def _of_progress(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.status is not None:
        yield _progress.status == wanted.status
    if wanted.withdrawn is not None:
        yield _progress.status == "withdrawn" if wanted.withdrawn else _progress.status != "withdrawn"
    if wanted.assessed is not None:
        yield _progress.status == "active"
        yield _progress.level.is_not(None) if wanted.assessed else _progress.level.is_(None)
    if wanted.level is not None:
        yield _progress.level == wanted.level
    if wanted.flagged:
        yield _progress.level.in_(FLAGGED_LEVELS)
    if wanted.behind is not None:
        yield _progress.status == "active"
        yield _progress.lag_weeks >= wanted.behind
    if wanted.withdrawal is not None:
        yield _progress.withdrawal == wanted.withdrawal
    if wanted.gate_reached is not None:
        yield _progress.gate_reached.is_(wanted.gate_reached)


def _of_dates(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.deadline_from is not None:
        yield _progress.deadline >= wanted.deadline_from
    if wanted.deadline_until is not None:
        yield _progress.deadline <= wanted.deadline_until
    if wanted.status_since is not None:
        yield _progress.status_since >= wanted.status_since
    if wanted.withdrawal_since is not None:
        yield _progress.withdrawal_at >= wanted.withdrawal_since
    if wanted.updated_since is not None:
        yield _progress.updated_at >= wanted.updated_since
    if wanted.changed_on is not None:
        change = _history.change.is_not(None) if wanted.change is None else _history.change == wanted.change
        decided = select(_history.enrolment).where(_history.day == wanted.changed_on, change)
        yield _progress.enrolment.in_(decided)


def _of_risk(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.reason is not None:
        named = contains(_risk.reasons, f'"signal":"{wanted.reason}"'.encode())
        given = select(_risk.enrolment).where(_risk.points > 0, named)
        yield _looked_up(named) if wanted.flagged else _progress.enrolment.in_(given)
    if wanted.stage is not None:
        yield _progress.level.in_(FLAGGED_LEVELS)
        yield _looked_up(_risk.stage == wanted.stage)


def _looked_up(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether it holds in the register, looked up one by one: for who is flagged, and they are few."""
    return exists().where(_risk.enrolment == _progress.enrolment, condition)
