"""Every fact that can stand on the log: what happened, in the past tense, and nothing else.

Each class is the `data` of one event type; `type` on the wire is written beside it in `FACT_TYPES`. A fact carries
codes and random ids only: no names, no addresses, no free text. A published version is never edited; a new version
gets a new class and the old one learns to `upcast` itself.
"""

from datetime import date
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from learning.codes import DeferralReason, Outcome, ScheduleIdentifier, WithdrawalReason

YEARS: Final = range(2000, 2100)
"""The years in which anything can happen; other dates are slips of a clock or of a column."""

Identifier = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/+-]*\Z")]
"""A code or random id: letters, digits and `. _ : / + -`, at most 128 of them; so no name and no email address."""

Attempt = Annotated[int, Meta(ge=1, le=9)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


def _check_years(**days: date | None) -> None:
    for name, day in days.items():
        if day is not None and day.year not in YEARS:
            raise ValueError(f"{name} lies between the years {YEARS.start} and {YEARS.stop}")


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What one type of fact says; the envelope around it says whose, when and from whom."""

    TYPE: ClassVar[str]


class Enrolled(Data, frozen=True, gc=False):
    """A participant was accepted onto a programme, in an intake, with a lead provider and a delivery partner."""

    TYPE: ClassVar[str] = "learning.enrolled.v1"
    participant: Identifier
    programme: Identifier
    intake: Identifier
    provider: Identifier
    partner: Identifier
    cohort: Identifier | None = None
    """DfE's cohort: the call-off contract that funds the place, such as `2025a`."""
    schedule: ScheduleIdentifier | None = None


class ComponentCompleted(Data, frozen=True, gc=False):
    """A component that is studied (a module, an induction, a practice task) was finished."""

    TYPE: ClassVar[str] = "learning.component-completed.v1"
    component: Identifier


class AttendanceRecorded(Data, frozen=True, gc=False):
    """A register says whether the participant was at a live session, or caught up on it afterwards.

    `time` of the envelope is when the session took place (or when it was caught up on). A corrected register is the
    same session recorded again: the later record counts.
    """

    TYPE: ClassVar[str] = "learning.attendance-recorded.v1"
    component: Identifier
    attendance: Literal["attended", "absent", "caught-up"]


class ComponentReopened(Data, frozen=True, gc=False):
    """A completion was taken back: the component is to be done again."""

    TYPE: ClassVar[str] = "learning.component-reopened.v1"
    component: Identifier
    reason: Literal["recorded-in-error", "standard-not-met", "other"] = "other"


class ActivitySeen(Data, frozen=True, gc=False):
    """The participant was seen at work (a visit to the learning platform), without completing anything."""

    TYPE: ClassVar[str] = "learning.activity-seen.v1"
    resource: Identifier | None = None
    clicks: Count | None = None


class AssessmentEntered(Data, frozen=True, gc=False):
    """The participant was entered for an assessment attempt, whose window opens and closes on these days."""

    TYPE: ClassVar[str] = "learning.assessment-entered.v1"
    attempt: Attempt
    opens: date
    closes: date

    def __post_init__(self) -> None:
        """Refuse a window outside the years there are."""
        _check_years(opens=self.opens, closes=self.closes)


class AssessmentSubmitted(Data, frozen=True, gc=False):
    """Work was handed in for an assessed component."""

    TYPE: ClassVar[str] = "learning.assessment-submitted.v1"
    component: Identifier
    attempt: Attempt = 1
    banked: bool = False
    """Carried over from an earlier registration: it counts as done, but says nothing of when the person was active."""
    score: Ratio | None = None


class AssessmentMarked(Data, frozen=True, gc=False):
    """An assessment attempt was marked; the outcome is the one reported to DfE."""

    TYPE: ClassVar[str] = "learning.assessment-marked.v1"
    attempt: Attempt
    outcome: Outcome


class ExtenuatingCircumstancesGranted(Data, frozen=True, gc=False):
    """The lead provider accepted that an attempt could not be made: it is not lost."""

    TYPE: ClassVar[str] = "learning.extenuating-circumstances-granted.v1"
    attempt: Attempt


class DeferralRequested(Data, frozen=True, gc=False):
    """The participant asked to pause. Asked before the deadline, no attempt is lost by missing the gate."""

    TYPE: ClassVar[str] = "learning.deferral-requested.v1"
    reason: DeferralReason


class Deferred(Data, frozen=True, gc=False):
    """The pause was granted."""

    TYPE: ClassVar[str] = "learning.deferred.v1"
    reason: DeferralReason
    expected_return: date | None = None
    granted_by: Identifier | None = None

    def __post_init__(self) -> None:
        """Refuse a return outside the years there are."""
        _check_years(expected_return=self.expected_return)


class Resumed(Data, frozen=True, gc=False):
    """The participant came back, from a deferral or from a withdrawal."""

    TYPE: ClassVar[str] = "learning.resumed.v1"


class WithdrawalRecommended(Data, frozen=True, gc=False):
    """A named member of staff recommended withdrawal; nothing changes until the delivery partner signs it off."""

    TYPE: ClassVar[str] = "learning.withdrawal-recommended.v1"
    reason: WithdrawalReason
    by: Identifier


class Withdrawn(Data, frozen=True, gc=False):
    """The delivery partner signed the withdrawal off. It holds from its effective date, not from the call."""

    TYPE: ClassVar[str] = "learning.withdrawn.v1"
    reason: WithdrawalReason
    effective: date
    signed_off_by: Identifier

    def __post_init__(self) -> None:
        """Refuse an effective date outside the years there are."""
        _check_years(effective=self.effective)


class Transferred(Data, frozen=True, gc=False):
    """The enrolment moved to another delivery partner, intake, schedule, cohort or lead provider; blank: as before."""

    TYPE: ClassVar[str] = "learning.transferred.v1"
    partner: Identifier | None = None
    intake: Identifier | None = None
    schedule: ScheduleIdentifier | None = None
    cohort: Identifier | None = None
    provider: Identifier | None = None

    def __post_init__(self) -> None:
        """Refuse a transfer that moves nothing."""
        if not any((self.partner, self.intake, self.schedule, self.cohort, self.provider)):
            raise ValueError("a transfer names at least one of partner, intake, schedule, cohort, provider")


class ParticipantMerged(Data, frozen=True, gc=False):
    """The participant's id was retired and replaced (DfE's `participant_id_changes`); this enrolment goes with it."""

    TYPE: ClassVar[str] = "learning.participant-merged.v1"
    retired: Identifier
    into: Identifier


class ContactMade(Data, frozen=True, gc=False):
    """A named member of staff tried to reach the participant."""

    TYPE: ClassVar[str] = "learning.contact-made.v1"
    channel: Literal["email", "phone", "message", "video-call", "in-person", "letter"]
    outcome: Literal["reached", "message-left", "no-answer"]
    by: Identifier


class FlagAcknowledged(Data, frozen=True, gc=False):
    """A named member of staff has seen the flag of an enrolment and takes care of it."""

    TYPE: ClassVar[str] = "learning.flag-acknowledged.v1"
    by: Identifier


class ImprovementSeen(Data, frozen=True, gc=False):
    """A named member of staff sees a flagged participant improving; the flag stays until its reasons are gone."""

    TYPE: ClassVar[str] = "learning.improvement-seen.v1"
    by: Identifier


class WithdrawalObjected(Data, frozen=True, gc=False):
    """The delivery partner does not agree with a recommended withdrawal; the participant goes on."""

    TYPE: ClassVar[str] = "learning.withdrawal-objected.v1"
    reason: Literal["still-taking-part", "deferral-preferred", "recommended-in-error", "other"]
    by: Identifier


class AlertSent(Data, frozen=True, gc=False):
    """Somebody was told of the flag of an enrolment, or of its recommended withdrawal: a message has been accepted."""

    TYPE: ClassVar[str] = "learning.alert-sent.v1"
    alert: Identifier
    """The same for all that is sent about one alert."""
    notice: Identifier
    """The message, which may tell of many alerts."""
    step: Literal["first", "reminder", "escalation", "resolved"]
    channel: Literal["email", "webhook", "chat"]
    to: Identifier
    """The contact or endpoint, by its id in the registry."""


class AlertsMuted(Data, frozen=True, gc=False):
    """A named member of staff wants no alerts about this enrolment for a while; its flags are raised as before."""

    TYPE: ClassVar[str] = "learning.alerts-muted.v1"
    by: Identifier
    until: date
    """The last day without alerts (UK); a day that has passed ends an earlier mute."""

    def __post_init__(self) -> None:
        """Refuse a day outside the years there are."""
        _check_years(until=self.until)


class ParticipantErased(Data, frozen=True, gc=False):
    """The participant's personal data were erased: the enrolment counts in totals and is shown to nobody.

    It holds from where it stands on the log, whatever its time, and nothing that comes later takes it back.
    """

    TYPE: ClassVar[str] = "learning.participant-erased.v1"
    by: Identifier


class DayStarted(Data, frozen=True, gc=False):
    """A day began, in UK time. Time reaches the pipeline as a fact, so that silence is noticed and replays agree."""

    TYPE: ClassVar[str] = "learning.day-started.v1"
    day: date

    def __post_init__(self) -> None:
        """Refuse a day outside the years there are: the latest day started is the day everybody is measured on."""
        _check_years(day=self.day)


Happening = (
    Enrolled
    | AssessmentEntered
    | AssessmentSubmitted
    | AssessmentMarked
    | ExtenuatingCircumstancesGranted
    | DeferralRequested
    | Deferred
    | Resumed
    | WithdrawalRecommended
    | Withdrawn
    | Transferred
    | ParticipantMerged
    | ContactMade
    | FlagAcknowledged
    | ImprovementSeen
    | WithdrawalObjected
    | AlertSent
    | AlertsMuted
)
"""Facts of an enrolment's life: few, and each kept whole in its state."""

ComponentFact = ComponentCompleted | AttendanceRecorded | ComponentReopened

AnyData = Happening | ComponentFact | ActivitySeen | ParticipantErased | DayStarted
