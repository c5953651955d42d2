"""A programme laid out on the calendar of one intake: what is due by when, and when the gate closes."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

from dateutil.relativedelta import relativedelta
from msgspec import Struct

from learning.calendar import UK, Intake, StudyCalendar
from learning.catalogue import LIVE_KINDS, Component, Programme

_DAY = timedelta(days=1)


@lru_cache(maxsize=4_096)
def start_of(day: date) -> datetime:
    """The instant at which a day begins in the UK, in UTC."""
    return datetime.combine(day, time(), tzinfo=UK).astimezone(UTC)


class NewStart(NamedTuple):
    """Where somebody stood who joined late, came back or moved: what was left then is spread over the weeks left."""

    week: int
    """Study weeks of the plan that were over."""
    reached: int
    """The study week whose plan was fulfilled; below `week`."""


class Plan(Struct, frozen=True, kw_only=True, dict=True):
    """The study weeks, due dates and deadline of everybody on one programme in one intake.

    Days are days in the UK. A component is due by the end of its due day, so it is expected from the day after.
    """

    programme: Programme
    intake: Intake
    deadline: date
    """The last day on which reaching the gate counts."""
    week_ends: tuple[date, ...]
    """The Sundays that end the study weeks up to the deadline; in the last place the deadline itself if no Sunday."""

    @cached_property
    def due(self) -> tuple[tuple[date, Component], ...]:
        """Every counting component with its due day, earliest first."""
        counting = (component for component in self.programme.components if component.counts)
        return tuple(sorted(((self.due_day(each), each) for each in counting), key=lambda pair: (pair[0], pair[1].id)))

    @cached_property
    def component_ids(self) -> frozenset[str]:
        """Every component of the programme, counting or not."""
        return frozenset(component.id for component in self.programme.components)

    @cached_property
    def due_days(self) -> tuple[date, ...]:
        """The due days of `due`."""
        return tuple(day for day, _ in self.due)

    @cached_property
    def due_points(self) -> tuple[int, ...]:
        """Points expected after none, one, two ... of `due`."""
        points = self.programme.points
        return (0, *accumulate(points[component.id] for _, component in self.due))

    @cached_property
    def live_sessions(self) -> frozenset[str]:
        """The components for which a register is kept."""
        return frozenset(each.id for each in self.programme.components if each.kind in LIVE_KINDS)

    @cached_property
    def week_points(self) -> tuple[int, ...]:
        """Points expected after none, one, two ... study weeks; it never falls."""
        return (0, *(self.expected_points(end + _DAY) for end in self.week_ends))

    @cached_property
    def week_starts(self) -> tuple[datetime, ...]:
        """The instants at which the study weeks begin, then the end of the deadline day."""
        first = start_of(self.intake.start)
        later = (start_of(end - 6 * _DAY) for end in self.week_ends[1:])
        return (first, *later, self.closes)

    @cached_property
    def closes(self) -> datetime:
        """The instant after which the deadline has passed."""
        return start_of(self.deadline + _DAY)

    @property
    def weeks(self) -> int:
        """How many study weeks the plan has."""
        return len(self.week_ends)

    def due_day(self, component: Component) -> date:
        """The day by whose end a component is due; never later than the deadline."""
        if component.due_day is not None:
            return min(self.intake.start + timedelta(days=component.due_day), self.deadline)
        week = component.due_week or 1
        return self.week_ends[week - 1] if week <= self.weeks else self.deadline

    def expected_points(self, day: date) -> int:
        """Points of everything that was due before `day` began."""
        return self.due_points[bisect_left(self.due_days, day)]

    def weeks_done(self, day: date) -> int:
        """Study weeks that had ended before `day` began."""
        return bisect_left(self.week_ends, day)

    def week_reached(self, points: int) -> int:
        """The latest study week after which no more than these points are expected."""
        return bisect_right(self.week_points, points) - 1

    def new_start(self, day: date, points: int) -> NewStart | None:
        """Where somebody stands who begins, or begins again, on a day with these points; None if not behind then."""
        week, reached = self.weeks_done(day), self.week_reached(points)
        return NewStart(week, reached) if reached < week else None

    def weeks_due(self, day: date, since: NewStart | None) -> int:
        """The study week whose plan is to be fulfilled before `day` begins; pro rata after a new start."""
        week = self.weeks_done(day)
        if since is None:
            return week
        if week <= since.week:
            return min(week, since.reached)
        left, over = self.weeks - since.week, week - since.week
        return since.reached + (self.weeks - since.reached) * over // left


def make_plan(programme: Programme, intake: Intake, calendar: StudyCalendar) -> Plan:
    """Lay a programme out from the intake's first day to its deadline, that many calendar months later."""
    deadline = intake.start + relativedelta(months=programme.months) - _DAY
    ends = [end for end in calendar.week_ends(intake.start, deadline + 6 * _DAY) if end - 6 * _DAY <= deadline]
    return Plan(
        programme=programme,
        intake=intake,
        deadline=deadline,
        week_ends=tuple(min(end, deadline) for end in ends),
    )
