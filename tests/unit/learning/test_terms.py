"""England's usual school terms by rule, and term dates given in a file."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.term_file import read_terms
from learning.terms import SCHOOL_DAYS, CalendarError, bank_holidays, school_year_of, usual_school_year

YEARS = st.integers(min_value=2000, max_value=2100)

# What nearly every local authority published: Mondays of weeks in which schools surely met or surely did not. Weeks
# in which authorities differ (a late October, February or Easter week, the last days of July) are left out.
PUBLISHED = {
    2021: (
        """
        2021-09-06 2021-10-18 2021-11-01 2021-12-13 2022-01-10 2022-02-07 2022-02-28 2022-03-28
        2022-04-25 2022-05-23 2022-06-06 2022-07-11
        """,
        "2021-10-25 2021-12-20 2021-12-27 2022-04-11 2022-05-30 2022-07-25",
    ),
    2022: (
        """
        2022-09-05 2022-10-17 2022-11-07 2022-12-12 2023-01-09 2023-02-06 2023-02-20 2023-03-27
        2023-04-17 2023-05-22 2023-06-05 2023-07-10
        """,
        "2022-10-24 2022-12-26 2023-02-13 2023-04-03 2023-04-10 2023-05-29 2023-07-31",
    ),
    2023: (
        """
        2023-09-04 2023-10-16 2023-11-06 2023-12-11 2024-01-08 2024-02-05 2024-02-26 2024-03-18
        2024-04-15 2024-05-20 2024-06-03 2024-07-15
        """,
        "2023-12-25 2024-01-01 2024-04-01 2024-04-08 2024-05-27 2024-07-29",
    ),
    2024: (
        """
        2024-09-02 2024-10-14 2024-11-04 2024-12-16 2025-01-06 2025-02-10 2025-02-24 2025-03-31
        2025-04-28 2025-05-19 2025-06-02 2025-07-14
        """,
        "2024-10-28 2024-12-23 2024-12-30 2025-02-17 2025-04-14 2025-05-26",
    ),
    2025: (
        """
        2025-09-01 2025-10-13 2025-11-03 2025-12-15 2026-01-05 2026-02-09 2026-02-23 2026-03-23
        2026-04-13 2026-05-18 2026-06-01 2026-07-13
        """,
        "2025-10-27 2025-12-22 2025-12-29 2026-02-16 2026-03-30 2026-04-06 2026-05-25",
    ),
    2026: (
        """
        2026-09-07 2026-10-12 2026-11-02 2026-12-14 2027-01-04 2027-02-08 2027-02-22 2027-03-15
        2027-04-12 2027-05-24 2027-06-07 2027-07-12
        """,
        "2026-10-26 2026-12-21 2026-12-28 2027-02-15 2027-03-29 2027-05-31 2027-07-26",
    ),
}

GIVEN = """
[2026-27.autumn]
starts = 2026-08-27
ends = 2026-12-18
half-term-starts = 2026-10-12
half-term-ends = 2026-10-23

[2026-27.spring]
starts = 2027-01-04
ends = 2027-03-19
half-term-starts = 2027-02-15
half-term-ends = 2027-02-19

