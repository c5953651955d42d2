"""When somebody may be told: quiet hours, digests in term time, a missed hour, and clocks that are changed."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import windows
from alerting.policy import DEFAULT_POLICY
from alerting.working_days import is_term_day
from learning.calendar import uk_day
from tests.alert_kit import LONG_AGO, MONDAY, TERMS, contact, moments, monday, uk

EVERY_QUARTER = timedelta(minutes=15)


def windows_of(
    start: datetime, end: datetime, down: tuple[datetime, datetime] | None = None, **wishes: Any
) -> list[Any]:
    """The digests of a contact from one moment to another, looked for every quarter of an hour, with their moments."""
    found: list[Any] = []
    planned = None
    for now in moments(start, end, EVERY_QUARTER):
        if down is None or not down[0] <= now < down[1]:
            day = windows.digest_window(contact(**wishes), planned, now, TERMS)
            if day is not None:
                found.append((day, now))
                planned = day
    return found


@pytest.mark.parametrize(
    ("hour", "quiet_from", "quiet_until", "quiet"),
    [
        (18, 19, 7, False),
        (19, 19, 7, True),
        (0, 19, 7, True),
        (6, 19, 7, True),
        (7, 19, 7, False),
        (3, 1, 5, True),
        (5, 1, 5, False),
        (12, 9, 9, False),
    ],
)
def test_quiet_hours_end_when_they_say(hour: int, quiet_from: int, quiet_until: int, quiet: bool) -> None:
    """The first hour is quiet, the last is not; they may go over midnight; the same hour twice is no rest."""
    assert windows.is_quiet(hour, quiet_from, quiet_until) == quiet


def test_what_is_urgent_waits_for_the_morning_and_for_monday() -> None:
    """Told at 7 on a working day; not at night, not on a Sunday, not on a bank holiday, but in a school holiday."""
    someone = contact()

    assert windows.may_tell_at_once(someone, monday(hour=7))
    assert not windows.may_tell_at_once(someone, monday(hour=6))
    assert not windows.may_tell_at_once(someone, monday(-1, hour=12))
    assert not windows.may_tell_at_once(someone, uk(date(2026, 4, 3), 12))
    assert windows.may_tell_at_once(someone, uk(date(2026, 8, 4), 12))


def test_a_chat_is_told_on_working_days_in_the_day() -> None:
    """From 7 to 19 on a Monday; not at 6 or 19, not on a Sunday."""
    hours = [hour for hour in range(24) if windows.may_chat(DEFAULT_POLICY, monday(hour=hour))]

    assert hours == list(range(7, 19))
    assert not windows.may_chat(DEFAULT_POLICY, monday(-1, hour=12))


def test_a_daily_digest_comes_at_its_hour_on_days_in_term() -> None:
    """In the two weeks around the Easter holiday it comes at 8 on each day in term, and on no other."""
    found = windows_of(uk(date(2026, 3, 26)), uk(date(2026, 4, 15)))

    days = [date(2026, 3, 26), date(2026, 3, 27), date(2026, 4, 13), date(2026, 4, 14)]
    assert found == [(day, uk(day, 8)) for day in days]


def test_a_weekly_digest_comes_on_its_weekday() -> None:
    """On each Wednesday of a month in term, at 8."""
    found = windows_of(monday(), monday(21), digest="weekly", weekday=2, created_at=monday())

    assert found == [(day, uk(day, 8)) for day in (date(2026, 3, 4), date(2026, 3, 11), date(2026, 3, 18))]


def test_a_weekly_digest_of_a_holiday_comes_on_the_first_day_of_term() -> None:
    """Two Wednesdays lie in the Easter holiday: one digest comes on the Monday after, then the usual one."""
    start = uk(date(2026, 3, 26))

    found = windows_of(start, uk(date(2026, 4, 17)), digest="weekly", weekday=2, created_at=start)

    assert [day for day, _ in found] == [date(2026, 4, 13), date(2026, 4, 15)]


def test_a_missed_hour_is_made_up_on_the_same_day_once() -> None:
    """Given that the dispatcher was down from 7 to 11, the digest of 8 comes at 11, and the next one at 8."""
    found = windows_of(monday(hour=0), monday(2, hour=0), down=(monday(hour=7), monday(hour=11)))

    assert found == [(MONDAY, monday(hour=11)), (MONDAY + timedelta(days=1), monday(1, hour=8))]


def test_a_missed_hour_is_not_made_up_in_the_night() -> None:
    """Given that the dispatcher was down from 7 to 20, the digest of Monday is part of that of Tuesday at 8."""
    found = windows_of(monday(hour=0), monday(2, hour=0), down=(monday(hour=7), monday(hour=20)))

    assert found == [(date(2026, 3, 3), monday(1, hour=8))]


def test_a_missed_week_is_made_up_on_the_next_day_once() -> None:
    """Given that the dispatcher was down on the whole Wednesday, the weekly digest comes on Thursday at 8."""
    down = (monday(2, hour=0), monday(3, hour=0))

    wishes = {"digest": "weekly", "weekday": 2, "created_at": monday(hour=0)}

    found = windows_of(monday(hour=0), monday(10, hour=0), down=down, **wishes)

    assert found == [(date(2026, 3, 4), monday(3, hour=8)), (date(2026, 3, 11), monday(9, hour=8))]


def test_a_missed_daily_digest_is_part_of_the_next() -> None:
    """Given that the dispatcher was down on the whole Monday, there is one digest on Tuesday, at its hour."""
    found = windows_of(monday(hour=0), monday(2, hour=0), down=(monday(hour=0), monday(1, hour=0)))

    assert found == [(date(2026, 3, 3), monday(1, hour=8))]


def test_a_digest_in_quiet_hours_comes_at_their_end() -> None:
    """Whoever asks for a digest at 20 and for quiet from 19 to 7 gets it at 7."""
    found = windows_of(monday(hour=0), monday(1, hour=0), hour=20)

    assert found == [(MONDAY, monday(hour=7))]


def test_a_new_contact_waits_for_the_next_digest() -> None:
    """Added at 10, after the hour of the day, the first digest comes tomorrow at 8; a weekly one next week."""
    added = monday(hour=10)

    assert [day for day, _ in windows_of(added, monday(2), created_at=added)] == [date(2026, 3, 3), date(2026, 3, 4)]
    weekly = windows_of(added, monday(9), created_at=added, digest="weekly", weekday=0)
    assert [day for day, _ in weekly] == [date(2026, 3, 9)]


@pytest.mark.parametrize("start", [date(2026, 3, 23), date(2026, 10, 19)])
def test_a_digest_comes_at_the_same_hour_of_the_clock_when_clocks_change(start: date) -> None:
    """In the weeks before and after a change, with term on both sides, each comes at 8 by a clock in the UK."""
    found = windows_of(uk(start), uk(start + timedelta(days=28)))

    assert len({now.hour for _, now in found}) == 2  # by UTC
    assert all(now == uk(day, 8) for day, now in found)


@given(
    hour=st.integers(0, 23),
    quiet_from=st.integers(0, 23),
    quiet_until=st.integers(0, 23),
    weekday=st.integers(0, 4),
    digest=st.sampled_from(["daily", "weekly"]),
    start=st.dates(date(2025, 9, 1), date(2026, 9, 1)),
)
def test_there_is_a_digest_a_day_or_week_whatever_is_wished(start: date, **wishes: Any) -> None:
    """With any wishes, each full week of term has five daily digests or a weekly one, never in quiet hours."""
    first = start - timedelta(days=start.weekday())
    someone = contact(created_at=uk(first), **wishes)
    found: list[datetime] = []
    planned: date | None = None
    for now in moments(uk(first), uk(first + timedelta(days=21))):
        day = windows.digest_window(someone, planned, now, TERMS)
        if day is not None:
            found.append(now)
            planned = day

    assert all(windows.may_tell_at_once(someone, now) for now in found)
    assert all(is_term_day(uk_day(now), TERMS) for now in found)
    for week in range(3):
        days = [first + timedelta(days=7 * week + number) for number in range(5)]
        if all(is_term_day(day, TERMS) for day in days):
            count = sum(uk_day(now) in days for now in found)
            assert count == 5 if wishes["digest"] == "daily" else 1 <= count <= 2


def test_nobody_is_given_a_digest_of_before_they_were_there() -> None:
    """A contact that was always there has one on the very first day; its creation is what makes the difference."""
    assert windows.digest_window(contact(created_at=LONG_AGO), None, monday(hour=12), TERMS) == MONDAY
    assert windows.digest_window(contact(created_at=monday(hour=9)), None, monday(hour=12), TERMS) is None
