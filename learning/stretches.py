"""The days on which an enrolment's risk can change: between two of them it need not be looked at again.

Study weeks end, facts happen, dates come near and pass. Everything that a signal or a measure looks at changes on
such a day only, so a year is a hundred looks and not 365.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache

from learning.calendar import uk_day
from learning.milestones import Milestone
from learning.plan import start_of
from learning.policy import Rules, SignalCode
from learning.signals.dates import LAST_DAYS
from learning.signals.pace import SOON_DAYS
from learning.trail import Trail

_DAY = timedelta(days=1)


def stretches(trail: Trail, rules: Rules, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The stretches of days without a change that make up the days from `first` to `last`, the latest first."""
    end = last
    for day in reversed(_changes(trail, rules, first + _DAY, last)):
        yield day, end
        end = day - _DAY
    yield first, end


def next_change(
    trail: Trail, rules: Rules, day: date, coming: Iterable[date | None], held: Iterable[date]
) -> date | None:
    """The first day after `day` on which risk or measures can change without any new fact.

    Args:
        trail: The enrolment as of the day.
        rules: The thresholds.
        day: A day.
        coming: Days from which something counts that is known by now, such as a fact of the day itself.
        held: The last days of stretches that still hold the level up.
    """
    plan = trail.plan
    fixed = _fixed(plan.deadline, trail.milestones, rules)
    later = [*fixed[bisect_right(fixed, day) :][:1], *(each for each in _own(trail, rules) if each > day)]
    later.extend(each + rules.hold_days * _DAY for each in held)
    later.extend(each for each in coming if each is not None)
    if trail.standing.status == "active":
        index = bisect_left(plan.week_ends, day)
        later.extend(end + _DAY for end in plan.week_ends[index : index + 1])
        due = _due(plan.due_days)
        later.extend(due[bisect_right(due, day) :][:1])
        if plan.intake.start >= day:
            later.append(plan.intake.start + _DAY)
    return min(later, default=None)


def _changes(trail: Trail, rules: Rules, first: date, last: date) -> list[date]:
    """The days from `first` to `last` that differ from the day before them."""
    ends = trail.plan.week_ends
    days = {end + _DAY for end in ends[bisect_left(ends, first - _DAY) : bisect_left(ends, last)]}
    days.update(_after_facts(trail, first, last))
    fixed = _fixed(trail.plan.deadline, trail.milestones, rules)
    for dated in (fixed, _due(trail.plan.due_days)):
        days.update(dated[bisect_left(dated, first) : bisect_right(dated, last)])
    own = (trail.plan.intake.start + _DAY, *_own(trail, rules))
    days.update(day for day in own if first <= day <= last)
    return sorted(days)


def _after_facts(trail: Trail, first: date, last: date) -> Iterator[date]:
    """The days from `first` to `last` on the day before which something happened."""
    since, until = start_of(first - _DAY), start_of(last)
    for moments in (trail.times, trail.active, trail.moments):
        for moment in moments[bisect_left(moments, since) : bisect_left(moments, until)]:
            yield uk_day(moment) + _DAY


@lru_cache(maxsize=1_024)
def _fixed(deadline: date, milestones: tuple[Milestone, ...], rules: Rules) -> list[date]:
    """The days on which a date that many share begins, comes near or is over; in order."""
    days = {deadline + _DAY, deadline - (LAST_DAYS - 1) * _DAY, *_near(deadline, rules, "deadline-near")}
    for milestone in milestones:
        days |= {milestone.window_start, milestone.deadline + _DAY}
        days.update(_near(milestone.deadline, rules, "milestone-near"))
    return sorted(days)


@lru_cache(maxsize=1_024)
def _due(due_days: tuple[date, ...]) -> list[date]:
    """The days on which work is overdue, or comes near after a time without any; in order."""
    near = (due - timedelta(days=SOON_DAYS) for due in due_days)
    gaps = (day for day, before in zip(near, (date.min, *due_days), strict=False) if day > before)
    return sorted({*gaps, *(due + _DAY for due in due_days)})


def _own(trail: Trail, rules: Rules) -> Iterator[date]:
    """The days on which a date of this enrolment alone begins, comes near or is over."""
    for window in trail.windows:
        yield window.opens
        yield from _near(window.closes, rules, "window-open")
        yield window.closes + _DAY
    for span in trail.quiet:
        yield from (day for day in span if day < date.max)
    yield from trail.leaves_on


def _near(deadline: date, rules: Rules, signal: SignalCode) -> Iterator[date]:
    for step in rules.signals.get(signal, ()):
        yield deadline - timedelta(days=step.within or 0)
