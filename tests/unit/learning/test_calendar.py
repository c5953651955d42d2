"""Study weeks, UK days and intakes."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.calendar import CONTINUOUS, UK, StudyCalendar, school_terms, shipped_intakes, uk_day
from learning.terms import CalendarError

YEARS = st.integers(min_value=2000, max_value=2100)
DAYS = st.dates(min_value=date(2000, 9, 1), max_value=date(2100, 7, 31))
SPANS = st.integers(min_value=-10, max_value=1000).map(lambda days: timedelta(days=days))
CALENDARS = st.sampled_from([school_terms(), CONTINUOUS])

SHORT_YEAR = """
[2024-25.autumn]
starts = 2024-09-09
ends = 2024-12-20
half-term-starts = 2024-10-14
half-term-ends = 2024-10-25

[2024-25.spring]
starts = 2025-01-08
ends = 2025-04-04
half-term-starts = 2025-02-17
half-term-ends = 2025-02-21

[2024-25.summer]
starts = 2025-04-22
ends = 2025-07-22
half-term-starts = 2025-05-26
half-term-ends = 2025-05-30
"""


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-28T23:59:59+00:00", "2026-03-28"),
        ("2026-03-29T00:59:59+00:00", "2026-03-29"),
        ("2026-03-29T22:59:59+00:00", "2026-03-29"),
        ("2026-03-29T23:00:00+00:00", "2026-03-30"),
        ("2026-10-24T22:59:59+00:00", "2026-10-24"),
        ("2026-10-24T23:00:00+00:00", "2026-10-25"),
        ("2026-10-25T23:59:59+00:00", "2026-10-25"),
        ("2026-10-26T00:00:00+00:00", "2026-10-26"),
        ("2026-01-01T04:00:00+05:00", "2025-12-31"),
    ],
)
def test_a_day_begins_at_midnight_in_the_uk(instant: str, day: str) -> None:
    """Around both changes of the clocks, and from any zone, the day is the one on a UK wall calendar."""
    assert uk_day(datetime.fromisoformat(instant)) == date.fromisoformat(day)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_an_instant_has_one_uk_day_whatever_zone_it_is_written_in(naive: datetime, minutes: int) -> None:
    """The zone an instant is written in changes nothing, and the day's own midnight is at most 25 hours back."""
    instant = naive.replace(tzinfo=UTC)
    day = uk_day(instant)
    assert uk_day(instant.astimezone(timezone(timedelta(minutes=minutes)))) == day
    midnight = datetime(day.year, day.month, day.day, tzinfo=UK).astimezone(UTC)
    assert timedelta(0) <= instant - midnight < timedelta(hours=25)


def test_an_instant_without_zone_has_no_day() -> None:
    """A time that does not say its zone is refused instead of being taken for local time."""
    with pytest.raises(ValueError, match="has no time zone"):
        uk_day(datetime(2026, 7, 1, 12))  # noqa: DTZ001 - the fault under test


@settings(deadline=None)
@given(CALENDARS, DAYS, SPANS)
def test_week_ends_are_rising_sundays_between_start_and_until(
    calendar: StudyCalendar, start: date, span: timedelta
) -> None:
    """Whatever the start, the weeks end on rising Sundays, none before the start and none after the last day asked."""
    ends = calendar.week_ends(start, start + span)
    assert all(end.isoweekday() == 7 and start <= end <= start + span for end in ends)
    assert list(ends) == sorted(set(ends))


@settings(deadline=None)
@given(CALENDARS, DAYS, SPANS, SPANS)
def test_looking_further_ahead_changes_no_earlier_week(
    calendar: StudyCalendar, start: date, one: timedelta, other: timedelta
) -> None:
    """Asking up to a later day only adds weeks at the end, so week numbers never move."""
    sooner, later = sorted((one, other))
    few, many = calendar.week_ends(start, start + sooner), calendar.week_ends(start, start + later)
    assert many[: len(few)] == few


@settings(deadline=None)
@given(YEARS)
def test_a_school_year_has_38_to_40_study_weeks(year: int) -> None:
    """190 school days and five of training make 39 weeks, give or take one."""
    assert 38 <= len(school_terms().week_ends(date(year, 8, 1), date(year + 1, 7, 31))) <= 40


@settings(deadline=None)
@given(YEARS)
def test_august_and_two_weeks_at_christmas_are_free(year: int) -> None:
    """No study week ends in August; between the last of December and the first of January lie two free weeks."""
    ends = school_terms().week_ends(date(year, 8, 1), date(year + 1, 1, 31))
    assert not [end for end in ends if end.month == 8]
    before = max(end for end in ends if end <= date(year, 12, 25))
    after = min(end for end in ends if end > date(year, 12, 25))
    assert after - before == timedelta(weeks=3)


@settings(deadline=None)
@given(DAYS)
def test_every_week_counts_without_holidays(start: date) -> None:
    """On the continuous calendar the nth week ends n - 1 weeks after the first Sunday."""
    first = start + timedelta(days=7 - start.isoweekday())
    assert CONTINUOUS.week_ends(start, first + timedelta(weeks=60)) == tuple(
        first + timedelta(weeks=week) for week in range(61)
    )


