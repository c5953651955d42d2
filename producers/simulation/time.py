"""Weeks and hours of the simulation: whole numbers while drawing, instants in UTC when a fact is written."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Final

from learning.calendar import UK

HOUR: Final = 3600

_NOON: Final = timedelta(hours=12)

_TERM_SITTINGS: Final = (
    *((weekday, 17, 3) for weekday in (0, 1, 2, 3) for _ in range(4)),
    (4, 16, 3),
    *((5, 9, 9) for _ in range(3)),
    *((6, 9, 10) for _ in range(4)),
)
"""Weekday, hour and hours of span in which a sitting may begin in term: mostly evenings, then the weekend."""

_HOLIDAY_SITTINGS: Final = tuple((weekday, 9, 10) for weekday in range(7))


def week_of(day: date) -> int:
    """The number of the week, from Monday to Sunday, that a day is in."""
    return (day.toordinal() - 1) // 7


def first_day(week: int) -> int:
    """The ordinal of the Monday of a week."""
    return week * 7 + 1


@cache
def _midnight(ordinal: int) -> datetime:
    """Twelve hours before noon in the UK: where the hours of a day are counted from, clock change or not."""
    noon = datetime.combine(date.fromordinal(ordinal), time(12), tzinfo=UK).astimezone(UTC)
    return noon - _NOON


def instant(ordinal: int, seconds: int) -> datetime:
    """The instant in UTC of a UK clock time after 02:00, given in seconds since midnight, on a day."""
    return _midnight(ordinal) + timedelta(0, seconds)


def office_hour(random: Random, ordinal: int) -> datetime:
    """Some moment of the working day, on this day or on the Monday after it when it is at the weekend."""
    weekday = (ordinal - 1) % 7
    if weekday > 4:  # noqa: PLR2004 - the last weekday, counted from 0
        ordinal += 7 - weekday
    return instant(ordinal, 9 * HOUR + int(random.random() * 8 * HOUR))


def sittings(random: Random, week: int, count: int, *, term: bool) -> list[datetime]:
    """When somebody sits down to study in a week: so many times, at most seven, each on another day, in order."""
    table = _TERM_SITTINGS if term else _HOLIDAY_SITTINGS
    draw = random.random
    days: dict[int, datetime] = {}
    while len(days) < count:
        weekday, hour, span = table[int(draw() * len(table))]
        days[weekday] = instant(first_day(week) + weekday, int((hour + draw() * span) * HOUR))
    return sorted(days.values())
