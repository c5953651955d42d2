"""Working days: by the bank holidays that were published, and counted as an office counts them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.working_days import is_term_day, is_working_day, working_days_after
from learning.calendar import school_terms

PUBLISHED = """
2021-01-01 2021-04-02 2021-04-05 2021-05-03 2021-05-31 2021-08-30 2021-12-27 2021-12-28
2022-01-03 2022-04-15 2022-04-18 2022-05-02 2022-08-29 2022-12-26 2022-12-27
2024-01-01 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-08-26 2024-12-25 2024-12-26
2025-01-01 2025-04-18 2025-04-21 2025-05-05 2025-05-26 2025-08-25 2025-12-25 2025-12-26
2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28
2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28
"""
"""On https://www.gov.uk/bank-holidays for England and Wales. In 2022 those of the jubilee and the funeral, which no
rule knows, and the spring one, which the jubilee moved, are left out."""

_MOVED = {date(2022, 5, 30), date(2022, 6, 2)}


@pytest.mark.parametrize("year", [2021, 2022, 2024, 2025, 2026, 2027])
def test_offices_are_closed_on_published_bank_holidays_and_weekends_only(year: int) -> None:
    """Of every day of a year it is known whether it is a working day, holidays that are moved to Monday included."""
    published = {date.fromisoformat(each) for each in PUBLISHED.split()}
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]

    wrong = [day for day in days if is_working_day(day) != (day.weekday() < 5 and day not in published)]

    assert set(wrong) <= _MOVED


def test_a_day_in_term_is_a_working_day_in_a_week_of_term() -> None:
    """A Tuesday in March is, its Saturday, Good Friday and a Tuesday in August are not."""
    terms = school_terms()

    assert is_term_day(date(2026, 3, 3), terms)
    assert not any(is_term_day(day, terms) for day in (date(2026, 3, 7), date(2026, 4, 3), date(2026, 8, 4)))


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        (date(2026, 3, 2), 3, date(2026, 3, 5)),
        (date(2026, 3, 5), 3, date(2026, 3, 10)),  # over a weekend
        (date(2026, 3, 7), 1, date(2026, 3, 9)),  # from a Saturday
        (date(2026, 4, 2), 1, date(2026, 4, 7)),  # over Easter
        (date(2026, 12, 24), 2, date(2026, 12, 30)),  # over Christmas, with a Monday that stands in for Saturday
    ],
)
def test_working_days_are_counted_from_the_next_one(day: date, count: int, then: date) -> None:
    """The day itself does not count, nor do weekends and bank holidays."""
    assert working_days_after(day, count) == then


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(1, 30))
def test_there_are_just_so_many_working_days_until_then(day: date, count: int) -> None:
    """Counting the working days after a day up to the answer gives the number that was asked for."""
    then = working_days_after(day, count)

    between = [day + timedelta(days=number) for number in range(1, (then - day).days + 1)]
    assert is_working_day(then)
    assert sum(map(is_working_day, between)) == count
