"""The days on which an enrolment's risk can change: between two of them it need not be looked at again.

Study weeks end, facts happen, dates come near and pass. Everything that a signal or a measure looks at changes on
such a day only, so a year is a hundred looks and not 365.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from learning.calendar import uk_day
from learning.plan import start_of
from learning.policy import Rules, SignalCode
from learning.signals.dates import LAST_DAYS
from learning.trail import Trail

_DAY = timedelta(days=1)


def stretches(trail: Trail, rules: Rules, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The stretches of days without a change that make up the days from `first` to `last`, the latest first."""
    end = last
    for day in reversed(_changes(trail, rules, first + _DAY, last)):
        yield day, end
        end = day - _DAY
    yield first, end


def next_change(trail: Trail, rules: Rules, day: date, next_fact: date | None, held: Iterable[date]) -> date | None:
    """The first day after `day` on which risk or measures can change without any new fact.

    Args:
        trail: The enrolment as of the day.
        rules: The thresholds.
        day: A day.
        next_fact: The day from which a fact counts that is known and has not happened before `day`.
        held: The last days of stretches that still hold the level up.
    """
    plan = trail.plan
    later = [each for each in _dated(trail, rules) if each > day]
    later.extend(each + rules.hold_days * _DAY for each in held)
    if next_fact is not None:
        later.append(next_fact)
    if trail.standing.status == "active":
        for ends in (plan.week_ends, plan.due_days):
            index = bisect_left(ends, day)
            later.extend(end + _DAY for end in ends[index : index + 1])
        later.extend([plan.intake.start] if plan.intake.start > day else [])
    return min(later, default=None)


def _changes(trail: Trail, rules: Rules, first: date, last: date) -> list[date]:
    """The days from `first` to `last` that differ from the day before them."""
    ends = trail.plan.week_ends
    days = {end + _DAY for end in ends[bisect_left(ends, first - _DAY) : bisect_left(ends, last)]}
    days.update(_after_facts(trail, first, last))
    days.update(day for day in (*_dated(trail, rules), trail.plan.intake.start) if first <= day <= last)
    return sorted(days)


def _after_facts(trail: Trail, first: date, last: date) -> Iterator[date]:
    """The days from `first` to `last` on the day before which something happened."""
    since, until = start_of(first - _DAY), start_of(last)
    for moments in (trail.times, trail.active, trail.moments):
        for moment in moments[bisect_left(moments, since) : bisect_left(moments, until)]:
            yield uk_day(moment) + _DAY


def _dated(trail: Trail, rules: Rules) -> Iterator[date]:
    """The days on which something with a date begins, comes near or is over."""
    deadline = trail.plan.deadline
    yield deadline + _DAY
    yield deadline - (LAST_DAYS - 1) * _DAY
    yield from _near(deadline, rules, "deadline-near")
    for milestone in trail.milestones:
        yield milestone.window_start
        yield from _near(milestone.deadline, rules, "milestone-near")
        yield milestone.deadline + _DAY
    for window in trail.windows:
        yield window.opens
        yield from _near(window.closes, rules, "window-open")
        yield window.closes + _DAY
    for first, end in trail.quiet:
        yield first
        yield end


def _near(deadline: date, rules: Rules, signal: SignalCode) -> Iterator[date]:
    for step in rules.signals.get(signal, ()):
        yield deadline - timedelta(days=step.within or 0)
