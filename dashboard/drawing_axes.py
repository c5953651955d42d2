"""The axes of a chart: where a value lies on the screen, and the round values that an axis names."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct

from analytics.answer import Place

_AS_GOOD_AS_NOTHING = 1e-6
_FINEST = 0.001
"""The finest step of an axis: labels have one decimal of percent, or three, so those of a finer one would repeat."""

_ROUND_STEPS = (1, 2, 5, 10)
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 600)
_DAYS_OF_A_WEEK = 7
_MONTHS_OF_A_YEAR = 12


class Tick(Struct, frozen=True):
    """A value that an axis names."""

    at: float
    """Where, in units of the drawing."""
    label: str


class Scale(Struct, frozen=True):
    """Values from `low` to `high` lie between `start` and `end` of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies, to a tenth of a unit."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def place(value: Place) -> float:
    """A place on the x axis as a number; days are counted."""
    return float(value.toordinal()) if isinstance(value, date) else float(value)


def span_of(low: float, high: float) -> float:
    """What an axis spans; where all its values are as good as one, that value itself, or 1."""
    spans = (high - low, abs(high))
    return next((each for each in spans if each > _AS_GOOD_AS_NOTHING), 1.0)


def step_for(span: float, most: int, *, whole: bool = False) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... (and 0.1, 0.2 ... 0.001) of which at most `most` go into a span.

    Args:
        span: Above 0.
        most: At least 1.
        whole: Whether only whole numbers will do.
    """
    size = 10 ** math.floor(math.log10(span / most))
    step = next(each * size for each in _ROUND_STEPS if each * size * most >= span * (1 - 1e-9))
    return max(1.0 if whole else _FINEST, float(step))


def round_values(low: float, high: float, step: float) -> list[float]:
    """The multiples of a step from `low` to `high`."""
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [round(each * step, 10) for each in range(first, last + 1)]


def days_named(first: date, last: date, most: int) -> list[tuple[date, str]]:
    """Round days between two, at most `most` of them: every day, Mondays, or the first of months."""
    span = (last - first).days
    for step in _DAY_STEPS:
        if span / step < most:
            return [(each, f"{each.day} {each:%b %Y}") for each in _days(first, last, step)]
    for step in _MONTH_STEPS:
        months = list(_months(first, last, step))
        if len(months) <= most:
            break
    return [(each, f"{each:%b %Y}") for each in months]


def _days(first: date, last: date, step: int) -> Iterator[date]:
    if step >= _DAYS_OF_A_WEEK:
        first += timedelta(days=-first.weekday() % _DAYS_OF_A_WEEK)
    while first <= last:
        yield first
        first += timedelta(days=step)


def _months(first: date, last: date, step: int) -> Iterator[date]:
    number = first.year * _MONTHS_OF_A_YEAR + first.month - 1 + (first.day > 1)
    number += -number % step
    while (month := date(number // _MONTHS_OF_A_YEAR, number % _MONTHS_OF_A_YEAR + 1, 1)) <= last:
        yield month
        number += step


def spread(wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Middles of labels as near as can be to where they are wanted, in the same order, none over another.

    Args:
        wanted: The middle that each would have.
        heights: Of each.
        top: Where the first may begin.
        bottom: Where the last may end; kept as long as all of them fit.
    """
    order = sorted(range(len(wanted)), key=lambda each: wanted[each])
    middles = list(wanted)
    edge = top
    for each in order:
        middles[each] = max(wanted[each], edge + heights[each] / 2)
        edge = middles[each] + heights[each] / 2
    edge = max(bottom, top + sum(heights))
    for each in reversed(order):
        middles[each] = min(middles[each], edge - heights[each] / 2)
        edge = middles[each] - heights[each] / 2
    return middles
