"""What happened to an enrolment in order of time, laid out so that it can be looked at as of many days cheaply.

A flag needs to know how things stood on days before today: since when, and whether the cause is gone long enough. A
trail is made once from the state; a view of it as of any day then costs a few look-ups.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any

from learning.assessment import Answer, Window, answers, open_window, windows
from learning.calendar import uk_day
from learning.facts import (
    AssessmentSubmitted,
    DeferralRequested,
    Deferred,
    ExtenuatingCircumstancesGranted,
    Resumed,
    Withdrawn,
)
from learning.measures import Standing, active_moments, start_days
from learning.milestones import Milestone
from learning.plan import NewStart, Plan, start_of
from learning.progress import ACTIVE, DONE, Mark, State, visit_days

_DAY = timedelta(days=1)


class Trail:
    """The facts of one enrolment that happened before a day, and the plan by which they are looked at."""

    def __init__(
        self,
        state: State,
        plan: Plan,
        standing: Standing,
        milestones: Iterable[Milestone] = (),
        excused_days: int = 0,
    ) -> None:
        """Lay out a state.

        Args:
            state: The facts, none of which happened on the last day that will be looked at, or later.
            plan: Of the programme and intake that the enrolment has now.
            standing: What it stands at now.
            milestones: DfE's, for its intake and course.
            excused_days: How long extenuating circumstances excuse at least.
        """
        self.state = state
        self.plan = plan
        self.standing = standing
        self.milestones = tuple(milestones)
        self.excused_days = excused_days
        points = plan.programme.points
        flips: list[tuple[datetime, str, bool]] = []
        active: list[datetime] = []
        self.absent = False
        """Whether any register ever said so."""
        for component, marks in state.components.items():
            if len(marks) == 1:
                moment, _, word, _ = marks[0]
                if word in DONE and component in points:
                    flips.append((moment, component, True))
                if word in ACTIVE:
                    active.append(moment)
                elif word == "absent":
                    self.absent = True
            else:
                if component in points:
                    flips.extend(_flips(component, marks))
                active.extend(active_moments(marks))
                self.absent = self.absent or any(mark[2] == "absent" for mark in marks)
        active.extend(start_of(day) for day in visit_days(state))
        flips.sort()
        active.sort()
        self.flips = flips
        """When which counting component was done, or to be done again."""
        self.times = [flip[0] for flip in flips]
        self.points = [
            0,
            *accumulate(points[component] if done else -points[component] for _, component, done in flips),
        ]
        """Points after none, one, two ... of the flips."""
        self.active = active
        """When the person was at work; of visits, the start of their day."""

    @cached_property
    def sessions(self) -> tuple[tuple[datetime, tuple[Mark, ...]], ...]:
        """The live sessions for which a register was kept, by when they took place, with what was said of each."""
        live = self.plan.live_sessions
        held = ((marks[0][0], tuple(marks)) for component, marks in self.state.components.items() if component in live)
        return tuple(sorted(held))

    @cached_property
    def scores(self) -> tuple[tuple[datetime, float], ...]:
        """Scores (0 to 1) of work that was handed in and not carried over, by when it was handed in."""
        submissions: list[tuple[datetime, Any]] = [
            (noted.time, noted.data) for noted in self.state.life if isinstance(noted.data, AssessmentSubmitted)
        ]
        return tuple(
            sorted((when, data.score) for when, data in submissions if data.score is not None and not data.banked)
        )

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The assessment windows that the person was entered for, by when that was said."""
        return windows(self.state.life)

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """What came of attempts: work handed in, a mark, or extenuating circumstances."""
        return answers(self.state.life)

    @cached_property
    def deferrals_asked(self) -> tuple[datetime, ...]:
        """When a deferral was asked for, or granted at once."""
        return tuple(each.time for each in self.state.life if isinstance(each.data, DeferralRequested | Deferred))

    @cached_property
    def moments(self) -> list[datetime]:
        """When something happened that is neither a component done nor activity."""
        moments = [noted.time for noted in self.state.life]
        if self.absent:
            moments.extend(mark[0] for marks in self.state.components.values() for mark in marks)
        return sorted(moments)

    @cached_property
    def quiet(self) -> tuple[tuple[date, date], ...]:
        """The days on which there is no flag, each span with the day after it: deferred, withdrawn or excused."""
        spans: list[tuple[date, date]] = []
        since: date | None = None
        for noted in self.state.life:
            data: Any = noted.data
            known = uk_day(noted.time) + _DAY
            match data:
                case Deferred():
                    since = min(known, since or known)
                case Withdrawn(effective=effective):
                    since = min(max(known, effective), since or date.max)
                case Resumed() if since is not None:
                    spans.append((since, max(since, known)))
                    since = None
                case ExtenuatingCircumstancesGranted(attempt=attempt):
                    spans.append((known, self._excused_until(attempt, known)))
        return (*spans, *([] if since is None else [(since, date.max)]))

    def _excused_until(self, attempt: int, granted: date) -> date:
        """The day after the window of an attempt closes, or after the excused days where that is later."""
        closes = [window.closes + _DAY for window in self.windows if window.attempt == attempt]
        return max([granted + self.excused_days * _DAY, *closes[-1:]])

    @cached_property
    def joined_on(self) -> date:
        """The day from which the person is to follow the plan."""
        return max(self.standing.enrolled_on, self.plan.intake.start)

    @cached_property
    def asked_from(self) -> date:
        """From this day on work that falls due was asked of the person: since joining, coming back or moving."""
        return max((self.joined_on, *(day for day, _ in self.new_starts)))

    @property
    def begins(self) -> date:
        """A day before which there was nothing to look at."""
        return min(self.standing.enrolled_on, self.plan.intake.start)

    @cached_property
    def new_starts(self) -> tuple[tuple[date, NewStart], ...]:
        """The days on which the person joined late, came back or moved, being behind the plan then; latest first."""
        days = reversed(start_days(self.state.life, self.standing.enrolled_on))
        starts = ((day, self.plan.new_start(day, self.points_before(start_of(day)))) for day in days)
        return tuple((day, start) for day, start in starts if start is not None)

    def points_before(self, cut: datetime) -> int:
        """Points of the components that were done at an instant."""
        return self.points[bisect_left(self.times, cut)]