[2026-27.summer]
starts = 2027-04-05
ends = 2027-07-14
half-term-starts = 2027-05-31
half-term-ends = 2027-06-04
"""


def weekdays_from(monday: str) -> set[date]:
    """Monday to Friday of a week."""
    return {date.fromisoformat(monday) + timedelta(days=offset) for offset in range(5)}


@pytest.mark.parametrize("year", PUBLISHED)
def test_published_weeks_of_term_are_in_term(year: int) -> None:
    """Weeks in which schools met by the published dates have at least three school days by the rule."""
    days = usual_school_year(year).days()
    met, _ = PUBLISHED[year]
    assert [monday for monday in met.split() if len(weekdays_from(monday) & days) < 3] == []


@pytest.mark.parametrize("year", PUBLISHED)
def test_published_holidays_have_no_school_day(year: int) -> None:
    """Christmas, Easter, half term and summer weeks of the published dates hold no school day by the rule."""
    days = usual_school_year(year).days()
    _, closed = PUBLISHED[year]
    assert [monday for monday in closed.split() if weekdays_from(monday) & days] == []


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2024, "2024-09-02 2024-12-20 2025-01-06 2025-04-04 2025-04-22 2025-07-22"),
        (2025, "2025-09-01 2025-12-19 2026-01-05 2026-03-27 2026-04-13 2026-07-20"),
    ],
)
def test_first_and_last_days_are_those_of_published_tables(year: int, days: str) -> None:
    """For two school years the rule gives the first and last days of term that several authorities published."""
    usual = usual_school_year(year)
    ruled = [day.isoformat() for term in (usual.autumn, usual.spring, usual.summer) for day in (term.starts, term.ends)]
    assert " ".join(ruled) == days


@given(YEARS)
def test_a_teacher_works_195_days(year: int) -> None:
    """Every school year has the 195 days of the pay and conditions document."""
    assert len(usual_school_year(year).days()) == SCHOOL_DAYS


@given(YEARS)
def test_the_summer_term_ends_about_20_july(year: int) -> None:
    """The days run out between 17 and 26 July, leaving a summer holiday of five weeks at least."""
    assert date(year + 1, 7, 17) <= usual_school_year(year).summer.ends <= date(year + 1, 7, 26)


@given(YEARS)
def test_no_school_day_is_a_bank_holiday_or_in_august(year: int) -> None:
    """Good Friday, Easter Monday, the May holidays and all of August are free."""
    days = usual_school_year(year).days()
    assert not days & (bank_holidays(year) | bank_holidays(year + 1))
    assert not [day for day in days if day.month == 8]


def test_bank_holidays_are_those_that_were_kept() -> None:
    """New year's day on a Sunday moves to the Monday; the others fall as they were kept in 2023."""
    assert sorted(bank_holidays(2023)) == [
        date(2023, 1, 2),
        date(2023, 4, 7),
        date(2023, 4, 10),
        date(2023, 5, 1),
        date(2023, 5, 29),
        date(2023, 8, 28),
    ]


@pytest.mark.parametrize(
    ("day", "year"), [("2024-07-31", 2023), ("2024-08-01", 2024), ("2024-12-31", 2024), ("2025-01-01", 2024)]
)
def test_a_school_year_runs_from_august(day: str, year: int) -> None:
    """The last day of July belongs to the old school year and the first of August to the new one."""
    assert school_year_of(date.fromisoformat(day)) == year


@pytest.mark.parametrize("year", [205, 1899, 2200])
def test_a_year_without_a_rule_is_refused(year: int) -> None:
    """A slip in a date does not silently yield term dates."""
    with pytest.raises(CalendarError, match=f"School year {year}.*check the date"):
        usual_school_year(year)


def test_given_terms_count_day_by_day() -> None:
    """A school year read from a file has the days it says: both ends in, half term and bank holidays out."""
    days = read_terms(GIVEN)[2026].days()
    assert {date(2026, 8, 27), date(2026, 12, 18), date(2026, 10, 26), date(2027, 7, 14)} <= days
    assert not days & {date(2026, 8, 31), date(2026, 10, 12), date(2026, 10, 23), date(2027, 3, 26), date(2027, 7, 15)}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("ends = 2026-12-18", "ends = 2026-10-01", r"2026-27\.autumn\.ends: 2026-10-01 is before"),
        ("half-term-ends = 2027-02-19", "half-term-ends = 2027-02-12", r"2026-27\.spring\.half-term-ends: 2027-02-12"),
        ("starts = 2027-01-04", "starts = 2026-12-18", r"2026-27\.spring\.starts: 2026-12-18 is not after"),
        ("ends = 2027-07-14", "ends = 2027-08-02", r"2026-27\.summer\.ends: 2027-08-02 is outside the school year"),
        ("starts = 2026-08-27", "starts = 2026-07-31", r"2026-27\.autumn\.starts: 2026-07-31 is outside"),
        ("starts = 2026-08-27", 'starts = "in August"', r"school year 2026-27: .*autumn\.starts"),
        ("starts = 2026-08-27", "start = 2026-08-27", r"school year 2026-27: .*`start"),
        ("[2026-27.summer]", "[2026-27.winter]", r"school year 2026-27: .*Give autumn, spring and summer"),
        ("[2026-27.summer]", "[2026-27.spring]", r"line 14"),
        ("starts = 2027-04-05", "starts = 2027-04-31", r"line 15"),
        ("[2026-27.", "[2026-28.", r"\[2026-28\]: this names no school year"),
        ("[2026-27.", "[2026.", r"\[2026\]: this names no school year"),
        ("[2026-27.autumn]", "2027-28 = 1\n[2026-27.autumn]", r"school year 2027-28: Expected `object`"),
    ],
)
def test_a_faulty_file_is_refused_by_year_and_key(old: str, new: str, fault: str) -> None:
    """Dates out of order, overlapping or outside the year, and slips in the form, are named by where they stand."""
    assert old in GIVEN
    with pytest.raises(CalendarError, match=fault):
        read_terms(GIVEN.replace(old, new))
