"""Where an enrolment stands: status with its day and reason, partner, intake, participant, last contact."""

from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import (
    AlertsMuted,
    AssessmentMarked,
    AssessmentSubmitted,
    ContactMade,
    Deferred,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.standing import Standing
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.courses import measured

LATER = date(2026, 9, 1)
EFFECTIVE = date(2025, 11, 1)

DEFERRED = make(Deferred(reason="parental-leave"), at(20))
RESUMED = make(Resumed(), at(60))
RECOMMENDED = make(WithdrawalRecommended(reason="disengaged-and-unresponsive", by="staff-1"), at(40))
OBJECTED = make(WithdrawalObjected(reason="still-taking-part", by="partner-1"), at(43))
WITHDRAWN = make(Withdrawn(reason="change-in-career", effective=EFFECTIVE, signed_off_by="partner-1"), at(45))


def standing(*facts: Fact, day: date | None = LATER, programme: str = "small/course") -> Standing:
    """Where somebody stands of whom these facts are known beside the enrolment."""
    return measured([enrolled(programme=programme), *facts], day).standing


def state_of(now: Standing) -> tuple[str, date | None, str | None]:
    """Status, since when, and why."""
    return (now.status, now.since, now.reason)


def everything(day: float) -> list[Fact]:
    """All of the course, done on one day."""
    return [completed(component, at(day)) for component in COMPONENTS]


def test_an_enrolment_is_active_from_the_start() -> None:
    """Who was enrolled is active, without a day or a reason, as what the enrolment says."""
    now = standing()

    assert state_of(now) == ("active", None, None)
    assert (now.participant, now.programme, now.intake) == ("p-1", "small/course", "autumn")
    assert (now.provider, now.partner, now.enrolled_on) == ("provider-1", "partner-1", date(2025, 9, 8))


def test_a_deferral_holds_until_the_return() -> None:
    """Deferred with its day and reason; resumed, active without any."""
    assert state_of(standing(DEFERRED)) == ("deferred", at(20).date(), "parental-leave")
    assert state_of(standing(DEFERRED, RESUMED)) == ("active", None, None)


def test_a_return_recorded_late_does_not_end_the_next_deferral() -> None:
    """What happened first counts first, whatever became known last."""
    again = make(Deferred(reason="other"), at(70))
    late = make(Resumed(), at(60), recordedtime=at(100))

    assert state_of(standing(DEFERRED, again, late)) == ("deferred", at(70).date(), "other")


@pytest.mark.parametrize(
    ("day", "status"), [(date(2025, 10, 31), "active"), (EFFECTIVE, "withdrawn"), (None, "withdrawn")]
)
def test_a_withdrawal_holds_from_its_effective_day(day: date | None, status: str) -> None:
    """Signed off ahead of time it waits for its day; while no day is known, it is believed."""
    assert standing(WITHDRAWN, day=day).status == status


def test_a_withdrawal_is_dated_by_its_effective_day_not_by_the_call() -> None:
    """Signed off weeks after the person left, it holds from the day on which they left."""
    left = make(Withdrawn(reason="other", effective=date(2025, 9, 20), signed_off_by="partner-1"), at(45))

    assert state_of(standing(DEFERRED, left)) == ("withdrawn", date(2025, 9, 20), "other")


def test_who_withdrew_can_come_back() -> None:
    """Resumed after a withdrawal: active again."""
    assert state_of(standing(WITHDRAWN, RESUMED)) == ("active", None, None)


def test_a_recommendation_changes_nothing_but_is_seen() -> None:
    """Until the partner signs it off, a recommended withdrawal leaves the enrolment active."""
    now = standing(RECOMMENDED)

    assert (now.status, now.withdrawal_recommended) == ("active", True)


@pytest.mark.parametrize(
    ("answer", "word"),
    [(WITHDRAWN, "signed-off"), (RESUMED, None), (OBJECTED, "objected")],
    ids=lambda each: str(each)[:8],
)
def test_a_recommendation_is_answered_by_a_withdrawal_a_return_or_an_objection(answer: Fact, word: str | None) -> None:
    """Signed off, back at work, or not agreed with: nothing is recommended any more; the answer is the last word."""
    now = standing(RECOMMENDED, answer)

    assert (now.withdrawal, now.withdrawal_recommended) == (word, False)
    assert now.withdrawal_at == (answer.time if word else None)


def test_who_was_objected_to_can_be_recommended_again() -> None:
    """The latest word counts, whatever became known last; an objection leaves the enrolment active."""
    again = make(WithdrawalRecommended(reason="other", by="staff-1"), at(50))
    now = standing(again, OBJECTED, RECOMMENDED)

    assert (now.status, now.withdrawal, now.withdrawal_at) == ("active", "recommended", at(50))
    assert standing(OBJECTED, RECOMMENDED).status == "active"


def test_the_mute_that_was_asked_for_last_holds() -> None:
    """A shorter one asked for later ends the longer one before it."""
    longer = make(AlertsMuted(by="staff-1", until=date(2025, 12, 1)), at(30))
    shorter = make(AlertsMuted(by="staff-2", until=date(2025, 10, 12)), at(33))

    assert standing(shorter, longer).muted_until == date(2025, 10, 12)
    assert standing().muted_until is None


def test_a_withdrawal_signed_off_for_a_later_day_is_no_longer_recommended() -> None:
    """It waits for its day, but not for the partner."""
    now = standing(RECOMMENDED, WITHDRAWN, day=date(2025, 10, 31))

    assert (now.status, now.withdrawal_recommended) == ("active", False)


def test_a_transfer_moves_what_it_names() -> None:
    """Partner, intake, schedule, cohort and provider move; what a transfer leaves blank stays."""
    moved = make(Transferred(partner="partner-2", intake="spring", cohort="2026a"), at(30))
    again = make(Transferred(provider="provider-2", schedule="npq-leadership-spring"), at(31))

    now = standing(moved, again)

    assert (now.partner, now.intake, now.cohort) == ("partner-2", "spring", "2026a")
    assert (now.provider, now.schedule) == ("provider-2", "npq-leadership-spring")


def test_a_transfer_to_another_intake_moves_the_plan() -> None:
    """The deadline is that of the new intake; what was done stays done."""
    facts = [enrolled(), completed("module-1", at(1)), make(Transferred(intake="spring"), at(30))]
    progress = measured(facts, date(2026, 1, 12))

    assert progress.deadline == date(2026, 7, 4)
    assert (progress.points, progress.expected_points, progress.lag_weeks) == (1, 1, 0)


def test_a_merged_participant_goes_by_the_new_id() -> None:
    """Merged twice: the id that came last."""
    merges = [make(ParticipantMerged(retired=f"p-{n}", into=f"p-{n + 1}"), at(10 * n)) for n in (1, 2)]

    assert standing(*merges).participant == "p-3"


def test_the_last_contact_is_remembered() -> None:
    """When somebody last tried to reach the person, reached or not."""
    contacts = [make(ContactMade(channel="email", outcome="no-answer", by="staff-1"), at(day)) for day in (9, 4)]

    assert standing(*contacts).contacted_at == at(9)


def test_the_day_of_enrolment_is_the_first_one_told_in_uk_time() -> None:
    """Enrolled again with better data, the person is enrolled since the first time."""
    evening = datetime(2025, 9, 1, 23, 30, tzinfo=UTC)
    now = measured([enrolled(partner="partner-9", time=at(3)), enrolled(evening)]).standing

    assert (now.enrolled_on, now.partner) == (date(2025, 9, 2), "partner-9")


@pytest.mark.parametrize(
    ("outcomes", "status"), [(["passed"], "completed"), (["failed"], "active"), (["failed", "failed"], "completed")]
)
def test_an_assessed_programme_is_completed_when_its_assessment_is_decided(outcomes: list[str], status: str) -> None:
    """Passed, or failed for the last time; all components done alone is not enough."""
    facts = everything(50)
    for attempt, outcome in enumerate(outcomes, 1):
        facts.append(make(AssessmentSubmitted(component="case-study", attempt=attempt), at(200 + attempt)))
        facts.append(make(AssessmentMarked(attempt=attempt, outcome=outcome), at(230 + attempt)))  # type: ignore[arg-type]

    now = standing(*facts)

    assert now.status == status
    assert now.since == (at(230 + len(outcomes)).date() if status == "completed" else None)
    assert standing(*everything(50)).status == "active"


def test_a_withdrawal_outweighs_a_completion() -> None:
    """Who withdrew stays withdrawn, whatever was passed."""
    passed = make(AssessmentMarked(attempt=1, outcome="passed"), at(230))

    assert standing(*everything(50), passed, WITHDRAWN).status == "withdrawn"


def test_without_an_assessment_everything_done_is_completed() -> None:
    """Completed on the day of the last component that counts, whatever else is done afterwards."""
    later = completed("elsewhere", at(90))

    assert state_of(standing(*everything(50), later, programme="rules/open")) == ("completed", at(50).date(), None)


@pytest.mark.parametrize(
    ("ninth", "day", "expected"),
    [
        (50, date(2026, 3, 7), ("active", None, None)),
        (50, date(2026, 3, 8), ("completed", date(2026, 3, 7), None)),
        (200, date(2026, 3, 8), ("completed", at(200).date(), None)),
        (None, LATER, ("active", None, None)),
    ],
)
def test_without_an_assessment_the_gate_is_enough_when_the_deadline_is_over(
    ninth: float | None, day: date, expected: tuple[str, date | None, str | None]
) -> None:
    """Completed as of the deadline, or of the later day on which the gate was reached; short of the gate, never."""
    facts = [completed(component, at(50)) for component in COMPONENTS[:8]]
    facts += [] if ninth is None else [completed("clinic-1", at(ninth))]

    assert state_of(standing(*facts, day=day, programme="rules/open")) == expected


def test_without_an_assessment_there_are_no_attempts() -> None:
    """Neither attempts left nor an outcome is measured, even when a mark is on record."""
    progress = measured([enrolled(programme="rules/open"), make(AssessmentMarked(attempt=1, outcome="failed"))], LATER)

    assert (progress.attempts_left, progress.outcome) == (None, None)
