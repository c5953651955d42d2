"""DfE declarations: what is evidence, from the first to the last moment of a window, and what stands in the way."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.codes import DECLARATION_TYPES, DeclarationType
from learning.curriculum import Curriculum
from learning.declarations import Readiness, readiness
from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentMarked,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentReopened,
    Deferred,
    Resumed,
    Transferred,
    Withdrawn,
)
from learning.milestones import milestones
from learning.progress import fold_all
from tests.builders import SMALL, completed, enrolled, facts_of_an_enrolment, make

SPECIALIST = "ambition-2024/npqltd"
LEADERSHIP = "ambition-2024/npqsl"
EHCO = "ambition-2024/ehco"

INDUCTION = datetime(2024, 10, 8, 9, tzinfo=UTC)
"""In the window of `started` of autumn 2024, which goes from 1 October to 25 November 2024."""

WINTER = datetime(2025, 1, 14, 16, tzinfo=UTC)
"""In the window of `retained-1`, which goes from 26 November 2024 to 26 May 2025."""

MARKED = datetime(2025, 11, 20, 10, tzinfo=UTC)
"""In the window of `completed` of specialist courses, which goes from 27 May 2025 to 21 February 2026."""

LATER = date(2025, 12, 1)


def joined(programme: str = SPECIALIST, time: datetime = datetime(2024, 9, 20, tzinfo=UTC), **data: Any) -> Fact:
    """An enrolment of autumn 2024."""
    return enrolled(time, **{"programme": programme, "intake": "2024-autumn", "cohort": "2024a", **data})


def register(attendance: Any, time: datetime, component: str = "clinic-1", **envelope: Any) -> Fact:
    """An answer of a register."""
    return make(AttendanceRecorded(component=component, attendance=attendance), time, **envelope)


STARTED = (joined(), completed("induction", INDUCTION))
RETAINED = (*STARTED, register("attended", WINTER))
MARK = make(AssessmentMarked(attempt=1, outcome="passed"), MARKED)


def all_types(facts: Iterable[Fact], day: date = LATER, curriculum: Curriculum = SMALL) -> dict[str, Readiness]:
    """How each declaration stands after these facts."""
    return {each.declaration_type: each for each in readiness(fold_all(facts), curriculum, milestones(), day)}


def judged(declaration_type: DeclarationType, *facts: Fact, day: date = LATER) -> Readiness:
    """How one declaration stands after these facts."""
    return all_types(facts, day)[declaration_type]


def codes(declaration: Readiness) -> list[str]:
    """What stands in its way, warnings included."""
    return [blocker.code for blocker in declaration.blockers]


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


@pytest.mark.parametrize(
    ("time", "counts"),
    [
        pytest.param(datetime(2024, 11, 25, 23, 59, 59, tzinfo=UTC), False, id="the moment before the window"),
        pytest.param(datetime(2024, 11, 26, tzinfo=UTC), True, id="first moment, in winter time"),
        pytest.param(datetime(2025, 5, 26, 22, 59, 59, tzinfo=UTC), True, id="last moment, in summer time"),
        pytest.param(datetime(2025, 5, 26, 23, tzinfo=UTC), False, id="midnight in the UK, still the 26th in UTC"),
    ],
)
def test_a_retention_looks_at_its_window_in_uk_time(time: datetime, counts: bool) -> None:
    """The window has all of its first and of its last day, as they are in the UK, and nothing else."""
    retained = judged("retained-1", *STARTED, register("attended", time))

    assert retained.ready is counts
    assert codes(retained) == ([] if counts else ["no-evidence"])


@pytest.mark.parametrize("day", [date(2024, 11, 25), date(2024, 11, 26)])
def test_before_its_window_a_retention_is_neither_ready_nor_expected(day: date) -> None:
    """The day before the window says when it opens; the first day says that nothing was done yet."""
    retained = judged("retained-1", *STARTED, day=day)

    opened = day == retained.window_start
    assert codes(retained) == (["no-evidence"] if opened else ["window-not-open"])
    assert retained.expected is opened


def test_a_start_is_dated_by_the_first_engagement_and_a_retention_by_the_latest() -> None:
    """Both list everything that was done in their window."""
    facts = [
        *STARTED,
        completed("course-1/module-1-study", INDUCTION + timedelta(days=7)),
        register("attended", WINTER),
        register("caught-up", WINTER + timedelta(days=30), "clinic-2"),
    ]

    started, retained = judged("started", *facts), judged("retained-1", *facts)

    assert (len(started.evidence), started.declaration_date) == (2, INDUCTION)
    assert (len(retained.evidence), retained.declaration_date) == (2, WINTER + timedelta(days=30))


@pytest.mark.parametrize("done", ["completed", "attended", "caught-up", "submitted"])
def test_whatever_is_done_is_evidence(done: Any) -> None:
    """Completed, attended, caught up on and handed in are engagement."""
    fact = {
        "completed": completed("course-2/module-1-study", WINTER),
        "submitted": make(AssessmentSubmitted(component="case-study"), WINTER),
    }.get(done) or register(done, WINTER)

    assert [each.what for each in judged("retained-1", *STARTED, fact).evidence] == [done]


@pytest.mark.parametrize(
    "fact",
    [
        make(ActivitySeen(clicks=9), WINTER),
        register("absent", WINTER),
        make(AssessmentSubmitted(component="case-study", banked=True), WINTER),
        completed("not-in-the-programme", WINTER),
    ],
    ids=["visit", "absent", "banked", "unknown component"],
)
def test_what_is_not_engagement_is_no_evidence(fact: Fact) -> None:
    """A visit, an absence, banked work and what the programme does not have show nobody's work."""
    assert codes(judged("retained-1", *STARTED, fact)) == ["no-evidence"]


