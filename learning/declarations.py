"""Which DfE declarations of an enrolment can be sent, on what evidence, and what stands in the way of the others.

The rules follow the Department for Education's NPQ registration service (provider API, version 3: its checks of a new
declaration, its guidance to lead providers, and its count of expected declarations):

- `started` says that somebody began: its evidence is engagement in the milestone's window, else the first after it,
  and it is dated by the first. DfE refuses no declaration for being late; a late one is paid for on a later statement.
- `retained-1` and `retained-2` say that somebody was still there: their evidence is engagement in the window, and they
  are dated by the latest of it. Engagement outside the window is evidence of another milestone, or of none.
- `completed` says what came of it: the outcome of the assessment or, where DfE knows no outcome, the end of the
  programme. Its window decides only on which statement it is paid for.

What was sent to DfE is not on the log. Where DfE counts who has the declaration before, we count who has evidence
for it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, Literal

from msgspec import Struct

from learning.calendar import uk_day
from learning.codes import DECLARATION_TYPES, CourseGroup, CourseIdentifier, DeclarationType
from learning.curriculum import Curriculum
from learning.declaration_evidence import (
    OUTCOME_GROUPS,
    Case,
    Evidence,
    Window,
    engagement,
    of_completion,
    of_retention,
    of_start,
    partner_on,
    until,
    window_of,
)
from learning.measures import Progress, measure
from learning.milestones import MilestoneTable
from learning.plan import start_of
from learning.progress import State
from learning.standing import standing

BlockerCode = Literal[
    "not-enrolled",
    "withdrawn",
    "type-not-allowed",
    "earlier-missing",
    "before-schedule-start",
    "window-not-open",
    "no-evidence",
    "outcome-missing",
    "after-deadline",
    "deferred",
    "no-published-dates",
    "may-retake",
]
"""What stands in the way of a declaration; the last four are warnings: DfE does not mind, a provider looks first."""

_SCHEDULE_GROUPS: Final[dict[str, CourseGroup]] = {
    "npq-leadership": "leadership",
    "npq-specialist": "specialist",
    "npq-ehco": "ehco",
    "npq-aso": "support",
}
"""By the beginning of a schedule's identifier: the group whose declaration types it allows."""


class Blocker(Struct, frozen=True):
    """Something that stands in the way of a declaration."""

    code: BlockerCode
    sentence: str
    stops: bool = True
    """Whether the declaration cannot be sent; else it is a warning."""


class Readiness(Struct, frozen=True, kw_only=True):
    """How one declaration of one enrolment stands at the end of a day."""

    declaration_type: DeclarationType
    course_identifier: CourseIdentifier
    window_start: date
    deadline: date | None
    """Last day of the window; None where DfE has published no dates for the intake and course group."""
    payment: date | None
    """When DfE pays for what is declared by the deadline."""
    evidence: tuple[Evidence, ...]
    """In the order in which it happened."""
    declaration_date: datetime | None
    """The moment to declare; None without evidence."""
    has_passed: bool | None
    """Only of a `completed` whose course is passed or failed, once that is known."""
    delivery_partner: str
    """Who delivered on the day of the declaration; without evidence, who delivers now."""
    blockers: tuple[Blocker, ...]
    expected: bool
    """Whether DfE counts on it, from the day on which the window opens.

    It counts on `started` of everybody accepted, and on the others of who is active and has the one before. Where no
    dates are published, `completed` is expected once the programme's own deadline has passed.
    """

    @property
    def ready(self) -> bool:
        """Whether it can be sent."""
        return not any(blocker.stops for blocker in self.blockers)


def readiness(state: State, curriculum: Curriculum, table: MilestoneTable, day: date) -> tuple[Readiness, ...]:
    """How each declaration of an enrolment stands at the end of `day`, in the order of the milestones.

    What happened later is left out; what happened by then counts, also when it became known later.

    Returns:
        One for each type that courses of the group have; none while nobody is known to be enrolled, or where DfE does
        not know the programme.

    Raises:
        UnknownProgrammeError: When the curriculum does not have the programme or intake.
    """
    known = until(state, day)
    now = standing(known, day)
    if now is None:
        return ()
    plan = curriculum.plan(now.programme, now.intake)
    course = plan.programme.course
    if course is None:
        return ()
    case = Case(known, day, now, plan, course, table, engagement(known, plan))
    found: list[Readiness] = []
    for declaration_type in DECLARATION_TYPES[case.group]:
        progress = measure(known, curriculum, day) if declaration_type == "completed" else None
        found.append(_judge(case, declaration_type, found, progress))
    return tuple(found)