def test_week_1_contains_the_start_in_term() -> None:
    """Somebody who starts on a Wednesday in term ends week 1 on the Sunday after it."""
    assert school_terms().week_ends(date(2024, 10, 9), date(2024, 10, 20)) == (date(2024, 10, 13), date(2024, 10, 20))


def test_week_1_waits_for_term() -> None:
    """Somebody who starts on new year's day of 2024 has week 1 when schools are back, from 8 January."""
    assert school_terms().week_ends(date(2024, 1, 1), date(2024, 1, 14)) == (date(2024, 1, 14),)


def test_holidays_are_no_study_weeks() -> None:
    """From October 2024 to January 2025 the half term and the Christmas weeks are left out of the count."""
    ends = school_terms().week_ends(date(2024, 10, 21), date(2025, 1, 12))
    assert [end.isoformat() for end in ends] == [
        "2024-10-27",
        "2024-11-10",
        "2024-11-17",
        "2024-11-24",
        "2024-12-01",
        "2024-12-08",
        "2024-12-15",
        "2024-12-22",
        "2025-01-12",
    ]


@pytest.mark.parametrize(("year", "counts"), [(2021, True), (2022, False), (2023, False), (2026, True)])
def test_the_week_of_1_september_counts_from_three_days(year: int, counts: bool) -> None:
    """A 1 September on a Wednesday or before makes a study week; one on a Thursday or Friday does not."""
    ends = school_terms().week_ends(date(year, 9, 1), date(year, 9, 6))
    assert (len(ends) == 1) is counts


def test_a_leap_day_belongs_to_its_week() -> None:
    """Somebody who starts on 29 February 2024 ends week 1 on 3 March and week 2 on 10 March."""
    assert school_terms().week_ends(date(2024, 2, 29), date(2024, 3, 10)) == (date(2024, 3, 3), date(2024, 3, 10))


def test_given_term_dates_replace_the_rule_for_their_year_only() -> None:
    """A file that starts 2024-25 a week late and has its half term earlier moves these weeks and no others."""
    usual, given_dates = school_terms(), school_terms(SHORT_YEAR)
    year = date(2024, 8, 1), date(2025, 7, 31)
    assert set(usual.week_ends(*year)) ^ set(given_dates.week_ends(*year)) == {
        date(2024, 9, 8),
        date(2024, 10, 20),
        date(2024, 10, 27),
        date(2024, 11, 3),
    }
    assert usual.week_ends(date(2025, 8, 1), date(2030, 7, 31)) == given_dates.week_ends(
        date(2025, 8, 1), date(2030, 7, 31)
    )


def test_a_week_with_three_school_days_counts() -> None:
    """A spring term that begins on a Wednesday makes its first week a study week."""
    assert school_terms(SHORT_YEAR).week_ends(date(2025, 1, 1), date(2025, 1, 12)) == (date(2025, 1, 12),)


def test_a_week_with_two_school_days_is_free() -> None:
    """A spring term that begins on a Thursday leaves its first week free."""
    late = school_terms(SHORT_YEAR.replace("starts = 2025-01-08", "starts = 2025-01-09"))
    assert late.week_ends(date(2025, 1, 1), date(2025, 1, 12)) == ()


def test_faulty_term_dates_are_refused_when_read() -> None:
    """A calendar is not made from dates that contradict each other."""
    with pytest.raises(CalendarError, match=r"2024-25\.autumn\.ends"):
        school_terms(SHORT_YEAR.replace("ends = 2024-12-20", "ends = 2024-09-01"))


def test_the_shipped_intakes_are_those_of_dfe() -> None:
    """Each intake has DfE's cohort and the calendar season and year of its start in its title, in order of start."""
    assert [(intake.id, intake.title, intake.cohort) for intake in shipped_intakes().values()] == [
        ("2021-autumn", "Autumn 2021 (2021 cohort)", "2021a"),
        ("2021-spring", "Spring 2022 (2021 cohort)", "2021a"),
        ("2022-autumn", "Autumn 2022 (2022 cohort)", "2022a"),
        ("2022-spring", "Spring 2023 (2022 cohort)", "2022a"),
        ("2023-autumn", "Autumn 2023 (2023 cohort)", "2023a"),
        ("2023-spring", "Spring 2024 (2023 cohort)", "2023a"),
        ("2024-autumn", "Autumn 2024 (2024 cohort)", "2024a"),
        ("2025-spring", "Spring 2025 (2025a cohort)", "2025a"),
        ("2025-autumn", "Autumn 2025 (2025b cohort)", "2025b"),
        ("2026-spring", "Spring 2026 (2026a cohort)", "2026a"),
        ("2026-autumn", "Autumn 2026 (2026b cohort)", "2026b"),
    ]


@pytest.mark.parametrize("intake_id", list(shipped_intakes()))
def test_an_intake_starts_on_a_monday_of_the_season_in_its_title(intake_id: str) -> None:
    """The title, not the id, says in which calendar year and season an intake began."""
    intake = shipped_intakes()[intake_id]
    season, year, *_ = intake.title.split()
    assert intake.start.isoweekday() == 1
    assert str(intake.start.year) == year
    assert intake.start.month in {"Autumn": (10, 11), "Spring": (1, 2)}[season]
