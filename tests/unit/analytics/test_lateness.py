"""The note about two times: it appears when late records matter, and only then."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from analytics.filters import Filters
from analytics.lateness import lateness_note, unknown_days_note
from learning.events import Fact
from learning.facts import AttendanceRecorded, DayStarted
from learning.plan import start_of
from tests.analytics_kit import warehouse
from tests.builders import completed, enrolled, make

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
ON_TIME = start_of(date(2026, 3, 20))
LATE = start_of(date(2026, 4, 2))


def lives(people: int, late: int, happened: date = date(2026, 3, 10)) -> Iterator[Fact]:
    """So many people who completed one component on a day, of whom so many were recorded in April only."""
    for number in range(people):
        whose = {"enrolment": f"e-{number}", "participant": f"p-{number}"}
        yield enrolled(start_of(MARCH) - timedelta(days=99), **whose)
        recorded = LATE if number < late else ON_TIME
        yield completed("module-1", start_of(happened), recordedtime=recorded, **whose)


def test_what_was_recorded_after_the_day_asked_for_is_told() -> None:
    """Three of 100 completions of March that became known in April are named as missing."""
    note = lateness_note(warehouse(lives(100, 3), as_of=APRIL, known_at=APRIL))

    assert note == (
        "3 % of the 100 completions of March 2026 were recorded on 1 April 2026 or later and are not in these figures."
    )


def test_without_a_day_of_knowledge_late_records_are_in_the_figures() -> None:
    """Then the note says so by naming the option that leaves them out."""
    note = lateness_note(warehouse(lives(100, 50), as_of=APRIL))

    assert note is not None
    assert note.startswith("50 % of the 100 completions of March 2026 were recorded on 1 April 2026 or later;")
    assert "--known-at" in note
    assert "not in these figures" not in note


@pytest.mark.parametrize(("people", "late"), [(101, 1), (10, 0), (0, 0)])
def test_below_one_in_a_hundred_nothing_is_said(people: int, late: int) -> None:
    """A note that changes no figure is left out, as it is when nothing was completed."""
    assert lateness_note(warehouse(lives(people, late), as_of=APRIL, known_at=APRIL)) is None


@pytest.mark.parametrize("happened", [date(2026, 2, 28), APRIL])
def test_only_the_month_before_the_day_counts(happened: date) -> None:
    """What was done before that month, or not yet on the day asked for, says nothing about it."""
    assert lateness_note(warehouse(lives(10, 10, happened), as_of=APRIL, known_at=APRIL)) is None


def test_a_completion_told_twice_is_known_from_the_first_time() -> None:
    """A fact that is repeated later, by the same or another source, was not late."""
    facts = list(lives(10, 0))
    again = [
        completed("module-1", start_of(date(2026, 3, 10)), recordedtime=LATE, enrolment=f"e-{each}")
        for each in range(10)
    ]

    assert lateness_note(warehouse([*facts, *facts, *again], as_of=APRIL, known_at=APRIL)) is None


def test_absences_are_no_completions() -> None:
    """Of the two registers that came late, only the one that says attended counts."""
    held = start_of(date(2026, 3, 10))
    late = [
        make(AttendanceRecorded(component="clinic-1", attendance=word), held, recordedtime=LATE, enrolment=f"e-{word}")
        for word in ("attended", "absent")
    ]
    note = lateness_note(warehouse([*lives(1, 0), *late], as_of=APRIL, known_at=APRIL))

    assert note is not None
    assert note.startswith("50 % of the 2 completions of March 2026")


def test_any_other_month_is_named_by_its_days() -> None:
    """As of the middle of a month, the note is about the month up to the day before."""
    note = lateness_note(warehouse(lives(10, 10), as_of=date(2026, 4, 2), known_at=APRIL))

    assert note is not None
    assert "completions of 2 March 2026 to 1 April 2026 were" in note


def test_by_default_the_latest_day_on_the_log_is_the_measure() -> None:
    """Without a day asked for, the latest day that started on the log is the day as of which is measured."""
    started: datetime = start_of(APRIL)
    facts = [*lives(10, 10), make(DayStarted(day=APRIL), started, "calendar", "calendar")]

    note = lateness_note(warehouse(facts))

    assert note is not None
    assert "100 % of the 10 completions of March 2026" in note


def test_with_filters_it_is_about_those_people_only() -> None:
    """Of the four completions of one partner's people a quarter was late, whatever the other's 96 were."""
    facts = list(lives(100, 1))
    others = [enrolled(start_of(MARCH), f"e-{each}", f"p-{each}", partner="partner-9") for each in range(4, 100)]
    connection = warehouse([*others, *facts], as_of=APRIL, known_at=APRIL)

    note = lateness_note(connection, Filters(partner="partner-1", intake="autumn"))

    assert note == (
        "25 % of the 4 completions of March 2026 by those asked for were recorded on 1 April 2026 or later and are "
        "not in these figures."
    )
    assert lateness_note(connection, Filters(partner="partner-9")) is None


def test_days_of_which_nothing_can_be_known_are_told() -> None:
    """What is measured as of April by what was known in March has days without facts, which look like idleness."""
    note = unknown_days_note(warehouse(lives(1, 0), as_of=APRIL, known_at=date(2026, 3, 15)))

    assert note is not None
    assert note.startswith("This is measured as of 1 April 2026 by what was recorded before 15 March 2026:")
    assert "flat" in note


@pytest.mark.parametrize("known_at", [None, APRIL, date(2026, 5, 1)])
def test_without_such_days_nothing_is_told(known_at: date | None) -> None:
    """Known as of the same day, or later, or whenever: every day up to then is known."""
    assert unknown_days_note(warehouse(lives(1, 0), as_of=APRIL, known_at=known_at)) is None
