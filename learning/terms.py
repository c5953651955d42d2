"""School terms in England: by rule for any year, because published term dates reach only a year or two ahead.

Term dates are set school by school or by the local authority; what is common to nearly all of them is public:

- A school year begins with the first term after July (Education Act 1996, section 579). Schools meet for 190 days
  (Education (School Day and School Year) (England) Regulations 1999) and teachers work 195, the other five being
  training days (School Teachers' Pay and Conditions Document). Participants are teachers, so theirs are the 195.
- The Local Government Association's standard school year (recommended until 2011, still widely followed) starts as
  near to 1 September as possible and has six blocks of teaching of six or seven weeks, with a break in early April.
- Bank holidays are no school days. One-off ones (jubilees, coronations) are left out: losing one day makes no week a
  holiday.

The rule agrees with dates that local authorities published for 2021-22 to 2026-27. Where authorities differ from each
other, it is by a week at a half term or at Easter, or by some days in September, at Christmas and in July:

| part | rule |
|---|---|
| autumn term | from the first weekday of September to the last Friday on or before 22 December |
| October half term | the week of the fourth Monday in October |
| Christmas holiday | two weeks |
| February half term | the week of the first Monday on or after 12 February |
| Easter holiday | two weeks: after an Easter Sunday by 3 April, on both sides of one by 13 April, before a later one |
| Whitsun half term | the week of the spring bank holiday, the last Monday in May |
| summer term | to the 195th school day, about 20 July |
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import islice
from typing import Final

from dateutil.easter import easter
from dateutil.relativedelta import FR, MO, relativedelta
from msgspec import Struct

from learning.errors import EngagementError

SCHOOL_DAYS: Final = 195
"""Days a teacher works in a school year: 190 with pupils and five of training."""

RULED_YEARS: Final = range(1900, 2200)
"""The school years for which the rule is offered, each named by the year in which it begins."""

_AUGUST: Final = 8
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)


class CalendarError(EngagementError):
    """Dates are missing or contradict each other; the message names the year, the key and the remedy."""


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One term; each day named belongs to what it starts or ends."""

    starts: date
    ends: date
    half_term_starts: date
    half_term_ends: date

    def weekdays(self) -> Iterator[date]:
        """Mondays to Fridays of the term outside its half term."""
        for day in _weekdays_from(self.starts):
            if day > self.ends:
                return
            if not self.half_term_starts <= day <= self.half_term_ends:
                yield day


class SchoolYear(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The three terms of a school year."""

    autumn: Term
    spring: Term
    summer: Term

    def days(self) -> frozenset[date]:
        """All school days: weekdays in term that are no bank holidays."""
        weekdays = {day for term in (self.autumn, self.spring, self.summer) for day in term.weekdays()}
        return frozenset(weekdays) - bank_holidays(self.autumn.starts.year) - bank_holidays(self.summer.ends.year)


def school_year_of(day: date) -> int:
    """The year in which the school year of this day begins: a school year runs from August to July."""
    return day.year if day.month >= _AUGUST else day.year - 1


def bank_holidays(year: int) -> frozenset[date]:
    """The yearly bank holidays of England from January to August: those at Christmas never fall in term."""
    new_year = date(year, 1, 1)
    return frozenset(
        {
            new_year if new_year.weekday() < _SATURDAY else new_year + relativedelta(weekday=MO),
            easter(year) - 2 * _DAY,
            easter(year) + _DAY,
            date(year, 5, 1) + relativedelta(weekday=MO),
            _spring_bank_holiday(year),
            date(year, 8, 31) + relativedelta(weekday=MO(-1)),
        }
    )


@cache
def usual_school_year(year: int) -> SchoolYear:
    """The terms of the school year that begins in `year`, by the rule of this module.

    Raises:
        CalendarError: The year is outside `RULED_YEARS`: most likely a slip in a date.
    """
    if year not in RULED_YEARS:
        raise CalendarError(
            f"School year {year}: term dates can be worked out for {RULED_YEARS[0]} to {RULED_YEARS[-1]} only; "
            "check the date that leads there."
        )
    autumn_ends = date(year, 12, 22) + relativedelta(weekday=FR(-1))
    easter_begins = _easter_holiday(year + 1)
    autumn = _term(date(year, 9, 1), autumn_ends, date(year, 10, 1) + relativedelta(weekday=MO(4)))
    spring = _term(
        autumn_ends + 2 * _WEEK + 3 * _DAY,
        easter_begins - 3 * _DAY,
        date(year + 1, 2, 12) + relativedelta(weekday=MO),
    )
    summer = _term(easter_begins + 2 * _WEEK, date(year + 1, 7, 31), _spring_bank_holiday(year + 1))
    days = SchoolYear(autumn=autumn, spring=spring, summer=summer).days()
    last_day = next(islice(sorted(days), SCHOOL_DAYS - 1, None))
    return SchoolYear(autumn=autumn, spring=spring, summer=_term(summer.starts, last_day, summer.half_term_starts))


def _term(first: date, last: date, half_term: date) -> Term:
    """A term within these days, which begins and ends on a school day; its half term is the week from this Monday."""
    holidays = bank_holidays(last.year)
    starts = next(day for day in _weekdays_from(first) if day not in holidays)
    ends = next(day for day in _weekdays_from(last, -_DAY) if day not in holidays)
    return Term(starts=starts, ends=ends, half_term_starts=half_term, half_term_ends=half_term + 4 * _DAY)


def _easter_holiday(year: int) -> date:
    """The Monday on which the Easter fortnight begins, from 23 March to 12 April."""
    sunday = easter(year)
    if sunday <= date(year, 4, 3):
        return sunday + _DAY
    if sunday <= date(year, 4, 13):
        return sunday + _DAY - _WEEK
    return sunday + _DAY - 2 * _WEEK


def _spring_bank_holiday(year: int) -> date:
    return date(year, 5, 31) + relativedelta(weekday=MO(-1))


def _weekdays_from(day: date, step: timedelta = _DAY) -> Iterator[date]:
    """Mondays to Fridays from this day onwards, or backwards."""
    while True:
        if day.weekday() < _SATURDAY:
            yield day
        day += step