def test_a_visit_alone_is_no_start() -> None:
    """Who only looked at the platform has not started."""
    assert codes(judged("started", joined(), make(ActivitySeen(), INDUCTION))) == ["no-evidence"]


def test_attendance_that_was_corrected_to_absent_is_no_evidence() -> None:
    """Of two registers of one session the later one is believed, and a third one again."""
    attended, absent = (
        register(word, WINTER, recordedtime=WINTER + timedelta(days=days))
        for days, word in enumerate(("attended", "absent"))
    )
    again = register("attended", WINTER, recordedtime=WINTER + timedelta(days=9))

    assert not judged("retained-1", *STARTED, absent, attended).ready
    assert judged("retained-1", *STARTED, again, absent, attended).ready


def test_what_was_taken_back_is_no_evidence_until_it_is_done_again() -> None:
    """A reopened component shows nothing from before."""
    module = "course-2/module-1-study"
    done = completed(module, WINTER)
    reopened = make(ComponentReopened(component=module), WINTER + timedelta(days=1))
    again = completed(module, WINTER + timedelta(days=2))

    assert not judged("retained-1", *STARTED, done, reopened).ready
    assert judged("retained-1", *STARTED, done, reopened, again).declaration_date == again.time


def test_what_became_known_late_counts_for_when_it_happened() -> None:
    """A register that comes after the deadline is evidence in the window, and both its times are shown."""
    known = WINTER + timedelta(days=200)
    retained = judged("retained-1", *STARTED, register("attended", WINTER, recordedtime=known))

    assert retained.ready
    assert [(each.time, each.recordedtime) for each in retained.evidence] == [(WINTER, known)]


def test_what_happened_after_the_day_is_left_out() -> None:
    """The day itself is the last that counts: nothing is declared of the future."""
    assert judged("retained-1", *RETAINED, day=WINTER.date()).ready
    assert not judged("retained-1", *RETAINED, day=WINTER.date() - timedelta(days=1)).ready


def test_a_late_start_is_ready_with_a_warning() -> None:
    """DfE accepts a start after its deadline and pays later; the first engagement is its evidence."""
    first = datetime(2024, 11, 26, tzinfo=UTC)
    started = judged("started", joined(), completed("induction", first), register("attended", WINTER))

    assert (started.ready, codes(started)) == (True, ["after-deadline"])
    assert (len(started.evidence), started.declaration_date) == (1, first)


@pytest.mark.parametrize(
    ("time", "blockers"),
    [
        (datetime(2024, 9, 30, 22, 59, 59, tzinfo=UTC), ["before-schedule-start"]),
        (datetime(2024, 9, 30, 23, tzinfo=UTC), []),
    ],
)
def test_nothing_is_dated_before_the_schedule_begins(time: datetime, blockers: list[str]) -> None:
    """DfE refuses a date before the schedule's first day, 1 October 2024 in UK time."""
    assert codes(judged("started", joined(), completed("induction", time))) == blockers


def test_engagement_from_before_the_schedule_is_left_aside_once_there_is_later() -> None:
    """The first engagement that DfE accepts is the start."""
    early = completed("induction", datetime(2024, 9, 25, tzinfo=UTC))
    started = judged("started", joined(), early, completed("conference-1", INDUCTION))

    assert (codes(started), started.declaration_date) == ([], INDUCTION)


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


