"""The dimensions: the day measured as of, the catalogue, and the plans in use."""

from datetime import UTC, date, datetime

from learning.facts import DayStarted, Transferred
from tests.analytics_kit import told, warehouse
from tests.builders import SMALL, at, completed, enrolled, make
from tests.courses import COURSES


def test_the_latest_day_started_is_measured_as_of() -> None:
    """With nothing asked, everything is measured as of the latest day that has started on the log."""
    days = [make(DayStarted(day=date(2025, 10, day)), enrolment="calendar") for day in (2, 3, 1)]

    assert told(warehouse([enrolled(), *days]), "dim_time", "*") == [(date(2025, 10, 3), None)]


def test_without_a_day_the_day_after_the_last_fact_counts() -> None:
    """Before any day has started, the day after the last fact is the first that has seen them all."""
    late_evening = datetime(2025, 10, 1, 22, 30, tzinfo=UTC)  # in the UK it is half past eleven

    assert told(warehouse([enrolled(), completed("module-1", late_evening)]), "dim_time", "as_of") == [
        (date(2025, 10, 2),)
    ]


def test_the_days_asked_for_are_told() -> None:
    """What was asked for stands in the connection, where every answer finds it."""
    connection = warehouse([enrolled()], as_of=date(2025, 10, 1), known_at=date(2025, 11, 1))

    assert told(connection, "dim_time", "as_of, known_at") == [(date(2025, 10, 1), date(2025, 11, 1))]


def test_there_is_a_day_even_without_facts() -> None:
    """An empty lake has a day too, so that no question has to look whether there is one."""
    [(day,)] = told(warehouse([]), "dim_time", "as_of")

    assert isinstance(day, date)


def test_what_happened_on_the_day_does_not_count_yet() -> None:
    """As of a day means as it begins in the UK: in summer that is 11 in the evening by UTC."""
    just_before, then = datetime(2025, 9, 30, 22, 59, tzinfo=UTC), datetime(2025, 9, 30, 23, tzinfo=UTC)
    facts = [enrolled(), completed("module-1", just_before), completed("module-2", then)]

    assert told(warehouse(facts, as_of=date(2025, 10, 1)), "fact_component", "component::VARCHAR") == [("module-1",)]


def test_what_was_recorded_on_the_day_is_not_known_yet() -> None:
    """Known at a day means recorded before it begins, whenever it happened."""
    facts = [
        enrolled(),
        completed("module-1", at(1), recordedtime=datetime(2025, 9, 30, 22, 59, tzinfo=UTC)),
        completed("module-2", at(1), recordedtime=datetime(2025, 9, 30, 23, tzinfo=UTC)),
    ]

    assert told(warehouse(facts, known_at=date(2025, 10, 1)), "fact_component", "component::VARCHAR") == [("module-1",)]


def test_programmes_are_as_the_catalogue_has_them() -> None:
    """Points, gate and assessment of every programme are those of the catalogue."""
    expected = [
        (each.id, each.total_points, each.gate_points, float(each.completion.threshold), each.assessment is not None)
        for each in COURSES.programmes.values()
    ]

    found = told(warehouse([], COURSES), "dim_programme", "programme, points_total, gate_points, threshold, assessed")

    assert found == sorted(expected)


def test_attempts_are_those_of_the_rule() -> None:
    """A programme that is assessed says how often it can be tried; one that is not says nothing."""
    found = dict(told(warehouse([], COURSES), "dim_programme", "programme, attempts"))

    assert (found["small/course"], found["rules/open"]) == (2, None)


def test_components_stand_in_the_order_of_the_programme() -> None:
    """Each component has its place, its kind, and its points; what does not count has none."""
    found = warehouse([]).execute(
        "SELECT component::VARCHAR, kind::VARCHAR, live, counts, points FROM dim_component "
        "WHERE programme = 'small/course' ORDER BY position"
    )
    known = SMALL.programme("small/course")

    rows = found.fetchall()
    assert [row[0] for row in rows] == [each.id for each in known.components]
    assert ("clinic-1", "clinic", True, True, 1) in rows
    assert ("case-study", "case-study", False, False, 0) in rows


def test_plans_are_those_that_somebody_is_or_was_on() -> None:
    """The intake left behind has its plan too, and nobody's intake has none."""
    moved = warehouse([enrolled(intake="autumn"), make(Transferred(intake="spring"), at(1))])

    assert told(moved, "dim_plan", "*") == [
        ("small/course", "autumn", date(2025, 9, 8), 26, date(2026, 3, 7)),
        ("small/course", "spring", date(2026, 1, 5), 26, date(2026, 7, 4)),
    ]
    assert told(warehouse([enrolled()]), "dim_plan", "intake") == [("autumn",)]


def test_nobody_has_the_plan_that_people_of_another_programme_moved_to() -> None:
    """A transfer gives its intake a plan, its weeks and its due days in the programme of who moved, and in no other."""
    others = enrolled(enrolment="e-2", programme="rules/open")
    connection = warehouse([enrolled(), make(Transferred(intake="spring"), at(1)), others], COURSES)
    plans = [("rules/open", "autumn"), ("small/course", "autumn"), ("small/course", "spring")]

    for model in ("dim_plan", "dim_week", "dim_due"):
        assert told(connection, model, "DISTINCT programme, intake") == plans


def test_the_weeks_of_a_plan_begin_with_its_start() -> None:
    """Week 0 ends the day before the start with nothing expected, the last one at the deadline with everything."""
    weeks = told(warehouse([enrolled()]), "dim_week", "week, ends_on, ended_at, expected")

    assert weeks[:2] == [
        (0, date(2025, 9, 7), datetime(2025, 9, 7, 23, tzinfo=UTC), 0.0),
        (1, date(2025, 9, 14), datetime(2025, 9, 14, 23, tzinfo=UTC), 0.1),
    ]
    assert weeks[-1] == (26, date(2026, 3, 7), datetime(2026, 3, 8, tzinfo=UTC), 1.0)


def test_due_days_are_those_of_the_plan() -> None:
    """Every component has the day and the study week by whose end it is due."""
    due = told(warehouse([enrolled()]), "dim_due", "component::VARCHAR, due_on, week")

    assert ("module-8", date(2025, 11, 2), 8) in due
    assert ("case-study", date(2026, 1, 25), 20) in due
    assert len(due) == 11


def test_what_the_catalogue_does_not_know_has_no_plan() -> None:
    """An unknown programme or intake leaves its enrolments without plan and completion, and harms nobody else's."""
    connection = warehouse(
        [
            enrolled(enrolment="e-1"),
            enrolled(enrolment="e-2", programme="elsewhere/course"),
            enrolled(enrolment="e-3", intake="1999-winter"),
            completed("module-1", enrolment="e-2"),
        ]
    )

    assert told(connection, "dim_enrolment", "enrolment, status") == [
        ("e-1", "active"),
        ("e-2", "active"),
        ("e-3", "active"),
    ]
    assert told(connection, "dim_plan", "programme, intake") == [("small/course", "autumn")]
    assert told(connection, "fact_completion", "enrolment_no") == [(0,)]
