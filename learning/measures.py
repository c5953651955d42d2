"""What the facts of an enrolment amount to: where it stands, how far it got, and how that compares with the plan.

Everything here is a pure function of the state, the curriculum and the day. Ratios lie between 0 and 1; lag is in
study weeks; days are days in the UK. Without a day (none has started on the log yet) nothing is measured against the
plan. The clock stops for who is not studying: a withdrawn, completed or deferred enrolment is measured as of the day
on which it became so.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from learning.assessment import Attempts, attempts
from learning.calendar import uk_day
from learning.catalogue import Component
from learning.codes import Outcome
from learning.curriculum import Curriculum
from learning.doings import Doings
from learning.plan import NewStart, Plan, start_of
from learning.progress import State
from learning.standing import Standing, standing, start_days

RECENT_WEEKS = 4
"""Study weeks that count as recent when a pace is measured."""


class Progress(Struct, frozen=True, kw_only=True):
    """One enrolment measured as of a day."""

    standing: Standing
    as_of: date | None
    points: int
    """Points of the components that are done, of `points_total`."""
    points_total: int
    components_done: int
    components_total: int
    components_unknown: int
    """Components that facts name and the programme does not have; they count for nothing."""
    assessments_submitted: int
    """Components for which work was handed in, counting or not."""
    gate_reached: bool
    last_activity_at: datetime | None
    attempts_left: int | None = None
    outcome: Outcome | None = None
    deadline: date | None = None
    expected_points: int | None = None
    """Points that were due before the day began; pro rata for who joined late, came back or moved."""
    lag_weeks: int | None = None
    pace: float | None = None
    """Completion per study week over the recent ones."""
    pace_needed: float | None = None
    """Completion per study week that still reaches the gate by the deadline; None when no study week is left."""
    forecast: float | None = None
    """Completion at the deadline at the recent pace."""
    next_due: str | None = None
    next_due_on: date | None = None

    @property
    def completion(self) -> float:
        """Points done as a ratio."""
        return self.points / self.points_total

    @property
    def expected(self) -> float | None:
        """Completion that the plan has due."""
        return None if self.expected_points is None else self.expected_points / self.points_total


class Measured(NamedTuple):
    """An enrolment's measures, with what they were made from."""

    progress: Progress
    plan: Plan
    doings: Doings


def measure(state: State, curriculum: Curriculum, day: date | None) -> Progress | None:
    """Measure an enrolment as `day` begins; None while it is not known to be enrolled.

    Raises:
        UnknownProgrammeError: When the curriculum does not have its programme or intake.
    """
    found = measured(state, curriculum, day)
    return None if found is None else found.progress


def measured(state: State, curriculum: Curriculum, day: date | None) -> Measured | None:
    """The same, with the plan and what was done by it.

    Raises:
        UnknownProgrammeError: When the curriculum does not have its programme or intake.
    """
    now = standing(state, day)
    if now is None:
        return None
    plan = curriculum.plan(now.programme, now.intake)
    programme = plan.programme
    done = Doings(state, programme.points)
    points = sum([each for _, each, _ in done.flips])
    attempt = _attempts(state, plan, done, points, day)
    _complete(now, plan, done, attempt, day)
    progress = Progress(
        standing=now,
        as_of=day,
        points=points,
        points_total=programme.total_points,
        components_done=len(done.since.keys() & programme.points.keys()),
        components_total=len(programme.points),
        components_unknown=len(state.components.keys() - plan.component_ids),
        assessments_submitted=done.submitted,
        gate_reached=_gate_reached(plan, done.since, points),
        last_activity_at=done.last_active,
        attempts_left=attempt.left if attempt else None,
        outcome=attempt.outcome if attempt else None,
        deadline=plan.deadline,
    )
    if day is not None:
        progress = _against_plan(progress, plan, done, _clock(now, day), _new_start(state, now, plan, done.flips))
    return Measured(progress, plan, done)


def _gate_reached(plan: Plan, done: Collection[str], points: int) -> bool:
    """Whether the gate is reached; where no group has a gate of its own, the points alone say so."""
    needed = plan.programme.gate_points
    return plan.programme.gate_reached(done) if needed is None else points >= needed