def withdrawn(effective: date) -> Fact:
    """A withdrawal that was signed off in February."""
    left = Withdrawn(reason="other", effective=effective, signed_off_by="partner-1")
    return make(left, datetime(2025, 2, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("effective", "blockers"),
    [(date(2025, 1, 14), ["withdrawn"]), (date(2025, 1, 15), [])],
    ids=["the day it was done", "the day after"],
)
def test_only_what_was_done_before_a_withdrawal_counts(effective: date, blockers: list[str]) -> None:
    """DfE accepts a declaration of somebody who withdrew if it is dated before; the day itself is too late."""
    retained = judged("retained-1", *RETAINED, withdrawn(effective))

    assert codes(retained) == blockers
    assert retained.expected is False


@pytest.mark.parametrize(("effective", "expected"), [(date(2025, 2, 1), False), (date(2025, 2, 2), True)])
def test_a_withdrawal_holds_from_its_effective_day_though_it_was_signed_off_later(
    effective: date, expected: bool
) -> None:
    """Asked for a day before the sign-off, who had left by then is not expected."""
    assert judged("retained-1", *STARTED, withdrawn(effective), day=date(2025, 2, 1)).expected is expected


def test_a_withdrawal_that_was_taken_back_stands_in_nobodys_way() -> None:
    """Who came back is as if never gone."""
    resumed = make(Resumed(), datetime(2025, 3, 1, tzinfo=UTC))
    retained = judged("retained-1", *RETAINED, withdrawn(date(2025, 1, 10)), resumed)

    assert (retained.ready, retained.expected) == (True, True)


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


@pytest.mark.parametrize(("outcome", "has_passed"), [("passed", True), ("failed", False)])
def test_an_outcome_completes(outcome: Any, has_passed: bool) -> None:
    """The mark is the evidence beside the work, dates the declaration and says whether it was passed."""
    work = make(AssessmentSubmitted(component="case-study"), MARKED - timedelta(days=30))
    mark = make(AssessmentMarked(attempt=1, outcome=outcome), MARKED)
    declared = judged("completed", *RETAINED, work, mark)

    assert (declared.ready, declared.has_passed, declared.declaration_date) == (True, has_passed, MARKED)
    assert [each.what for each in declared.evidence] == ["submitted", outcome]


def test_a_failure_warns_while_another_attempt_is_left() -> None:
    """A pass can still follow; after the last attempt it cannot."""
    summer = datetime(2025, 9, 1, tzinfo=UTC)
    first, second = (
        make(AssessmentMarked(attempt=attempt, outcome="failed"), summer + timedelta(days=attempt))
        for attempt in (1, 2)
    )
    in_time = date(2025, 9, 10)

    assert codes(judged("completed", *RETAINED, first, day=in_time)) == ["may-retake"]
    assert codes(judged("completed", *RETAINED, first, second, day=in_time)) == []


def test_of_several_marks_the_one_that_decides_is_declared() -> None:
    """A pass outweighs the failure before it, and a corrected mark the one it corrects."""
    failed = make(AssessmentMarked(attempt=1, outcome="failed"), MARKED)
    corrected = make(AssessmentMarked(attempt=1, outcome="passed"), MARKED, recordedtime=MARKED + timedelta(days=3))
    second = make(AssessmentMarked(attempt=2, outcome="passed"), MARKED + timedelta(days=5))

    retaken = judged("completed", *RETAINED, failed, second)
    assert (retaken.has_passed, retaken.declaration_date, retaken.evidence[-1].attempt) == (True, second.time, 2)
    again = judged("completed", *RETAINED, failed, corrected)
    assert (again.has_passed, again.evidence[-1].recordedtime) == (True, corrected.recordedtime)


def test_a_mark_that_was_taken_back_decides_nothing() -> None:
    """Of two passes the one that still stands is declared, though the other was given later."""
    passed, taken_back = (
        make(AssessmentMarked(attempt=1, outcome=outcome), MARKED + timedelta(days=days))
        for outcome, days in (("passed", 5), ("failed", 7))
    )
    second = make(AssessmentMarked(attempt=2, outcome="passed"), MARKED + timedelta(days=3))

    assert judged("completed", *RETAINED, passed, taken_back, second).declaration_date == second.time


def test_work_handed_in_after_the_mark_is_no_evidence_of_it() -> None:
    """The second attempt's work does not stand beside the first one's failure."""
    failed = make(AssessmentMarked(attempt=1, outcome="failed"), MARKED)
    again = make(AssessmentSubmitted(component="case-study", attempt=2), MARKED + timedelta(days=5))

    assert [each.what for each in judged("completed", *RETAINED, failed, again).evidence] == ["failed"]


def test_without_an_outcome_nobody_completes() -> None:
    """Work that was handed in and not marked is no outcome."""
    work = make(AssessmentSubmitted(component="case-study"), MARKED)
    declared = judged("completed", *RETAINED, work)

    assert (codes(declared), declared.has_passed, declared.declaration_date) == (["outcome-missing"], None, None)


@pytest.mark.parametrize(
    ("marked", "warnings"),
    [
        (datetime(2026, 2, 21, 23, 59, 59, tzinfo=UTC), []),
        (datetime(2026, 2, 22, tzinfo=UTC), ["after-deadline"]),
        (datetime(2025, 5, 1, tzinfo=UTC), []),
    ],
    ids=["last moment", "after it", "before the window"],
)
def test_an_outcome_is_ready_whenever_it_came(marked: datetime, warnings: list[str]) -> None:
    """The deadline of completion decides on payment only."""
    mark = make(AssessmentMarked(attempt=1, outcome="passed"), marked)
    declared = judged("completed", *RETAINED, mark, day=date(2026, 3, 1))

    assert (declared.ready, codes(declared)) == (True, warnings)


def test_an_outcome_after_a_withdrawal_is_none() -> None:
    """Whoever left before the mark has no completion to declare."""
    declared = judged("completed", *RETAINED, withdrawn(date(2025, 3, 1)), MARK)

    assert (codes(declared), declared.has_passed) == (["withdrawn"], None)


COACHING = SMALL.plan(EHCO, "2024-autumn").programme.components


def test_coaching_completes_without_an_outcome_once_all_is_done() -> None:
    """DfE knows no pass or fail of the coaching offer: `has_passed` stays away."""
    facts = [joined(EHCO), *(completed(each.id, INDUCTION + timedelta(days=7 * n)) for n, each in enumerate(COACHING))]
    in_time = date(2025, 9, 1)
    unfinished, finished = (judged("completed", *some, day=in_time) for some in (facts[:-1], facts))

    assert codes(unfinished) == ["outcome-missing", "no-published-dates"]
    assert (finished.ready, finished.has_passed) == (True, None)
    assert (len(finished.evidence), finished.declaration_date) == (len(COACHING), facts[-1].time)


def test_without_published_dates_everything_counts_and_a_warning_says_so() -> None:
    """DfE publishes no dates of the coaching offer: a start looks from the enrolment on, the others after the start."""
    started, retained, *_ = all_types([joined(EHCO), completed("induction", INDUCTION)]).values()

    assert (started.ready, started.deadline, started.payment) == (True, None, None)
    assert (started.window_start, codes(started)) == (date(2024, 9, 20), ["no-published-dates"])
    assert codes(retained) == ["no-evidence", "no-published-dates"]
    assert retained.window_start == INDUCTION.date() + timedelta(days=1)


def test_without_published_dates_a_retention_is_dated_by_the_latest_engagement() -> None:
    """An intake of which DfE has published nothing yet, on a course that has dates in others."""
    autumn = datetime(2025, 10, 7, tzinfo=UTC)
    facts = [
        joined(time=autumn - timedelta(days=30), intake="2025-autumn"),
        completed("induction", autumn),
        *(completed(f"course-1/module-{part}", autumn + timedelta(days=days)) for part, days in PARTS),
    ]
    retained = judged("retained-1", *facts)

    assert (retained.ready, retained.declaration_date) == (True, autumn + timedelta(days=14))
    assert "2025-autumn" in retained.blockers[0].sentence


PARTS = (("1-study", 7), ("2-apply", 14))


@pytest.mark.parametrize(("day", "expected"), [(date(2025, 10, 6), False), (date(2025, 10, 7), True)])
def test_without_published_dates_completion_is_expected_after_the_programmes_own_deadline(
    day: date, expected: bool
) -> None:
    """Nobody knows DfE's date, so the last day on which the programme can be done decides: 6 October 2025."""
    facts = [joined(EHCO), *(completed(each.id, INDUCTION + timedelta(days=7 * n)) for n, each in enumerate(COACHING))]

    assert judged("completed", *facts[:4], day=day).expected is expected


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
