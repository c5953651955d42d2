"""What actions say, and what is answered to them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dashboard.api.models import Told
from learning.codes import DeferralReason, WithdrawalReason
from learning.facts import YEARS

Day = Annotated[date, Field(ge=date(YEARS.start, 1, 1), lt=date(YEARS.stop, 1, 1))]


class Said(BaseModel):
    """What an action says; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class Contact(Said):
    """How somebody tried to reach a participant."""

    channel: Literal["email", "phone", "message", "video-call", "in-person", "letter"]
    """How."""
    outcome: Literal["reached", "message-left", "no-answer"]
    """What came of it."""


class RequestedDeferral(Said):
    """That a participant asks to pause."""

    reason: DeferralReason
    """DfE's code of the reason."""


class Deferral(RequestedDeferral):
    """That a pause is granted."""

    expected_return: Day | None = None
    """When the participant wants to come back."""


class WithdrawalReasonGiven(Said):
    """Why somebody is to be withdrawn."""

    reason: WithdrawalReason
    """DfE's code of the reason, exactly; one of them ends in a full stop."""


class SignOff(WithdrawalReasonGiven):
    """That a withdrawal is signed off."""

    effective: Day
    """The day from which it holds."""


class Objection(Said):
    """Why a delivery partner does not agree with a recommended withdrawal."""

    reason: Literal["still-taking-part", "deferral-preferred", "recommended-in-error", "other"]
    """A code of ours; DfE is not told of objections."""


class Mute(Said):
    """For how long somebody wants no alerts about an enrolment."""

    until: Day
    """The last day (UK) without alerts: today, which ends a mute, or at most 60 days ahead."""


class Noted(Told):
    """The fact that an action became. What it changes shows once it has been processed."""

    id: str
    """The id of the fact."""
    type: str
    """The event type."""
    enrolment: str
    """The enrolment."""
    time: datetime
    """When it was noted."""
    data: dict[str, Any]
    """What the fact says."""
