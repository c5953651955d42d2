"""Signals of pace: who is behind the plan, who slows down, and for whom the gate is moving out of reach."""

from bisect import bisect_left

from learning.measures import RECENT_WEEKS
from learning.signals.base import Inputs, Signal, day, pace, percent, weeks
from learning.view import View

PAST_WEEKS = 8
"""Study weeks before the recent ones that a participant's own pace is compared with."""

SOON_DAYS = 28
"""Work that falls due within so many days comes on top of what is missing."""

NO_TIME_LEFT = 99.0
"""Stands for the pace that is needed when no study week is left."""

BEHIND = Signal(
    code="behind",
    title="Behind the plan",
    measures="study weeks behind the plan, pro rata for who joined late, came back or moved",
    figure=lambda view: view.weeks_behind or None,
    inputs=lambda view: {
        "weeks": view.weeks_behind,
        "completion": view.points / view.plan.programme.total_points,
        "expected": view.plan.week_points[view.week_due] / view.plan.programme.total_points,
    },
    sentence=lambda inputs: (
        f"Behind the plan by {weeks(inputs['weeks'])}: {percent(inputs['completion'])} done, "
        f"{percent(inputs['expected'])} was due."
    ),
    remedy=lambda inputs: f"Completing what was due: {percent(inputs['expected'])} of the programme.",
)


def _missing(view: View) -> float | None:
    """The part of the programme that is missing while more falls due soon."""
    missing = view.plan.week_points[view.week_due] - view.points
    following = bisect_left(view.plan.due_days, view.day)
    if missing <= 0 or following == len(view.plan.due_days):
        return None
    if (view.plan.due_days[following] - view.day).days > SOON_DAYS:
        return None
    return missing / view.plan.programme.total_points


WORK_MISSING = Signal(
    code="work-missing",
    title="Work missing",
    measures=f"part of the programme that is overdue, while more falls due within {SOON_DAYS} days",
    figure=_missing,
    inputs=lambda view: {
        "missing": _missing(view),
        "next_due": view.plan.due_days[bisect_left(view.plan.due_days, view.day)],
    },
    sentence=lambda inputs: (
        f"{percent(inputs['missing'])} of the programme was due and is missing, and more falls due on "
        f"{day(inputs['next_due'])}."
    ),
    remedy=lambda _: "Completing work that was due.",
)


def _recent(view: View) -> float:
    """Points a study week over the recent ones."""
    over = min(view.weeks_over, RECENT_WEEKS)
    return view.points_between(view.weeks_over - over, view.weeks_over) / over if over else 0.0


def _pace_needed(view: View) -> float:
    """Points a study week that reach the gate by the deadline."""
    left = view.plan.weeks - view.weeks_over
    return view.points_to_gate / left if left else NO_TIME_LEFT


def _times_the_plan(view: View) -> float | None:
    """How many times as fast as planned the rest must go; None while that is not more, or the recent pace does it."""
    if view.points_to_gate <= 0:
        return None
    if view.weeks_over >= view.plan.weeks:
        return None if view.deferral_asked_in_time else NO_TIME_LEFT
    needed = _pace_needed(view)
    times = needed / (view.plan.programme.total_points / view.plan.weeks)
    return times if times > 1 and _recent(view) < needed else None


def _gate_sentence(inputs: Inputs) -> str:
    if inputs["times"] == NO_TIME_LEFT:
        missing = percent(inputs["missing"])
        return (
            f"{missing} is missing for the gate and no study week is left: the deadline is {day(inputs['deadline'])}."
        )
    return (
        f"The gate is moving out of reach: {pace(inputs['needed'])} a study week is needed until "
        f"{day(inputs['deadline'])}, the recent pace is {pace(inputs['recent'])}."
    )


def _gate_remedy(inputs: Inputs) -> str:
    if inputs["times"] == NO_TIME_LEFT:
        return "Reaching the gate late, or a deferral."
    return f"A pace of {pace(inputs['needed'])} of the programme a study week."


GATE_OUT_OF_REACH = Signal(
    code="gate-out-of-reach",
    title="Gate out of reach",
    measures="how many times the plan's pace is needed to reach the gate, where the recent pace is below that",
    figure=_times_the_plan,
    inputs=lambda view: {
        "times": round(_times_the_plan(view) or 0, 2),
        "needed": _pace_needed(view) / view.plan.programme.total_points,
        "recent": _recent(view) / view.plan.programme.total_points,
        "missing": view.points_to_gate / view.plan.programme.total_points,
        "deadline": view.plan.deadline,
    },
    sentence=_gate_sentence,
    remedy=_gate_remedy,
    applies=lambda trail: trail.plan.programme.assessment is not None,
)


def _answered(view: View, first: int, end: int) -> float | None:
    """Points done in study weeks over the points that fell due in them, at most 1; None when nothing was due."""
    due = view.plan.week_points[end] - view.plan.week_points[first]
    return min(1.0, view.points_between(first, end) / due) if due else None


def _paces(view: View) -> tuple[float, float] | None:
    """The recent and the past pace, each as the part of what fell due in that time that was done in it."""
    recent_from = view.weeks_over - RECENT_WEEKS
    past_from = max(0, recent_from - PAST_WEEKS)
    if recent_from - past_from < RECENT_WEEKS:
        return None
    recent, past = _answered(view, recent_from, view.weeks_over), _answered(view, past_from, recent_from)
    return None if recent is None or not past else (max(0.0, recent), past)


def _fall(view: View) -> float | None:
    if not view.weeks_behind or (paces := _paces(view)) is None:
        return None
    recent, past = paces
    return 1 - recent / past if recent < past else None


def _fall_inputs(view: View) -> Inputs:
    recent, past = _paces(view) or (0.0, 0.0)
    return {"recent": recent, "past": past, "weeks": RECENT_WEEKS}


PACE_FALLING = Signal(
    code="pace-falling",
    title="Pace falling",
    measures=f"fall of the share of due work that is done, last {RECENT_WEEKS} study weeks against before",
    figure=_fall,
    inputs=_fall_inputs,
    sentence=lambda inputs: (
        f"Pace is falling: {percent(inputs['recent'])} of what fell due was done in the last {weeks(inputs['weeks'])}, "
        f"{percent(inputs['past'])} before."
    ),
    remedy=lambda _: "Going back to the own earlier pace.",
)
