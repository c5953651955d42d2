"""What programs do about an enrolment for their account: each action becomes a fact, as on the pages."""

import secrets
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from dashboard.acting import DEEDS, put
from dashboard.api.action_models import (
    Contact,
    Deferral,
    Mute,
    Noted,
    Objection,
    RequestedDeferral,
    SignOff,
    WithdrawalReasonGiven,
)
from dashboard.api.addresses import EnrolmentId
from dashboard.api.answering import answer
from dashboard.api.finding import enrolment_row
from dashboard.problems import ConflictError
from dashboard.reading import Rows
from dashboard.rules import Acting, PartnerOnly, Staff
from dashboard.visitors import Visitor, parts_of
from learning.events import Fact
from learning.facts import (
    AlertsMuted,
    ContactMade,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    Resumed,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from producers import actions as doing

router = APIRouter(tags=["Actions"], prefix="/enrolments/{enrolment}/actions")

SOURCE: Final = "/engagement/api"

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Any text of your own, another one for each action: sent again, nothing is done twice.",
        pattern=r"^[A-Za-z0-9._:-]{1,100}$",
    ),
]


class About(NamedTuple):
    """What every action is asked with."""

    request: Request
    enrolment: str
    rows: Connection
    key: str | None


def _about(request: Request, enrolment: EnrolmentId, rows: Rows, key: Key = None) -> About:
    return About(request, enrolment, rows, key)


Asked = Annotated[About, Depends(_about)]

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Noted, "description": "It was noted before, under the same key."},
    409: {"description": "It does not fit where the enrolment stands, or the key was used for something else."},
}
SAYS: Final[dict[str, Any]] = {
    "response_model": Noted,
    "status_code": HTTPStatus.CREATED,
    "responses": _ANSWERS,
}
_NOTED_AS: Final = {deed.kind: deed.noted for deed in DEEDS.values()}


@router.post("/acknowledge", summary="Acknowledge a flag", **SAYS)
def acknowledge(about: Asked, visitor: Acting) -> Response:
    """The account has seen the flag and takes care of it."""
    return _do(about, visitor, FlagAcknowledged(by=visitor.account.id))


@router.post("/contact", summary="Note a contact", **SAYS)
def contact(about: Asked, said: Contact, visitor: Acting) -> Response:
    """Somebody tried to reach the participant."""
    data = ContactMade(channel=said.channel, outcome=said.outcome, by=visitor.account.id)
    return _do(about, visitor, data)


@router.post("/improving", summary="Note an improvement", **SAYS)
def improving(about: Asked, visitor: Acting) -> Response:
    """The participant improves; the flag stays until its reasons are gone."""
    return _do(about, visitor, ImprovementSeen(by=visitor.account.id))


@router.post("/request-deferral", summary="Ask for a deferral", **SAYS)
def request_deferral(about: Asked, said: RequestedDeferral, visitor: Acting) -> Response:
    """The participant asked to pause."""
    return _do(about, visitor, DeferralRequested(reason=said.reason))


@router.post("/approve-deferral", summary="Approve a deferral", **SAYS)
def approve_deferral(about: Asked, said: Deferral, visitor: Staff) -> Response:
    """The pause is granted: the enrolment has no flag until the participant comes back."""
    data = Deferred(reason=said.reason, expected_return=said.expected_return, granted_by=visitor.account.id)
    return _do(about, visitor, data)


@router.post("/recommend-withdrawal", summary="Recommend a withdrawal", **SAYS)
def recommend_withdrawal(about: Asked, said: WithdrawalReasonGiven, visitor: Acting) -> Response:
    """Nothing changes until the delivery partner signs it off."""
    data = WithdrawalRecommended(reason=said.reason, by=visitor.account.id)
    return _do(about, visitor, data)


@router.post("/sign-off", summary="Sign a withdrawal off", **SAYS)
def sign_off(about: Asked, said: SignOff, visitor: PartnerOnly) -> Response:
    """The enrolment is withdrawn from the effective date on; only its delivery partner can do this."""
    data = Withdrawn(reason=said.reason, effective=said.effective, signed_off_by=visitor.account.id)
    return _do(about, visitor, data)


@router.post("/object", summary="Object to a recommended withdrawal", **SAYS)
def object_to_withdrawal(about: Asked, said: Objection, visitor: PartnerOnly) -> Response:
    """The participant goes on, and the lead provider sees why; only its delivery partner can do this."""
    return _do(about, visitor, WithdrawalObjected(reason=said.reason, by=visitor.account.id))


@router.post("/mute", summary="Mute alerts", **SAYS)
def mute(about: Asked, said: Mute, visitor: Acting) -> Response:
    """No alerts are sent about the enrolment until the end of a day; its flags are raised as before."""
    return _do(about, visitor, AlertsMuted(by=visitor.account.id, until=said.until))


@router.post("/resume", summary="Note a return", **SAYS)
def resume(about: Asked, visitor: Acting) -> Response:
    """The participant came back from a deferral or a withdrawal."""
    return _do(about, visitor, Resumed())


def _do(about: About, visitor: Visitor, action: doing.Action) -> Response:
    """Put the fact on the log; what it changes shows once the worker has folded it."""
    request, enrolment = about.request, about.enrolment
    enrolment_row(about.rows, visitor, enrolment)
    made = _fact(about, visitor, action)
    clash = "This Idempotency-Key was used for another action; choose another one."
    there = put(request, visitor, made, _NOTED_AS[type(action)], clash)
    told = there or made
    said = Noted(id=told.id, type=told.type, enrolment=enrolment, time=told.time, data=msgspec.to_builtins(told.data))
    return answer(request, said, status=HTTPStatus.CREATED if there is None else HTTPStatus.OK)


def _fact(about: About, visitor: Visitor, action: doing.Action) -> Fact:
    """Under the account's key, if there is one: keys of one account say nothing about those of another."""
    make = doing.Actions(SOURCE, now=parts_of(about.request).now, unique=lambda: secrets.token_hex(8))
    try:
        made = make.fact(about.rows, about.enrolment, action)
    except doing.ActionError as error:
        raise ConflictError(f"{error}.") from error
    return made if about.key is None else msgspec.structs.replace(made, id=f"{visitor.account.id}/{about.key}")