class View:
    """A trail as it stood when a day began: nothing that happened on the day or later is seen."""

    def __init__(self, trail: Trail, day: date) -> None:
        """Look at the trail as of `day`."""
        plan = trail.plan
        self.trail = trail
        self.plan = plan
        self.day = day
        self.cut = start_of(day)
        self.flips_seen = bisect_left(trail.times, self.cut)
        self.points = trail.points[self.flips_seen]
        self.weeks_over = plan.weeks_done(day)
        seen = bisect_left(trail.active, self.cut)
        self.last_active = trail.active[seen - 1] if seen else None
        self.week_due = plan.weeks_due(day, self._new_start(day))
        self.weeks_behind = max(0, self.week_due - plan.week_reached(self.points))

    def _new_start(self, day: date) -> NewStart | None:
        starts = self.trail.new_starts
        return next((start for since, start in starts if since < day), None) if starts else None

    @property
    def quiet(self) -> bool:
        """Whether no signal counts: not begun, deferred, withdrawn, or excused."""
        if self.day <= self.plan.intake.start:
            return True
        return any(first <= self.day < end for first, end in self.trail.quiet)

    @cached_property
    def done(self) -> frozenset[str]:
        """The counting components that were done."""
        last_words = {component: done for _, component, done in self.trail.flips[: self.flips_seen]}
        return frozenset(component for component, done in last_words.items() if done)

    @cached_property
    def points_to_gate(self) -> float:
        """Points that were missing for the gate; 0 when it was reached."""
        programme = self.plan.programme
        if programme.gate_points is not None:
            return max(0, programme.gate_points - self.points)
        return float(programme.missing_for_gate(self.done))

    @property
    def gate_matters(self) -> bool:
        """Whether a gate stands before an assessment and was not reached; what is not assessed has none to miss."""
        return self.plan.programme.assessment is not None and self.points_to_gate > 0

    @cached_property
    def sessions_missed(self) -> tuple[bool, ...]:
        """Of each live session with a register, in their order: whether it was missed and not caught up on."""
        missed: list[bool] = []
        for held, marks in self.trail.sessions:
            if held >= self.cut:
                break
            missed.append([word for moment, _, word, _ in marks if moment < self.cut][-1] == "absent")
        return tuple(missed)

    @cached_property
    def window(self) -> Window | None:
        """The assessment window that was open, if one was and nothing had come of it yet."""
        return open_window(self.trail.windows, self.trail.answers, self.day, self.cut) if self.trail.windows else None

    @cached_property
    def deferral_asked_in_time(self) -> bool:
        """Whether a deferral had been asked for, or granted at once, by the end of the deadline day."""
        before = min(self.cut, self.plan.closes)
        return any(asked < before for asked in self.trail.deferrals_asked)

    def points_between(self, first_week: int, end_week: int) -> int:
        """Points done from the beginning of one study week (counted from 0) to the beginning of another."""
        starts = self.plan.week_starts
        return self.trail.points_before(starts[end_week]) - self.trail.points_before(starts[first_week])


def _flips(component: str, marks: Iterable[Mark]) -> Iterator[tuple[datetime, str, bool]]:
    """When a component became done and when it was taken back; of one moment, what became known last is believed."""
    believed = {moment: word in DONE for moment, _, word, _ in marks}
    before = False
    for moment, done in believed.items():
        if done is not before:
            yield moment, component, done
        before = done
