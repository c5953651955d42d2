"""What an enrolment has to show for a DfE declaration: which facts, in which window. `learning.declarations` judges it.

Engagement is a component of the programme that was completed, attended, caught up on or handed in, on the day on which
that happened, whenever it became known. Taken back, or corrected to absent, it is none. A mere visit to the platform is
no evidence, not even of `started`: DfE has providers show who took part and when, and a visit shows only who looked.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from learning.calendar import uk_day
from learning.codes import COURSE_GROUPS, CourseGroup, CourseIdentifier, DeclarationType, Outcome
from learning.facts import AssessmentMarked, Enrolled, Transferred, Withdrawn
from learning.measures import Progress
from learning.milestones import MilestoneTable
from learning.plan import Plan, start_of
from learning.progress import ACTIVE, Mark, Noted, State
from learning.standing import Standing, standing

OUTCOME_GROUPS: Final = frozenset[CourseGroup]({"leadership", "specialist"})
"""Course groups that are passed or failed at DfE."""

_DAY: Final = timedelta(days=1)


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that a declaration rests on."""

    time: datetime
    """When it happened."""
    recordedtime: datetime
    """When it became known."""
    what: str
    """`completed`, `attended`, `caught-up` or `submitted` of a component; `passed` or `failed` of an attempt."""
    component: str | None = None
    attempt: int | None = None


class Window(NamedTuple):
    """The days on which a declaration looks; without a deadline and payment where DfE has published none."""

    start: date
    deadline: date | None = None
    payment: date | None = None

    @property
    def closes(self) -> datetime | None:
        """The instant after which the deadline has passed."""
        return None if self.deadline is None else start_of(self.deadline + _DAY)

    def inside(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        """What happened in the window."""
        opens, closes = start_of(self.start), self.closes
        return [each for each in evidence if opens <= each.time and (closes is None or each.time < closes)]


class Case(NamedTuple):
    """What all declarations of an enrolment are judged by."""

    state: State
    """As of the end of the day."""
    day: date
    now: Standing
    plan: Plan
    course: CourseIdentifier
    table: MilestoneTable
    engaged: list[Evidence]
    """All engagement, in order."""

    @property
    def group(self) -> CourseGroup:
        """The group of the course."""
        return COURSE_GROUPS[self.course]

    @property
    def opens(self) -> date | None:
        """The first day for which DfE accepts a declaration of the intake, if it was published."""
        published = self.table.of_course(self.now.intake, self.course)
        return published[0].window_start if published else None

    @property
    def left(self) -> date | None:
        """The day from which a withdrawal holds: DfE accepts only declarations dated before it."""
        return self.now.since if self.now.status == "withdrawn" else None


def until(state: State, day: date) -> State:
    """The state without what happened after the day; who was enrolled stays known, to say that it was later."""
    end = start_of(day + _DAY)
    components = {}
    for component, marks in state.components.items():
        if happened := [mark for mark in marks if mark[0] < end]:
            components[component] = happened
    life = [noted for noted in state.life if noted.time < end or _holds_anyway(noted, day)]
    return msgspec.structs.replace(state, components=components, life=life)


def _holds_anyway(noted: Noted, day: date) -> bool:
    data = noted.data
    return isinstance(data, Enrolled) or (isinstance(data, Withdrawn) and data.effective <= day)


def engagement(state: State, plan: Plan) -> list[Evidence]:
    """What was done and stands, in order."""
    return sorted(_engagement(state, plan), key=lambda each: (each.time, each.component or ""))


def _engagement(state: State, plan: Plan) -> Iterator[Evidence]:
    """Of two records of one moment the one that became known later is believed."""
    for component in state.components.keys() & plan.component_ids:
        believed: dict[datetime, Mark] = {}
        for mark in state.components[component]:
            if mark[2] == "reopened":
                believed.clear()  # nobody says whether it had been done at all
            else:
                believed[mark[0]] = mark
        for mark in believed.values():
            if mark[2] in ACTIVE:
                yield Evidence(time=mark[0], recordedtime=mark[1], what=mark[2], component=component)


def window_of(case: Case, declaration_type: DeclarationType, started: datetime | None) -> Window:
    """The published window; where there is none, all the time since the enrolment or, if known, since the start.

    Without dates nobody can tell the first retention from the second: both look at the same time.
    """
    for due in case.table.of_course(case.now.intake, case.course):
        if due.declaration_type == declaration_type:
            return Window(due.window_start, due.deadline, due.payment)
    if started is not None:
        return Window(uk_day(started) + _DAY)
    return Window(min(case.now.enrolled_on, case.plan.intake.start))


def of_start(case: Case, window: Window) -> list[Evidence]:
    """The engagement in the window, else the first after it, else what was done before the schedule began."""
    usable = _before_leaving(case, case.engaged)
    opens = start_of(window.start)
    later = [each for each in usable if each.time >= opens]
    return window.inside(later) or later[:1] or ([] if case.opens is None else usable)


def of_retention(case: Case, declaration_type: DeclarationType, window: Window) -> list[Evidence]:
    """The engagement in the window, else in that of an earlier intake from which the enrolment was moved."""
    usable = _before_leaving(case, case.engaged)
    if (inside := window.inside(usable)) or case.opens is None:
        return inside
    opens = start_of(case.opens)
    before = [each for each in usable if each.time < opens]
    intakes = {getattr(noted.data, "intake", None) for noted in case.state.life} - {case.now.intake, None}
    windows = [
        Window(due.window_start, due.deadline)
        for intake in intakes
        for due in case.table.of_course(str(intake), case.course)
        if due.declaration_type == declaration_type
    ]
    return [each for each in before if any(window.inside([each]) for window in windows)]


def of_completion(case: Case, progress: Progress) -> list[Evidence]:
    """The work and the mark that decides on it; or, where DfE knows no outcome, all that was done to finish."""
    if case.group not in OUTCOME_GROUPS:
        return case.engaged if progress.standing.status == "completed" else []
    if progress.outcome is None:
        return []
    mark = _mark(case.state.life, progress.outcome)
    submitted = [each for each in case.engaged if each.what == "submitted" and each.time <= mark.time]
    return [*submitted, mark] if _before_leaving(case, [mark]) else []


def _mark(life: Sequence[Noted], outcome: Outcome) -> Evidence:
    """The latest mark with the outcome that counts, where what was said last of an attempt holds."""
    said: dict[int, tuple[Noted, Any]] = {}
    for noted in life:
        if isinstance(noted.data, AssessmentMarked):
            said[noted.data.attempt] = (noted, noted.data)
    decisive = (pair for pair in said.values() if pair[1].outcome == outcome)
    noted, data = max(decisive, key=lambda pair: (pair[0].time, pair[0].recordedtime))
    return Evidence(time=noted.time, recordedtime=noted.recordedtime, what=data.outcome, attempt=data.attempt)


def _before_leaving(case: Case, evidence: list[Evidence]) -> list[Evidence]:
    if case.left is None:
        return evidence
    left = start_of(case.left)
    return [each for each in evidence if each.time < left]


def partner_on(case: Case, day: date) -> str:
    """Who delivered on a day: a later move to another partner is none of that day's declaration."""
    if not any(isinstance(noted.data, Transferred) for noted in case.state.life):
        return case.now.partner
    then = standing(until(case.state, day), day)
    return case.now.partner if then is None else then.partner
