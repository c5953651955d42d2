"""The weeks of one programme in one intake, worked out once, since a thousand simulated people walk through them."""

from collections.abc import Mapping, Sequence
from random import Random

from msgspec import Struct

from learning.calendar import Intake
from learning.codes import COURSE_GROUPS, ScheduleIdentifier
from learning.facts import AttendanceRecorded, ComponentCompleted
from learning.plan import Plan
from learning.programme import LIVE_KINDS, Component, Programme
from producers.simulation.time import week_of

RUSH_WEEKS = 6
"""The last weeks before the deadline, in which people work off what they put off."""

_SCHEDULES: Mapping[tuple[str, bool], ScheduleIdentifier] = {
    ("leadership", True): "npq-leadership-autumn",
    ("leadership", False): "npq-leadership-spring",
    ("specialist", True): "npq-specialist-autumn",
    ("specialist", False): "npq-specialist-spring",
    ("ehco", True): "npq-ehco-november",
    ("ehco", False): "npq-ehco-march",
}
_AUGUST = 8


class CourseWeek(Struct, frozen=True):
    """What one week holds for everybody on the course."""

    term: bool
    rush: bool
    """Shortly before the deadline, or after it."""
    study_week: int
    """Study weeks that have begun by now."""
    sessions: tuple[int, ...]
    """The live sessions of this week, by their place in `Course.live`."""
    past: int
    """One bit for each live session of the weeks before."""


class Course:
    """One programme in one intake: its weeks, and the facts that are the same for everybody."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.programme: Programme = plan.programme
        self.intake: Intake = plan.intake
        self.provider = plan.programme.provider.lower().replace(" ", "-")
        """The lead provider's code."""
        self.key = f"{plan.programme.id}/{plan.intake.id}"
        self.random = Random(f"{seed}/{self.key}")  # noqa: S311 - a simulation, no secret
        """What is drawn for everybody who began on this course."""
        self.start = week_of(plan.intake.start)
        self.deadline = week_of(plan.deadline)
        self.last_day = plan.deadline.toordinal()
        self.later: Course | None = None
        """The same programme in the next intake of the simulation."""
        due = [component for _, component in plan.due]
        self.live: Sequence[Component] = [each for each in due if each.kind in LIVE_KINDS]
        self.own: Sequence[Component] = [each for each in due if each.kind not in LIVE_KINDS]
        """What is done in one's own time, in the order in which it is due."""
        self.completed = [ComponentCompleted(component=each.id) for each in self.own]
        self.attended = [AttendanceRecorded(component=each.id, attendance="attended") for each in self.live]
        self.absent = [AttendanceRecorded(component=each.id, attendance="absent") for each in self.live]
        self.caught_up = [AttendanceRecorded(component=each.id, attendance="caught-up") for each in self.live]
        self.assessed = next((each for each in self.programme.components if not each.counts), None)
        days = [plan.due_day(each) for each in self.own]
        self.own_due = [0, *(sum(day <= end for day in days) for end in plan.week_ends)]
        """How much of `own` is due by the end of each study week; by the end of the last, all that ever is."""
        self.own_due[-1] = len(self.own)
        self._weeks = _weeks(plan, [week_of(plan.due_day(each)) for each in self.live])

    @property
    def schedule(self) -> ScheduleIdentifier | None:
        """DfE's schedule for those who start in this intake; None for a programme that DfE does not know."""
        if self.programme.course is None:
            return None
        return _SCHEDULES.get((COURSE_GROUPS[self.programme.course], self.intake.start.month >= _AUGUST))

    def week(self, number: int) -> CourseWeek:
        """A week of the course; after the deadline nothing is taught and everything is overdue."""
        return self._weeks[min(number - self.start, len(self._weeks) - 1)]

    def own_target(self, week: CourseWeek, ahead: int) -> int:
        """How many of `own` somebody wants to have done by the end of a week, that many study weeks before the plan."""
        if week.rush:
            return len(self.own)
        return self.own_due[max(0, min(week.study_week + ahead, len(self.own_due) - 1))]

    def gate_reached(self, studied: int, again: Sequence[int], sat: int) -> bool:
        """Whether the gate is reached by who did so many of `own` but these, and the live sessions of these bits."""
        own = {each.id for place, each in enumerate(self.own[:studied]) if place not in again}
        live = {each.id for place, each in enumerate(self.live) if sat >> place & 1}
        return self.programme.gate_reached(own | live)


def _weeks(plan: Plan, session_weeks: Sequence[int]) -> list[CourseWeek]:
    """Every calendar week up to the deadline, and one more that stands for all weeks after it."""
    start, deadline = week_of(plan.intake.start), week_of(plan.deadline)
    study_weeks = {week_of(end) for end in plan.week_ends}
    weeks, begun, past = [], 0, 0
    for number in range(start, deadline + 1):
        term = number in study_weeks
        begun += term
        sessions = tuple(place for place, each in enumerate(session_weeks) if each == number)
        rush = deadline - number < RUSH_WEEKS
        weeks.append(CourseWeek(term, rush, begun, sessions, past))
        past |= sum(1 << place for place in sessions)
    weeks.append(CourseWeek(term=True, rush=True, study_week=begun, sessions=(), past=past))
    return weeks
