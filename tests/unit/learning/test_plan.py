"""The plan: a programme laid out in study weeks from the intake's first day to the deadline."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from learning.calendar import CONTINUOUS, Intake, shipped_intakes
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.plan import Plan, make_plan, start_of
from tests.builders import COMPONENTS, SMALL, SMALL_FILE
from tests.courses import COURSES

PLAN = SMALL.plan("small/course", "autumn")
IN_TERMS = COURSES.plan("terms/course", "autumn")
DAY = timedelta(days=1)


def planned(start: date, months: int = 6, components: str = "") -> Plan:
    """The small course in an intake and a length of one's own, perhaps with other components."""
    text = SMALL_FILE.replace("months = 6", f"months = {months}")
    if components:
        text = f"{text[: text.index('components')]}components = [{components}]"
    [programme] = parse(text, "own").programmes
    return make_plan(programme, Intake(id="own", title="Own", start=start), CONTINUOUS)


@pytest.mark.parametrize(
    ("start", "months", "deadline"),
    [
        (date(2025, 9, 8), 6, date(2026, 3, 7)),
        (date(2024, 10, 7), 12, date(2025, 10, 6)),
        (date(2024, 10, 7), 18, date(2026, 4, 6)),
        (date(2023, 3, 1), 12, date(2024, 2, 29)),
        (date(2024, 3, 1), 12, date(2025, 2, 28)),
        (date(2022, 9, 1), 18, date(2024, 2, 29)),
    ],
)
def test_the_deadline_is_the_last_day_of_so_many_calendar_months(start: date, months: int, deadline: date) -> None:
    """The months end on the day before the one they began on, leap years or not."""
    assert planned(start, months).deadline == deadline


@pytest.mark.parametrize(
    ("component", "day"),
    [
        ("module-1", date(2025, 9, 14)),
        ("clinic-1", date(2025, 10, 5)),
        ("module-7", date(2025, 10, 26)),
        ("module-8", date(2025, 11, 2)),
    ],
)
def test_a_component_is_due_on_the_sunday_of_its_study_week(component: str, day: date) -> None:
    """Without holidays, the eighth study week is the eighth week."""
    assert {each.id: due for due, each in PLAN.due}[component] == day


def test_a_holiday_puts_off_what_comes_after_it() -> None:
    """In school terms the eighth study week comes after half-term, a week later than the eighth week."""
    due = {each.id: day for day, each in IN_TERMS.due}

    assert (due["module-7"], due["module-8"]) == (date(2025, 10, 26), date(2025, 11, 9))


def test_a_component_can_be_due_by_the_day() -> None:
    """Days count from 0 on the first day of the intake; nothing is due after the deadline."""
    plan = planned(
        date(2025, 9, 8), 1, '{ kind = "exam", day = 0 }, { kind = "quiz", day = 29 }, { kind = "project", day = 30 }'
    )

    assert plan.deadline == date(2025, 10, 7)
    assert plan.due_days == (date(2025, 9, 8), date(2025, 10, 7), date(2025, 10, 7))


def test_only_what_counts_is_due() -> None:
    """The final assessment, which does not count, is in no expectation; it is known as a component all the same."""
    assert {each.id for _, each in PLAN.due} == set(COMPONENTS)
    assert PLAN.component_ids == {*COMPONENTS, "case-study"}


@pytest.mark.parametrize(
    ("day", "points"),
    [
        (date(2025, 9, 1), 0),
        (date(2025, 9, 14), 0),
        (date(2025, 9, 15), 1),
        (date(2025, 10, 5), 3),
        (date(2025, 10, 6), 5),
        (date(2025, 11, 2), 8),
        (date(2025, 11, 3), 10),
        (date(2027, 1, 1), 10),
    ],
)
def test_points_are_expected_from_the_day_after_they_were_due(day: date, points: int) -> None:
    """A component may be done until its due day ends, so nobody is behind on the Sunday itself."""
    assert PLAN.expected_points(day) == points


@pytest.mark.parametrize(
    ("day", "weeks"),
    [
        (date(2025, 9, 1), 0),
        (date(2025, 9, 14), 0),
        (date(2025, 9, 15), 1),
        (date(2026, 3, 1), 24),
        (date(2026, 3, 2), 25),
        (date(2026, 3, 7), 25),
        (date(2026, 3, 8), 26),
        (date(2030, 1, 1), 26),
    ],
)
def test_a_study_week_is_done_when_its_sunday_is_over(day: date, weeks: int) -> None:
    """From Sunday to Monday the count rises; the last week is done when the deadline, a Saturday, is over."""
    assert PLAN.weeks_done(day) == weeks


@pytest.mark.parametrize(
    ("day", "weeks"), [(date(2025, 10, 27), 7), (date(2025, 11, 3), 7), (date(2025, 11, 9), 7), (date(2025, 11, 10), 8)]
)
def test_no_study_week_goes_by_in_the_holidays(day: date, weeks: int) -> None:
    """The week of half-term does not count: the eighth study week is done a week after it."""
    assert IN_TERMS.weeks_done(day) == weeks


@pytest.mark.parametrize(("points", "week"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (8, 7), (9, 7), (10, 26)])
def test_points_reach_the_last_week_whose_plan_they_fulfil(points: int, week: int) -> None:
    """Week 4 has two things due, so four points are still week 3; with all points every week is reached."""
    assert PLAN.week_reached(points) == week


def test_a_day_begins_at_midnight_in_the_uk() -> None:
    """In summer that is an hour before midnight UTC."""
    assert start_of(date(2026, 1, 10)) == datetime(2026, 1, 10, tzinfo=UTC)
    assert start_of(date(2026, 7, 10)) == datetime(2026, 7, 9, 23, tzinfo=UTC)


def test_study_weeks_begin_on_mondays_and_the_first_with_the_intake() -> None:
    """An intake that begins on a Wednesday has a short first week; the last week ends with the deadline day."""
    plan = planned(date(2025, 9, 10))

    assert plan.week_starts[:2] == (start_of(date(2025, 9, 10)), start_of(date(2025, 9, 15)))
    assert plan.week_starts[-1] == plan.closes == start_of(plan.deadline + DAY)
    assert len(plan.week_starts) == plan.weeks + 1


@pytest.mark.parametrize("programme", Curriculum.shipped().programmes)
def test_every_shipped_plan_is_fulfilled_by_its_deadline(programme: str) -> None:
    """In every intake: all is due by the deadline, weeks follow each other, and the plan of the last is everything."""
    for intake in shipped_intakes():
        plan = Curriculum.shipped().plan(programme, intake)

        assert plan.due_days[-1] <= plan.deadline
        assert plan.expected_points(plan.intake.start) == 0
        assert plan.expected_points(plan.deadline + DAY) == plan.programme.total_points
        assert all(earlier < later for earlier, later in pairwise(plan.week_starts))
        assert all(earlier <= later for earlier, later in pairwise(plan.week_points))
        assert plan.weeks_done(plan.deadline + DAY) == plan.week_reached(plan.programme.total_points) == plan.weeks
