"""One example of every type of fact, for the reference page; they tell the story of one enrolment."""

from datetime import UTC, date, datetime

from learning.events import Fact, fact
from learning.facts import (
    ActivitySeen,
    AlertSent,
    AlertsMuted,
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentCompleted,
    ComponentReopened,
    ContactMade,
    Data,
    DayStarted,
    DeferralRequested,
    Deferred,
    Enrolled,
    ExtenuatingCircumstancesGranted,
    FlagAcknowledged,
    ImprovementSeen,
    ParticipantErased,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)

_HAPPENED = datetime(2025, 11, 12, 16, 30, tzinfo=UTC)
_PARTICIPANT = "9f0c3c1e-6a63-4b39-9d5c-0d2b5a7f4f10"

_DATA: tuple[Data, ...] = (
    Enrolled(
        participant=_PARTICIPANT,
        programme="ambition-2024/npqsl",
        intake="2025-autumn",
        provider="provider-1",
        partner="partner-07",
        cohort="2025b",
        schedule="npq-leadership-autumn",
    ),
    ComponentCompleted(component="course-1/module-1-study"),
    AttendanceRecorded(component="clinic-1", attendance="caught-up"),
    ComponentReopened(component="course-1/module-1-study", reason="recorded-in-error"),
    ActivitySeen(resource="course-1", clicks=14),
    AssessmentEntered(attempt=1, opens=date(2027, 4, 12), closes=date(2027, 4, 20)),
    AssessmentSubmitted(component="case-study", attempt=1, score=0.72),
    AssessmentMarked(attempt=1, outcome="passed"),
    ExtenuatingCircumstancesGranted(attempt=1),
    DeferralRequested(reason="parental-leave"),
    Deferred(reason="parental-leave", expected_return=date(2026, 9, 7), granted_by="staff-12"),
    Resumed(),
    WithdrawalRecommended(reason="disengaged-and-unresponsive", by="staff-12"),
    Withdrawn(reason="change-in-career", effective=date(2026, 3, 2), signed_off_by="partner-07"),
    Transferred(partner="partner-03", intake="2026-autumn"),
    ParticipantMerged(retired="0b1d7a52-1c0e-4a55-8a3f-6a0f3f1f2d77", into=_PARTICIPANT),
    ContactMade(channel="phone", outcome="reached", by="staff-12"),
    FlagAcknowledged(by="staff-12"),
    ImprovementSeen(by="staff-12"),
    WithdrawalObjected(reason="deferral-preferred", by="partner-07/adviser-3"),
    AlertSent(
        alert="e-2025-000417/2025-11-12",
        notice="msg_7d1f0c5a9be24c3f",
        step="first",
        channel="email",
        to="contact-0000000003",
    ),
    AlertsMuted(by="partner-07/adviser-3", until=date(2025, 12, 3)),
    ParticipantErased(by="command-line"),
    DayStarted(day=date(2025, 11, 12)),
)


def _example(data: Data, number: int) -> Fact:
    of_the_calendar = isinstance(data, DayStarted)
    return fact(
        data,
        id=f"01939f5e-7c00-7000-8000-{number:012}",
        source="/engagement/day-clock" if of_the_calendar else "/learning-platform",
        subject="calendar" if of_the_calendar else "e-2025-000417",
        time=datetime(2025, 11, 12, tzinfo=UTC) if of_the_calendar else _HAPPENED,
        partitionkey="calendar" if of_the_calendar else _PARTICIPANT,
    )


EXAMPLES: dict[str, Fact] = {data.TYPE: _example(data, number) for number, data in enumerate(_DATA, 1)}
"""An example by event type."""
