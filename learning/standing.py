"""Where an enrolment stands by the facts of its life: with whom, on which programme, and whether it is studied now."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from learning.calendar import uk_day
from learning.facts import (
    AlertsMuted,
    ContactMade,
    Data,
    Deferred,
    Enrolled,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.progress import Noted, State

Status = Literal["active", "deferred", "withdrawn", "completed"]

Withdrawal = Literal["recommended", "objected", "signed-off"]
"""The last word between lead provider and delivery partner on leaving; only a sign-off changes the status."""


class Standing(Struct, kw_only=True):
    """What the facts of its life say of an enrolment, the latest word on each matter.

    Transfers and merges stand on the enrolment whenever it was last sent: sending it again does not undo them.
    """

    enrolled_on: date
    participant: str
    programme: str
    intake: str
    provider: str
    partner: str
    cohort: str | None = None
    schedule: str | None = None
    status: Status = "active"
    since: date | None = None
    """The day from which a status other than active holds."""
    reason: str | None = None
    """DfE's reason code of the deferral or withdrawal."""
    withdrawal: Withdrawal | None = None
    withdrawal_at: datetime | None = None
    """When that was said."""
    contacted_at: datetime | None = None
    muted_until: date | None = None
    """The last day (UK) without alerts, by what was asked for last; it may have passed."""
    erased: bool = False
    """Whether personal data of the participant were erased: it counts, and is shown to nobody."""

    @property
    def withdrawal_recommended(self) -> bool:
        """A withdrawal was recommended, and the partner has neither signed it off nor objected yet."""
        return self.withdrawal == "recommended"


def standing(state: State, day: date | None) -> Standing | None:
    """The latest word on each matter as `day` begins; None while it is not known that the person was enrolled."""
    enrolments = [noted for noted in state.life if isinstance(noted.data, Enrolled)]
    if not enrolments:
        return None
    now = _enrolled(enrolments[-1].data, uk_day(enrolments[0].time))
    now.erased = state.erased is not None
    for noted in state.life:
        _apply(now, noted.data, noted.time, day)
    return now


def _enrolled(data: Any, on: date) -> Standing:
    return Standing(
        enrolled_on=on,
        participant=data.participant,
        programme=data.programme,
        intake=data.intake,
        provider=data.provider,
        partner=data.partner,
        cohort=data.cohort,
        schedule=data.schedule,
    )


def _apply(now: Standing, data: Data, when: datetime, day: date | None) -> None:
    match data:
        case Transferred():
            for matter in ("partner", "intake", "schedule", "cohort", "provider"):
                setattr(now, matter, getattr(data, matter) or getattr(now, matter))
        case ParticipantMerged(into=into):
            now.participant = into
        case Deferred(reason=reason):
            now.status, now.since, now.reason = "deferred", uk_day(when), reason
        case ContactMade():
            now.contacted_at = when
        case AlertsMuted(until=until):
            now.muted_until = until
        case _:
            _apply_leaving(now, data, when, day)


def _apply_leaving(now: Standing, data: Data, when: datetime, day: date | None) -> None:
    match data:
        case Withdrawn(reason=reason, effective=effective):
            now.withdrawal, now.withdrawal_at = "signed-off", when
            if day is None or effective <= day:
                now.status, now.since, now.reason = "withdrawn", effective, reason
        case Resumed():
            now.status, now.since, now.reason = "active", None, None
            now.withdrawal = now.withdrawal_at = None
        case WithdrawalRecommended():
            now.withdrawal, now.withdrawal_at = "recommended", when
        case WithdrawalObjected():
            now.withdrawal, now.withdrawal_at = "objected", when


def start_days(life: Iterable[Noted], enrolled_on: date) -> list[date]:
    """The days on which an enrolment began to follow its plan: enrolled, come back, or moved to another intake."""
    said: Iterable[tuple[datetime, Any]] = ((noted.time, noted.data) for noted in life)
    later = (
        uk_day(when)
        for when, data in said
        if isinstance(data, Resumed) or (isinstance(data, Transferred) and data.intake is not None)
    )
    return sorted({enrolled_on, *later})
