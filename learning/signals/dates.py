"""Signals of dates that come near: DfE's milestones, assessment windows, and the deadline of the gate."""

from learning.milestones import Milestone
from learning.plan import start_of
from learning.signals.base import Signal, day, percent
from learning.view import View

LAST_DAYS = 7
"""In the last days before the deadline, below the gate is near whatever the plan says; before, only behind the plan."""


def _milestone(view: View) -> Milestone | None:
    """The milestone whose window is open and has no activity in it."""
    for each in view.trail.milestones:
        if each.window_start <= view.day <= each.deadline:
            seen = view.last_active is not None and view.last_active >= start_of(each.window_start)
            return None if seen else each
    return None


def _milestone_days(view: View) -> float | None:
    found = _milestone(view)
    return None if found is None else float((view.day - found.deadline).days)


MILESTONE_NEAR = Signal(
    code="milestone-near",
    title="Milestone near",
    measures="days left until a DfE milestone without any activity in its window",
    figure=_milestone_days,
    inputs=lambda view: {
        "deadline": found.deadline if (found := _milestone(view)) else None,
        "window_start": found.window_start if found else None,
    },
    sentence=lambda inputs: (
        f"No evidence for the declaration due by {day(inputs['deadline'])}: "
        f"nothing was done since {day(inputs['window_start'])}."
    ),
    remedy=lambda inputs: f"A completed component or an attended session by {day(inputs['deadline'])}.",
    applies=lambda trail: bool(trail.milestones),
)


def _window_days(view: View) -> float | None:
    window = view.window
    return None if window is None else float((view.day - window.closes).days)


WINDOW_OPEN = Signal(
    code="window-open",
    title="Window open",
    measures="days left of an open assessment window for which nothing was handed in",
    figure=_window_days,
    inputs=lambda view: {
        "attempt": view.window.attempt if view.window else None,
        "closes": view.window.closes if view.window else None,
    },
    sentence=lambda inputs: (
        f"Nothing handed in for assessment attempt {inputs['attempt']}: its window closes on {day(inputs['closes'])}."
    ),
    remedy=lambda inputs: (
        f"Handing in by {day(inputs['closes'])}, or extenuating circumstances; else the attempt is lost."
    ),
    applies=lambda trail: bool(trail.windows),
)


def _deadline_days(view: View) -> float | None:
    plan = view.plan
    if view.day > plan.deadline or view.points_to_gate <= 0:
        return None
    if view.deferral_asked_in_time:
        return None
    left = (plan.deadline - view.day).days
    if not view.weeks_behind and left >= LAST_DAYS:
        return None
    return float(-left)


DEADLINE_NEAR = Signal(
    code="deadline-near",
    title="Deadline near",
    measures=(
        "days left until the deadline, below the gate and without a deferral asked for, of those behind the plan; "
        f"of all others in the last {LAST_DAYS} days"
    ),
    figure=_deadline_days,
    inputs=lambda view: {
        "deadline": view.plan.deadline,
        "completion": view.points / view.plan.programme.total_points,
        "gate": float(view.plan.programme.completion.threshold),
    },
    sentence=lambda inputs: (
        f"The deadline is {day(inputs['deadline'])}: {percent(inputs['completion'])} is done, "
        f"the gate is {percent(inputs['gate'])}, and no deferral was asked for."
    ),
    remedy=lambda inputs: (
        f"Reaching {percent(inputs['gate'])} by {day(inputs['deadline'])}, or asking for a deferral by then."
    ),
    applies=lambda trail: trail.plan.programme.assessment is not None,
)
