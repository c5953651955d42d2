"""DfE declarations: which there are, which are ready or expected, and what stands in the way."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from learning.codes import DECLARATION_TYPES
from learning.declarations import readiness
from learning.events import Fact
from learning.facts import (
    Deferred,
    Transferred,
)
from learning.milestones import milestones
from learning.progress import fold_all
from tests.builders import SMALL, completed, enrolled, facts_of_an_enrolment, make
from tests.declarations_kit import (
    EHCO,
    INDUCTION,
    LEADERSHIP,
    MARK,
    RETAINED,
    SPECIALIST,
    STARTED,
    WINTER,
    all_types,
    codes,
    joined,
    judged,
    withdrawn,
)


def test_a_course_has_the_declarations_of_its_group() -> None:
    """Specialist courses have no second retention; leadership and coaching have all four."""
    assert list(all_types([joined(SPECIALIST)])) == ["started", "retained-1", "completed"]
    assert list(all_types([joined(LEADERSHIP)])) == ["started", "retained-1", "retained-2", "completed"]
    assert list(all_types([joined(EHCO)])) == ["started", "retained-1", "retained-2", "completed"]


def test_what_dfe_does_not_know_has_no_declarations() -> None:
    """A programme without DfE's identifier has none, and neither has who is not known to be enrolled."""
    assert all_types([enrolled(programme="small/course", intake="autumn")]) == {}
    assert all_types([completed("induction", INDUCTION)]) == {}


def test_a_ready_declaration_has_everything_that_dfe_asks_for() -> None:
    """Course, partner, moment, window and payment date come with the fact that the declaration rests on."""
    started = judged("started", *STARTED)

    assert (started.ready, codes(started)) == (True, [])
    assert (started.course_identifier, started.delivery_partner) == ("npq-leading-teaching-development", "partner-1")
    assert (started.declaration_date, started.has_passed) == (INDUCTION, None)
    assert (started.window_start, started.deadline) == (date(2024, 10, 1), date(2024, 11, 25))
    assert started.payment == date(2024, 12, 15)
    [evidence] = started.evidence
    assert (evidence.component, evidence.what, evidence.time) == ("induction", "completed", INDUCTION)


def test_an_earlier_declaration_without_evidence_is_named() -> None:
    """Who has nothing to show for the first retention cannot have the second one declared."""
    late = completed("course-3/module-1-study", datetime(2025, 6, 2, tzinfo=UTC))
    retained = judged("retained-2", joined(LEADERSHIP), completed("induction", INDUCTION), late)

    [blocker] = retained.blockers
    assert (blocker.code, blocker.stops, retained.expected) == ("earlier-missing", True, False)
    assert "retained-1" in blocker.sentence
    assert "started" not in blocker.sentence


def test_a_late_joiner_is_not_enrolled_before() -> None:
    """On the day before the enrolment nothing can be declared and nothing is expected."""
    late = joined(time=datetime(2024, 11, 4, 9, tzinfo=UTC))
    before, after = (judged("started", late, day=date(2024, 11, day)) for day in (3, 4))

    assert codes(before) == ["not-enrolled", "no-evidence"]
    assert (before.expected, after.expected) == (False, True)
    assert codes(after) == ["no-evidence"]


def test_somebody_deferred_is_ready_with_a_warning_and_not_expected() -> None:
    """DfE accepts it; the provider looks first."""
    retained = judged("retained-1", *RETAINED, make(Deferred(reason="parental-leave"), WINTER + timedelta(days=9)))

    assert (retained.ready, retained.expected, codes(retained)) == (True, False, ["deferred"])
    assert "2025-01-23" in retained.blockers[0].sentence


def test_dfe_expects_a_start_of_everybody_and_a_retention_of_the_active_who_started() -> None:
    """A start is expected even of who withdrew; a retention only of who is active and has evidence of the start."""
    assert judged("started", joined(), withdrawn(date(2025, 1, 1))).expected
    assert judged("retained-1", *STARTED).expected
    assert not judged("retained-1", joined()).expected


def test_a_specialist_course_is_expected_to_complete_after_the_first_retention() -> None:
    """Where there is no second retention, the first one stands before completion."""
    assert judged("completed", *RETAINED).expected
    assert not judged("completed", *STARTED).expected


def test_a_type_that_the_schedule_does_not_have_is_refused() -> None:
    """A leadership course on a specialist schedule has no second retention at DfE."""
    slip = joined(LEADERSHIP, schedule="npq-specialist-autumn")

    assert "type-not-allowed" in codes(judged("retained-2", slip))
    assert "type-not-allowed" not in codes(judged("retained-1", slip))


def test_the_partner_of_a_declaration_is_who_delivered_then() -> None:
    """A later move to another partner changes the later declarations only."""
    moved = make(Transferred(partner="partner-2"), datetime(2024, 12, 5, tzinfo=UTC))
    found = all_types([*RETAINED, moved])

    assert found["started"].delivery_partner == "partner-1"
    assert found["retained-1"].delivery_partner == "partner-2"


def test_who_moved_to_a_later_intake_keeps_the_evidence_of_the_earlier_one() -> None:
    """What was due there was declared there: it does not block what comes, and cannot be dated on the new schedule."""
    moved = make(Transferred(intake="2025-spring"), datetime(2025, 1, 20, tzinfo=UTC))
    found = all_types([*RETAINED, moved, MARK])

    assert codes(found["started"]) == codes(found["retained-1"]) == ["before-schedule-start"]
    assert codes(found["completed"]) == []


def test_once_the_later_intake_has_begun_only_its_own_windows_count() -> None:
    """What falls into a window of the intake before is the new one's start, and no retention."""
    moved = make(Transferred(intake="2025-spring"), datetime(2025, 1, 20, tzinfo=UTC))
    march = completed("course-1/module-1-study", datetime(2025, 3, 15, tzinfo=UTC))
    found = all_types([joined(), moved, march])

    assert found["started"].declaration_date == march.time
    assert codes(found["retained-1"]) == ["no-evidence"]


@given(facts_of_an_enrolment(), st.dates(date(2025, 9, 1), date(2026, 4, 1)), st.sampled_from([SPECIALIST, EHCO]))
def test_a_ready_declaration_keeps_what_dfe_checks(facts: list[Fact], day: date, programme: str) -> None:
    """Whatever the facts: dated not in the future, resting on evidence, with an outcome where DfE wants one."""
    begun = joined(programme, datetime(2024, 9, 20, tzinfo=UTC), intake="2025-spring")
    known = [each for each in facts if not each.type.startswith("learning.enrolled")]
    for declared in readiness(fold_all([begun, *known]), SMALL, milestones(), day):
        assert declared.declaration_type in DECLARATION_TYPES["ehco" if programme == EHCO else "specialist"]
        if declared.ready:
            assert declared.declaration_date is not None
            assert declared.declaration_date.date() <= day
            assert declared.declaration_date in [each.time for each in declared.evidence]
            assert (declared.has_passed is None) == (declared.declaration_type != "completed" or programme == EHCO)
