"""A state cut back: to what had happened before a day, and to what was known when a day began."""

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from learning.calendar import uk_day
from learning.plan import start_of
from learning.progress import State


class Before(NamedTuple):
    """A state as far as it had happened before a day."""

    state: State
    next_day: date | None
    """The first day on which more of it will have happened; None when nothing was left out."""


def happened_before(state: State, day: date, latest: datetime | None = None) -> Before:
    """The facts that happened before a day (UK) began; the very state when these are all.

    Args:
        state: What is known.
        day: A day in the UK.
        latest: When the last mark of a component happened, if that is at hand.
    """
    cut, ordinal = start_of(day), day.toordinal()
    later = [noted.time for noted in state.life if noted.time >= cut]
    if latest is None or latest >= cut:
        later.extend(mark[0] for marks in state.components.values() for mark in marks if mark[0] >= cut)
    if state.last_visit is not None and state.last_visit >= cut:
        later.append(min(start_of(date.fromordinal(each)) for each in _days(state) if each >= ordinal))
    if not later:
        return Before(state, None)
    kept = _kept(state, lambda time, _: time < cut, lambda each: each < ordinal)
    return Before(kept, date.fromordinal(uk_day(min(later)).toordinal() + 1))


def as_known(state: State, day: date) -> State:
    """The facts that had happened before a day (UK) and stood on the log before it started there."""
    cut, ordinal = start_of(day), day.toordinal()
    return _kept(
        state,
        lambda time, late: time < cut and late < ordinal,
        lambda each: each < ordinal and state.late_visits.get(each, 0) < ordinal,
    )


def _kept(state: State, keep: Callable[[datetime, int], bool], keep_visits: Callable[[int], bool]) -> State:
    """The state with only some of its facts; a visit keeps its day, and the last one the time when it is that day."""
    components = {
        component: kept
        for component, marks in state.components.items()
        if (kept := [mark for mark in marks if keep(mark[0], mark[3])])
    }
    days = [each for each in _days(state) if keep_visits(each)]
    weeks: dict[int, int] = {}
    for each in days:
        week, weekday = divmod(each - 1, 7)
        weeks[week] = weeks.get(week, 0) | 1 << weekday
    last = state.last_visit
    if last is not None and (not days or uk_day(last).toordinal() != days[-1]):
        last = start_of(date.fromordinal(days[-1])) if days else None
    return msgspec.structs.replace(
        state,
        components=components,
        life=[noted for noted in state.life if keep(noted.time, noted.late)],
        active_days=weeks,
        last_visit=last,
        late_visits={each: late for each, late in state.late_visits.items() if each in set(days)},
    )


def _days(state: State) -> list[int]:
    """The days with a visit, as ordinals, in order."""
    return [
        week * 7 + weekday + 1
        for week, days in sorted(state.active_days.items())
        for weekday in range(7)
        if days >> weekday & 1
    ]