def _attempts(state: State, plan: Plan, done: Doings, points: int, day: date | None) -> Attempts | None:
    rule = plan.programme.assessment
    if rule is None:
        return None
    over = day is not None and day > plan.deadline
    in_time = (
        over
        and _gate_reached(plan, done.since, points)
        and plan.programme.gate_reached([component for component, when in done.since.items() if when < plan.closes])
    )
    return attempts(rule, state.life, deadline=plan.deadline, gate_in_time=in_time, day=day)


def _complete(now: Standing, plan: Plan, done: Doings, attempt: Attempts | None, day: date | None) -> None:
    """Set the status of who finished: assessed, or, where nothing is assessed, all done or past the deadline."""
    if now.status == "withdrawn":
        return
    if attempt is not None:
        if attempt.final:
            now.status, now.since, now.reason = "completed", attempt.decided_on, None
    elif plan.programme.points.keys() <= done.since.keys():
        last = max(done.since[component] for component in plan.programme.points)
        now.status, now.since, now.reason = "completed", uk_day(last), None
    elif day is not None and day > plan.deadline and plan.programme.gate_reached(done.since):
        since = max(plan.deadline, _gate_day(plan, done.since))
        now.status, now.since, now.reason = "completed", since, None


def _gate_day(plan: Plan, since: dict[str, datetime]) -> date:
    """The day on which the gate, which is reached, was reached."""
    moments = sorted(since.values())

    def reached(moment: datetime) -> bool:
        return plan.programme.gate_reached([component for component, when in since.items() if when <= moment])

    return uk_day(moments[bisect_left(moments, True, key=reached)])


def _clock(now: Standing, day: date) -> date:
    return day if now.since is None else min(day, now.since)


def _new_start(state: State, now: Standing, plan: Plan, flips: Iterable[tuple[datetime, int, str]]) -> NewStart | None:
    """Where the person stood who was behind the plan on the latest day of a start; what was left is due pro rata."""
    for day in reversed(start_days(state.life, now.enrolled_on)):
        if day <= plan.intake.start:
            return None
        begun = start_of(day)
        points = sum(each for when, each, _ in flips if when < begun)
        if (start := plan.new_start(day, points)) is not None:
            return start
    return None


def _against_plan(measured: Progress, plan: Plan, done: Doings, clock: date, start: NewStart | None) -> Progress:
    weeks_done = plan.weeks_done(clock)
    weeks_left = plan.weeks - weeks_done
    weeks_due = plan.weeks_due(clock, start)
    pace = _pace(plan, done.flips, weeks_done)
    following = _next_due(plan, done.since)
    return msgspec.structs.replace(
        measured,
        expected_points=plan.expected_points(clock) if start is None else plan.week_points[weeks_due],
        lag_weeks=max(0, weeks_due - plan.week_reached(measured.points)),
        pace=pace,
        pace_needed=_pace_needed(plan, done.since, measured.points, weeks_left),
        forecast=None if pace is None else min(1.0, measured.completion + pace * weeks_left),
        next_due=following[1].id if following else None,
        next_due_on=following[0] if following else None,
    )


def _pace(plan: Plan, flips: Iterable[tuple[datetime, int, str]], weeks_done: int) -> float | None:
    """Completion per study week over the recent ones; a holiday belongs to the study week before it."""
    if weeks_done == 0:
        return None
    weeks = min(weeks_done, RECENT_WEEKS)
    first, end = plan.week_starts[weeks_done - weeks], plan.week_starts[weeks_done]
    recent = sum([points for when, points, _ in flips if first <= when < end])
    return max(0, recent) / plan.programme.total_points / weeks


def _pace_needed(plan: Plan, done: Collection[str], points: int, weeks_left: int) -> float | None:
    if _gate_reached(plan, done, points):
        return 0.0
    missing = plan.programme.missing_for_gate(done)
    return float(missing / (plan.programme.total_points * weeks_left)) if weeks_left else None


def _next_due(plan: Plan, since: dict[str, datetime]) -> tuple[date, Component] | None:
    return next(((day, component) for day, component in plan.due if component.id not in since), None)
