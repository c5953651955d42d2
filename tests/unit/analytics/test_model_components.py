"""What the models say of components, completion, sessions and days at work."""

from datetime import date

import pytest

from learning.events import Fact
from learning.facts import ActivitySeen, AssessmentSubmitted, AttendanceRecorded, ComponentReopened
from tests.analytics_kit import told, warehouse
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.courses import COURSES

COMPONENT = "component::VARCHAR, done, done_since, first_done_at, last_word::VARCHAR"
REOPENED = ComponentReopened(component="module-1")


def attendance(said: str, day: float, recorded: float | None = None, component: str = "clinic-1") -> Fact:
    """A line of a register."""
    data = AttendanceRecorded(component=component, attendance=said)  # type: ignore[arg-type]  # a text of a parameter
    return make(data, at(day), recordedtime=at(day if recorded is None else recorded))


def submitted(*, banked: bool, day: float = 3) -> Fact:
    """Work that was handed in."""
    return make(AssessmentSubmitted(component="case-study", banked=banked), at(day))


@pytest.mark.parametrize(
    ("said", "word", "done"),
    [
        (completed("module-1", at(3)), "completed", True),
        (attendance("attended", 3), "attended", True),
        (attendance("caught-up", 3), "caught-up", True),
        (attendance("absent", 3), "absent", False),
        (make(REOPENED, at(3)), "reopened", False),
        (submitted(banked=False), "submitted", True),
        (submitted(banked=True), "banked", True),
    ],
)
def test_each_word_says_whether_a_component_is_done(said: Fact, word: str, done: bool) -> None:
    """Completed, attended, caught up, submitted and banked are done; absent and reopened are not."""
    when = at(3) if done else None

    assert told(warehouse([enrolled(), said]), "fact_component", "done, done_since, first_done_at, last_word") == [
        (done, when, when, word)
    ]


def test_the_last_word_counts_whenever_it_was_heard() -> None:
    """A reopening that arrived before the completion it took back still takes it back."""
    facts = [enrolled(), make(REOPENED, at(5)), completed("module-1", at(2))]

    assert told(warehouse(facts), "fact_component", COMPONENT) == [("module-1", False, None, at(2), "reopened")]


def test_done_since_begins_anew_after_a_reopening() -> None:
    """Done again after a reopening is done since then; the earliest time it was ever done is kept beside it."""
    facts = [enrolled(), completed("module-1", at(2)), make(REOPENED, at(5))]
    again = [completed("module-1", at(7)), completed("module-1", at(9))]

    assert told(warehouse([*facts, *again]), "fact_component", COMPONENT) == [
        ("module-1", True, at(7), at(2), "completed")
    ]


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_said_in_several_words_is_done_from_the_first(times: int) -> None:
    """Attended, then completed: done since the first word, worked on until the last, however often each was sent."""
    facts = [completed("clinic-1", at(6)), attendance("attended", 2), completed("module-1", at(4))] * times
    found = told(
        warehouse([enrolled(), *facts]), "fact_component", "component::VARCHAR, done_since, last_worked_at, last_word"
    )

    assert found == [("clinic-1", at(2), at(6), "completed"), ("module-1", at(4), at(4), "completed")]


def test_who_was_last_at_work_on_a_component_is_not_told_by_what_was_put_right() -> None:
    """Neither an absence, nor banked work, nor a register that was corrected later says that anybody was at work."""
    facts = [
        attendance("attended", 1),
        attendance("attended", 2, recorded=3),
        attendance("absent", 2, recorded=8),
        submitted(banked=True),
    ]

    assert told(warehouse([enrolled(), *facts]), "fact_component", "component::VARCHAR, last_worked_at") == [
        ("case-study", None),
        ("clinic-1", at(1)),
    ]


def test_of_one_moment_the_later_record_counts() -> None:
    """A register that was corrected later holds, whichever of the two lines comes first on the log."""
    lines = [attendance("absent", 2, recorded=9), attendance("attended", 2, recorded=3)]

    assert told(warehouse([enrolled(), *lines]), "fact_component", COMPONENT) == [
        ("clinic-1", False, None, at(2), "absent")
    ]


def test_facts_of_somebody_never_enrolled_are_left_out() -> None:
    """Nobody is in the models of whom it is not known that they enrolled."""
    connection = warehouse([completed("module-1", enrolment="e-9"), enrolled()])

    assert told(connection, "dim_enrolment", "enrolment, enrolment_no") == [("e-1", 0)]
    assert told(connection, "fact_component", COMPONENT) == []


