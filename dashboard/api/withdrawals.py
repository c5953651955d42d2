"""Withdrawals, for programs: what waits for a delivery partner, what it answered, and what DfE is to be told."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, Field

from dashboard.api.answering import answer_list
from dashboard.api.asking import Paged, Where
from dashboard.api.finding import note_list
from dashboard.api.models import Listed, Told
from dashboard.api.paging import bounded, place_of, place_token
from dashboard.reading import Rows
from dashboard.rules import SignedIn
from dashboard.visitors import parts_of
from learning.codes import CourseIdentifier, WithdrawalReason
from learning.events import Instant
from learning.milestones import milestones
from learning.standing import Status
from learning.standing import Withdrawal as State
from projections import withdrawals as listed
from projections.list_filters import Wanted
from projections.withdrawal_rows import as_data, body
from projections.withdrawals import Found, Place, Rules, Warned

router = APIRouter(tags=["Withdrawals"])


class Withdrawals(Paged, Where):
    """Withdrawals by where they stand and whose they are."""

    state: State | None = Field(None, alias="filter[state]")
    """Only of this state: `recommended` waits for the delivery partner."""
    ready: bool | None = Field(None, alias="filter[ready]")
    """Only those that DfE can be told of, or cannot. A page may then have fewer rows than asked for."""
    since: AwareDatetime | None = Field(None, alias="filter[since]")
    """Only those that came to where they stand at this moment or later."""


class Attributes(Told):
    """What DfE takes."""

    reason: WithdrawalReason
    """DfE's code, exactly; one of them ends in a full stop."""
    course_identifier: CourseIdentifier
    """DfE's identifier of the course."""


class WithdrawData(Told):
    """What DfE's request holds."""

    type: Literal["participant-withdraw"]
    """Always this."""
    attributes: Attributes
    """The reason and the course."""


class WithdrawRequest(Told):
    """The body of DfE's request `PUT /api/v3/participants/npq/ID/withdraw`."""

    data: WithdrawData
    """Its one member."""

    def __str__(self) -> str:
        """As it stands in a cell of CSV."""
        return self.model_dump_json()


class Withdrawal(Told):
    """The last word on somebody's leaving, and what led to it."""

    participant_id: str
    """The participant."""
    reason: WithdrawalReason | None
    """DfE's code: that of the sign-off, until then of the recommendation."""
    course_identifier: CourseIdentifier | None
    """DfE's identifier of the course; null of a programme that DfE does not know."""
    effective: date | None
    """The day from which it holds; DfE dates a withdrawal by the call instead, so this stays ours."""
    state: State
    """Where it stands; only `signed-off` changes the status, from the effective day on."""
    enrolment: str
    """The enrolment."""
    programme: str
    """Its programme."""
    intake: str
    """Its intake."""
    provider: str
    """The lead provider."""
    partner: str
    """The delivery partner, which answers."""
    status: Status
    """Of the enrolment, as of the day of the projections."""
    recommended_at: datetime | None
    """When it was recommended; null where the partner signed off without that."""
    recommended_by: str | None
    """Who recommended it: an account or a member of staff."""
    answered_at: datetime | None
    """When the partner objected or signed off."""
    answered_by: str | None
    """Who did."""
    objection: str | None
    """Why the partner objected."""
    warnings: list[Warned]
    """What is to be looked at before DfE is told."""
    ready: bool
    """Whether DfE can be told. Whether it was told before is not known here."""
    request: WithdrawRequest | None
    """The body of DfE's request, where it is ready."""


@router.get("/withdrawals", response_model=Listed[Withdrawal], summary="Withdrawals, the longest waiting first")
def withdrawals(request: Request, asked: Annotated[Withdrawals, Query()], rows: Rows, visitor: SignedIn) -> Response:
    """Withdrawals of the enrolments that the account may see, by when they came to where they stand."""
    token = place_of(asked.after, tuple[Instant, str])
    after = token and Place(bounded(token[0]), token[1].replace("\0", ""))
    places = asked.places(visitor)
    found: list[Found] = []
    if places is not None:
        since = asked.since and bounded(asked.since)
        wanted = Wanted(**places, withdrawal=asked.state, withdrawal_since=since)
        rules = Rules(parts_of(request).rulebook().curriculum, milestones())
        found = listed.following(rows, rules, wanted, after, size=asked.per_page)
    said = [_row(each) for each in found if asked.ready in (None, each.ready)]
    note_list(request, visitor, asked, len(said))
    more = _place(found[-1]) if len(found) == asked.per_page else None
    return answer_list(request, asked, Withdrawal, said, after=more, freshness=request.state.freshness)


def _place(last: Found) -> str:
    return place_token(last.case.said_at, last.enrolment)


def _row(found: Found) -> dict[str, Any]:
    told = as_data(found)
    return {**told, "participant_id": told["participant"], "request": body(found) if found.ready else None}
