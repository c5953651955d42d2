"""Study weeks and intakes: when somebody's week 1, 2, 3 ... ends, so that plan and silence are counted in term time.

Weeks run from Monday to Sunday, as in the schools the participants work in. Which weeks are study weeks comes from
`learning.terms`; a programme that ignores school holidays uses `CONTINUOUS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from learning.term_file import read_terms
from learning.terms import SchoolYear, school_year_of, usual_school_year

UK: Final = ZoneInfo("Europe/London")
"""The zone in which a day begins and ends for participants, partners and DfE."""

DAYS_OF_A_STUDY_WEEK: Final = 3
"""A week is a study week when at least this many of its five weekdays are school days."""

_WEEK: Final = timedelta(days=7)

_FIRST_HOUR_OF_SUMMER_DAY: Final = 23
"""Before this hour of a UTC day, the UK has the same date all year round."""


def uk_day(instant: datetime) -> date:
    """The calendar day in the United Kingdom at this instant.

    Raises:
        ValueError: The instant has no time zone, so nobody can say which day it is.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone: give the instant in UTC")
    if instant.tzinfo is UTC and instant.hour < _FIRST_HOUR_OF_SUMMER_DAY:
        return instant.date()  # the usual case, and ten times as fast
    return instant.astimezone(UK).date()


class Intake(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of participants who start together."""

    id: str
    title: str
    start: date
    """The Monday on which the teaching begins, or the first day of an outside presentation."""
    cohort: str | None = None
    """DfE's cohort: the call-off contract that funds the places, such as `2025a`."""


@dataclass(frozen=True, slots=True)
class StudyCalendar:
    """Which weeks are study weeks."""

    is_study_week: Callable[[date], bool]
    """Answers for the Monday of a week."""

    def week_ends(self, start: date, until: date) -> tuple[date, ...]:
        """The Sundays that end study weeks 1, 2, 3 ... of somebody who starts on `start`.

        Week 1 is the week that contains `start` if that is a study week, else the next study week.

        Args:
            start: First day of the programme; any weekday.
            until: The last day looked at: a Sunday after it is left out.

        Raises:
            CalendarError: No term dates can be worked out for a year between the two.
        """
        monday = start - timedelta(days=start.weekday())
        weeks = (until - monday + timedelta(days=1)) // _WEEK
        mondays = (monday + _WEEK * week for week in range(weeks))
        return tuple(each + timedelta(days=6) for each in mondays if self.is_study_week(each))


CONTINUOUS: Final = StudyCalendar(lambda _monday: True)
"""Every week is a study week."""


def school_terms(overrides: str | None = None) -> StudyCalendar:
    """Study weeks are the weeks in term: by England's usual pattern, or as given for single school years.

    Args:
        overrides: The text of a TOML file of term dates; see `learning.term_file.read_terms` for its form.

    Raises:
        CalendarError: The text is no TOML, or its dates contradict each other; names the school year and the key.
    """
    given: Mapping[int, SchoolYear] = read_terms(overrides) if overrides is not None else {}

    @cache
    def school_days(year: int) -> frozenset[date]:
        return (given.get(year) or usual_school_year(year)).days()

    @cache
    def is_study_week(monday: date) -> bool:
        weekdays = (monday + timedelta(days=offset) for offset in range(5))
        return sum(day in school_days(school_year_of(day)) for day in weekdays) >= DAYS_OF_A_STUDY_WEEK

    return StudyCalendar(is_study_week)


@cache
def shipped_intakes() -> Mapping[str, Intake]:
    """The DfE intakes that come with the product, by id and in the order in which they start."""
    text = resources.files("learning").joinpath("dates/intakes.toml").read_text(encoding="utf-8")
    intakes = msgspec.toml.decode(text, type=dict[str, list[Intake]])["intake"]
    return MappingProxyType({intake.id: intake for intake in sorted(intakes, key=lambda intake: intake.start)})