def test_a_component_outside_of_the_programme_adds_no_points() -> None:
    """What the programme does not have, or does not count, is told of and adds nothing to completion."""
    facts = [enrolled(), completed("not-in-the-programme"), completed("case-study"), completed("module-1")]
    connection = warehouse(facts)

    assert len(told(connection, "fact_component", "component")) == 3
    assert told(connection, "fact_completion", "points, points_total, completion, components_done") == [(1, 10, 0.1, 1)]


def test_who_has_done_nothing_has_a_completion_of_nought() -> None:
    """Everybody with a plan has a row, those without a single fact of work too."""
    found = told(warehouse([enrolled()]), "fact_completion", "points, gate_reached, gate_reached_on, last_active_at")

    assert found == [(0, False, None, None)]


def test_the_gate_is_reached_with_the_last_component_needed() -> None:
    """Nine of ten reach 90 %: on the day of the ninth, by what is done now."""
    nine = [completed(component, at(day)) for day, component in enumerate(COMPONENTS[:9])]
    undone = [make(REOPENED, at(20)), completed("module-1", at(30))]

    assert told(warehouse([enrolled(), *nine]), "fact_completion", "gate_reached_on") == [(date(2025, 9, 16),)]
    assert told(warehouse([enrolled(), *nine, *undone]), "fact_completion", "gate_reached_on") == [(date(2025, 10, 8),)]


def test_where_each_group_has_a_gate_all_must_reach_it() -> None:
    """All modules and no clinic is enough in all, and still not the gate; one of two clinics makes it so that day."""
    facts = [enrolled(programme="rules/each-group"), *(completed(component, at(1)) for component in COMPONENTS[:8])]
    gate = "gate_reached, gate_reached_on"

    assert told(warehouse(facts, COURSES), "fact_completion", gate) == [(False, None)]
    assert told(warehouse([*facts, attendance("attended", 9)], COURSES), "fact_completion", gate) == [
        (True, date(2025, 9, 17))
    ]


def test_who_did_something_of_the_programme_has_started() -> None:
    """What was carried over, was missed, or is no part of the programme is no start; the first that was done is."""
    facts = [enrolled(), submitted(banked=True, day=1), attendance("absent", 2), completed("no-such-component", at(3))]

    assert told(warehouse(facts), "fact_start", "started_on") == []
    assert told(
        warehouse([*facts, completed("module-2", at(9)), completed("module-1", at(5))]), "fact_start", "started_on"
    ) == [(at(5).date(),)]


def test_a_corrected_register_is_one_session() -> None:
    """A line that was put right is the same session: the latest word, and when the first one was recorded."""
    lines = [attendance("absent", 2, recorded=3), attendance("attended", 2, recorded=8)]

    assert told(
        warehouse([enrolled(), *lines]), "fact_session", "component, kind, held_at, held_on, attendance, recorded_at"
    ) == [("clinic-1", "clinic", at(2), at(2).date(), "attended", at(3))]


def test_another_time_is_another_session() -> None:
    """A session that was missed and caught up on at another time has two lines."""
    lines = [attendance("absent", 2), attendance("caught-up", 6), completed("clinic-1", at(7))]

    assert told(warehouse([enrolled(), *lines]), "fact_session", "held_at, attendance::VARCHAR") == [
        (at(2), "absent"),
        (at(6), "caught-up"),
    ]


def test_a_day_at_work_counts_once() -> None:
    """Visits and work on components make days (UK) at work; banked work and absence do not."""
    facts = [
        make(ActivitySeen(), at(1)),
        completed("module-1", at(1, hours=2)),
        make(ActivitySeen(), at(2, hours=14.5)),  # half past eleven in the evening by UTC: the next day in the UK
        submitted(banked=True, day=8),
        attendance("absent", 9),
    ]

    assert told(warehouse([enrolled(), *facts]), "fact_activity", "active_on, last_at") == [
        (date(2025, 9, 9), at(1, hours=2)),
        (date(2025, 9, 11), at(2, hours=14.5)),
    ]


def test_a_corrected_line_is_no_sign_of_work() -> None:
    """Who was put down as present by mistake was not at work then."""
    lines = [attendance("attended", 2, recorded=3), attendance("absent", 2, recorded=8)]

    connection = warehouse([enrolled(), *lines])

    assert told(connection, "fact_activity", "active_on") == []
    assert told(connection, "fact_completion", "last_active_at") == [(None,)]
