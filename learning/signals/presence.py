"""Signals of absence: who never came, who has gone quiet, and who misses live sessions."""

from bisect import bisect_left
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from learning.signals.base import Inputs, Signal, day, last_active_on, percent, weeks
from learning.view import View

_DAY = timedelta(days=1)

LATELY = 6
"""Live sessions that are looked at when missed ones are counted without regard to their order."""


MISSED = Fraction(5, 100)
"""The part of a programme that is to have fallen due since the last activity before somebody counts as silent: in a
weekly rhythm that is about three study weeks, where work is due every month it is the first piece missed."""

_ANY_ACTIVITY = "Any activity: a completed component, an attended session, a visit to the platform."


class Silence(NamedTuple):
    """A silence that matters."""

    since: date
    """The day by which too much had fallen due since the last activity and was not done."""
    weeks: int
    """Study weeks that have ended since then; holidays are none."""


def silence(view: View) -> Silence | None:
    """How long the person has been silent beyond what one can miss; None while somebody is not."""
    plan = view.plan
    last = last_active_on(view) or date.min
    first = bisect_left(plan.due_days, max(last, view.asked_from))
    until = bisect_left(plan.due_days, view.day)
    if first == until:
        return None
    points, done = plan.programme.points, view.done
    bearable, missed = plan.programme.total_points * MISSED.numerator, 0
    for due, component in plan.due[first:until]:
        if component.id not in done:
            missed += points[component.id] * MISSED.denominator
            if missed >= bearable:
                return Silence(due, view.weeks_over - plan.weeks_done(due + _DAY))
    return None


def _silent_inputs(view: View) -> Inputs:
    found = silence(view)
    last = last_active_on(view)
    since = plan_week(view, last)
    return {
        "weeks": view.weeks_over - since,
        "last_active": last,
        "joined": view.trail.joined_on,
        "missing_since": None if found is None else found.since,
    }


def plan_week(view: View, last: date | None) -> int:
    """Study weeks that were over when somebody was last active, the week of that day included."""
    if last is None or last < view.trail.joined_on:
        return view.plan.weeks_done(view.trail.joined_on)
    return min(view.weeks_over, view.plan.weeks_done(last) + 1)


def _silent_sentence(inputs: Inputs) -> str:
    last = inputs["last_active"]
    seen = f"last active on {day(last)}" if last else f"no activity since joining on {day(inputs['joined'])}"
    return f"Silent{_for(inputs, 'for')}: {seen}; work has been missing since {day(inputs['missing_since'])}."


def _for(inputs: Inputs, word: str) -> str:
    """How long that is, once it is a study week."""
    return f" {word} {weeks(inputs['weeks'])}" if inputs["weeks"] else ""


SILENT = Signal(
    code="silent",
    title="Silent",
    measures=(
        f"study weeks since {percent(float(MISSED))} of the programme had fallen due that was neither done nor "
        "followed by any activity; 0 from that day on"
    ),
    figure=lambda view: None if (found := silence(view)) is None else found.weeks,
    inputs=_silent_inputs,
    sentence=_silent_sentence,
    remedy=lambda _: _ANY_ACTIVITY,
)


def _weeks_unbegun(view: View) -> float | None:
    """Study weeks since the first thing fell due, for who has done nothing."""
    if view.last_active is not None or view.points > 0:
        return None
    plan = view.plan
    first = bisect_left(plan.due_days, view.asked_from)
    if first == len(plan.due_days) or plan.due_days[first] >= view.day:
        return None
    return view.weeks_over - plan.weeks_done(plan.due_days[first] + _DAY)


NEVER_STARTED = Signal(
    code="never-started",
    title="Never started",
    measures="study weeks since the first work fell due, for who has not done anything; 0 from that day on",
    figure=_weeks_unbegun,
    inputs=lambda view: {
        "weeks": view.weeks_over - plan_week(view, None),
        "joined": view.trail.joined_on,
    },
    sentence=lambda inputs: f"Has not started: no activity{_for(inputs, 'in')} since {day(inputs['joined'])}.",
    remedy=lambda _: _ANY_ACTIVITY,
)


def _in_a_row(view: View) -> int:
    number = 0
    for missed in reversed(view.sessions_missed):
        if not missed:
            break
        number += 1
    return number


def _missed_lately(view: View) -> int:
    return sum(view.sessions_missed[-LATELY:])


SESSIONS_MISSED = Signal(
    code="sessions-missed",
    title="Sessions missed",
    measures="live sessions missed in a row, up to the latest one with a register",
    figure=lambda view: _in_a_row(view) or None,
    inputs=lambda view: {"missed": _in_a_row(view)},
    sentence=lambda inputs: (
        f"Missed the last {inputs['missed']} live sessions."
        if inputs["missed"] != 1
        else "Missed the last live session."
    ),
    remedy=lambda _: "Attending the next live session, or catching up on the last one.",
    applies=lambda trail: trail.absent,
)

SESSIONS_MISSED_LATELY = Signal(
    code="sessions-missed-lately",
    title="Sessions missed lately",
    measures=f"live sessions missed of the last {LATELY} with a register",
    figure=lambda view: _missed_lately(view) or None,
    inputs=lambda view: {"missed": _missed_lately(view), "of": min(LATELY, len(view.sessions_missed))},
    sentence=lambda inputs: f"Missed {inputs['missed']} of the last {inputs['of']} live sessions.",
    remedy=lambda _: "Catching up on missed sessions, or attending the next ones.",
    applies=lambda trail: trail.absent,
)
"""Beside `SESSIONS_MISSED`: somebody who comes to every second session never misses two in a row."""
