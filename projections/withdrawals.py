"""Read model: withdrawals that are recommended, objected to or signed off, and what DfE is to be told of them.

Which enrolments they are stands in the rows of progress; how each came about is read from its folded state, so nothing
is stored twice. DfE has no bulk call: each withdrawal is one request, with a participant, a reason and a course.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct
from sqlalchemy import Connection, Select, and_, func, or_, select

from learning.codes import CourseIdentifier
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.declarations import readiness
from learning.milestones import MilestoneTable
from learning.progress import State, decode_state
from learning.standing import Status, Withdrawal
from learning.withdrawals import WithdrawalCase, withdrawal
from projections.list_filters import Wanted, narrowed
from projections.schema import checkpoint, enrolment_progress, enrolment_state
from projections.storage.paging import ROWS_AT_ONCE

Warned = Literal["course-unknown-to-dfe", "not-yet-effective", "no-started-evidence"]
"""What is to be looked at before DfE is told. DfE does not know the programme; it dates a withdrawal by the call, so it
is told on the effective day and not before; it refuses to withdraw who has no `started` declaration."""

STOPPING: Final[frozenset[Warned]] = frozenset({"course-unknown-to-dfe", "not-yet-effective"})
"""Those with which DfE is not to be told."""

_rows, _states = enrolment_progress.c, enrolment_state.c
_WHO: Final = ("enrolment", "participant", "programme", "intake", "provider", "partner", "status")


class Found(Struct, frozen=True, kw_only=True):
    """The withdrawal of one enrolment."""

    enrolment: str
    participant: str
    programme: str
    intake: str
    provider: str
    partner: str
    """Who delivers now, and answers a recommendation."""
    status: Status
    """As of the day of the projections: until its effective day, who was signed off is as before."""
    course_identifier: CourseIdentifier | None
    """DfE's; None of a programme that DfE does not know."""
    as_of: date | None
    case: WithdrawalCase
    warnings: tuple[Warned, ...]
    """Only of those that are signed off."""

    @property
    def ready(self) -> bool:
        """Whether DfE can be told. Whether it was told before is not known here."""
        return self.case.state == "signed-off" and not STOPPING.intersection(self.warnings)


class Place(NamedTuple):
    """The place of a withdrawal in the order in which they came to where they stand."""

    said_at: datetime
    enrolment: str


class Rules(NamedTuple):
    """What withdrawals are judged by."""

    curriculum: Curriculum
    milestones: MilestoneTable


def counts(connection: Connection, wanted: Wanted) -> dict[Withdrawal, int]:
    """How many stand at each state, of those wanted."""
    query = _listed(select(_rows.withdrawal, func.count()).select_from(enrolment_progress), wanted)
    found = connection.execute(query.group_by(_rows.withdrawal)).all()
    return {"recommended": 0, "objected": 0, "signed-off": 0, **dict(found)}


def page(
    connection: Connection, rules: Rules, wanted: Wanted, *, latest_first: bool = False, number: int = 1, size: int = 50
) -> list[Found]:
    """One page, numbered from 1: what has stood longest where it stands first, or last."""
    place = (_rows.withdrawal_at, _rows.enrolment)
    order = [each.desc() for each in place] if latest_first else list(place)
    query = _query(wanted).order_by(*order).limit(size).offset((number - 1) * size)
    return list(_read(connection, rules, query))


def following(
    connection: Connection, rules: Rules, wanted: Wanted, after: Place | None = None, *, size: int
) -> list[Found]:
    """The next ones after a place, or the first, what has stood longest where it stands first."""
    query = _query(wanted).order_by(_rows.withdrawal_at, _rows.enrolment).limit(size)
    if after is not None:
        further = and_(_rows.withdrawal_at == after.said_at, _rows.enrolment > after.enrolment)
        query = query.where(or_(_rows.withdrawal_at > after.said_at, further))
    return list(_read(connection, rules, query))


def every(connection: Connection, rules: Rules, wanted: Wanted) -> Iterator[Found]:
    """All of those wanted, what has stood longest where it stands first, one at a time."""
    query = _query(wanted).order_by(_rows.withdrawal_at, _rows.enrolment)
    return _read(connection, rules, query.execution_options(yield_per=ROWS_AT_ONCE))


def _query(wanted: Wanted) -> Select[Any]:
    joined = enrolment_progress.join(enrolment_state, _states.enrolment == _rows.enrolment).join(
        checkpoint, checkpoint.c.partition == _states.home
    )
    columns = (*(_rows[name] for name in _WHO), checkpoint.c.day, _states.state)
    return _listed(select(*columns).select_from(joined), wanted)


def _listed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    """Only withdrawals that are wanted; whoever was erased is on no list."""
    return narrowed(query, wanted).where(_rows.withdrawal.is_not(None), _rows.erased.is_(False))


def _read(connection: Connection, rules: Rules, query: Select[Any]) -> Iterator[Found]:
    for *who, day, stored in connection.execute(query):
        named = dict(zip(_WHO, who, strict=True))
        state = decode_state(stored)
        case = withdrawal(state.life)
        if case is not None:
            programme = rules.curriculum.programmes.get(named["programme"])
            course = None if programme is None else programme.course
            warned = _warnings(case, course, state, rules, day) if case.state == "signed-off" else ()
            yield Found(**named, course_identifier=course, as_of=day, case=case, warnings=tuple(warned))


def _warnings(
    case: WithdrawalCase, course: CourseIdentifier | None, state: State, rules: Rules, day: date | None
) -> Iterator[Warned]:
    if course is None:
        yield "course-unknown-to-dfe"
    if day is not None and case.effective is not None and case.effective > day:
        yield "not-yet-effective"
    if course is not None and day is not None and not _started(state, rules, day):
        yield "no-started-evidence"


def _started(state: State, rules: Rules, day: date) -> bool:
    """Whether there is evidence for a `started` declaration; whether it was sent is not known here."""
    try:
        found = readiness(state, rules.curriculum, rules.milestones, day)
    except UnknownProgrammeError:
        return False
    return any(each.declaration_type == "started" and each.evidence for each in found)
