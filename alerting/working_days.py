"""Working days in England: Mondays to Fridays without bank holidays, and those of them that lie in term."""

from datetime import date, timedelta
from functools import cache
from typing import Final

from learning.calendar import StudyCalendar
from learning.terms import bank_holidays

_SATURDAY: Final = 5
_SUNDAY: Final = 6
_DAY: Final = timedelta(days=1)


@cache
def is_working_day(day: date) -> bool:
    """Whether offices are open: no weekend, no bank holiday (https://www.gov.uk/bank-holidays)."""
    return day.weekday() < _SATURDAY and day not in bank_holidays(day.year) and not _is_christmas(day)


def is_term_day(day: date, terms: StudyCalendar) -> bool:
    """Whether it is a working day in a week of term."""
    return is_working_day(day) and terms.is_study_week(day - timedelta(days=day.weekday()))


def working_days_after(day: date, count: int) -> date:
    """The working day that is so many working days after a day, which is not counted itself."""
    while count > 0:
        day += _DAY
        count -= is_working_day(day)
    return day


def _is_christmas(day: date) -> bool:
    """Christmas Day and Boxing Day; the next weekdays stand in for those that fall on a weekend."""
    first = date(day.year, 12, 25)
    if first.weekday() == _SATURDAY:
        return day in {date(day.year, 12, 27), date(day.year, 12, 28)}
    if first.weekday() == _SUNDAY:
        return day in {date(day.year, 12, 26), date(day.year, 12, 27)}
    if first.weekday() == _SATURDAY - 1:
        return day in {first, date(day.year, 12, 28)}
    return day in {first, date(day.year, 12, 26)}