def _judge(
    case: Case, declaration_type: DeclarationType, earlier: Sequence[Readiness], progress: Progress | None
) -> Readiness:
    """How one declaration stands, given those that come before it; `progress` is given of `completed` only."""
    window = window_of(case, declaration_type, earlier[0].declaration_date if earlier else None)
    if progress is not None:
        evidence = of_completion(case, progress)
    elif declaration_type == "started":
        evidence = of_start(case, window)
    else:
        evidence = of_retention(case, declaration_type, window)
    dated = None if not evidence else evidence[0 if declaration_type == "started" else -1].time
    has_outcome = progress is not None and bool(evidence) and case.group in OUTCOME_GROUPS
    return Readiness(
        declaration_type=declaration_type,
        course_identifier=case.course,
        window_start=window.start,
        deadline=window.deadline,
        payment=window.payment,
        evidence=tuple(evidence),
        declaration_date=dated,
        has_passed=progress.outcome == "passed" if progress and has_outcome else None,
        delivery_partner=case.now.partner if dated is None else partner_on(case, uk_day(dated)),
        blockers=(
            *_refusals(case, declaration_type, earlier),
            *_of_evidence(case, declaration_type, window, dated),
            *_warnings(case, window, dated, progress),
        ),
        expected=_expected(case, window, earlier, completes=progress is not None),
    )


def _refusals(case: Case, declaration_type: DeclarationType, earlier: Sequence[Readiness]) -> Iterator[Blocker]:
    """What stops the declaration whatever its own evidence is."""
    now = case.now
    if now.enrolled_on > case.day:
        yield Blocker("not-enrolled", f"the enrolment began on {now.enrolled_on}, after {case.day}")
    if now.schedule and declaration_type not in _types_of(now.schedule):
        yield Blocker("type-not-allowed", f"the schedule {now.schedule} has no {declaration_type}")
    if missing := [each.declaration_type for each in earlier if not each.evidence]:
        yield Blocker("earlier-missing", f"there is no evidence for {' and '.join(missing)}, which comes before it")


def _types_of(schedule: str) -> tuple[DeclarationType, ...]:
    return DECLARATION_TYPES[_SCHEDULE_GROUPS[schedule.rpartition("-")[0]]]


def _of_evidence(
    case: Case, declaration_type: DeclarationType, window: Window, dated: datetime | None
) -> Iterator[Blocker]:
    """What is wrong with the evidence, or why there is none."""
    if dated is not None:
        if case.opens is not None and dated < start_of(case.opens):
            yield Blocker(
                "before-schedule-start", f"all evidence is from before {case.opens}, when the schedule begins"
            )
    elif case.left is not None:
        yield Blocker("withdrawn", f"withdrawn from {case.left} on, and there is no evidence from before that")
    elif declaration_type == "completed":
        waits = "the outcome of the assessment is not known" if case.group in OUTCOME_GROUPS else "it is not finished"
        yield Blocker("outcome-missing", waits)
    elif case.day < window.start:
        yield Blocker("window-not-open", f"its window opens on {window.start}")
    else:
        days = f"from {window.start} to {window.deadline}" if window.deadline else f"since {window.start}"
        yield Blocker("no-evidence", f"nothing was completed, attended or handed in {days}")


def _warnings(case: Case, window: Window, dated: datetime | None, progress: Progress | None) -> Iterator[Blocker]:
    """What DfE accepts and a provider checks before sending."""
    if dated is not None and window.closes is not None and dated >= window.closes:
        late = f"dated after the deadline of {window.deadline}, so DfE pays for it on a later statement"
        yield Blocker("after-deadline", late, stops=False)
    if case.now.status == "deferred":
        yield Blocker("deferred", f"deferred since {case.now.since} ({case.now.reason})", stops=False)
    if window.deadline is None:
        looked_at = f"everything since {window.start} was looked at"
        unpublished = f"DfE has published no {case.group} dates for {case.now.intake}: {looked_at}"
        yield Blocker("no-published-dates", unpublished, stops=False)
    if progress is not None and progress.outcome == "failed" and progress.attempts_left:
        yield Blocker("may-retake", "failed, and another attempt can be made", stops=False)


def _expected(case: Case, window: Window, earlier: Sequence[Readiness], *, completes: bool) -> bool:
    due = window.deadline is not None or not completes or case.day > case.plan.deadline
    if case.now.enrolled_on > case.day or case.day < window.start or not due:
        return False
    return not earlier or (case.now.status == "active" and bool(earlier[-1].evidence))
