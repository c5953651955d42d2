"""DfE declarations, for programs: which can be sent, on what evidence, and what stands in the way of the others."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from msgspec import Meta
from pydantic import Field
from sqlalchemy import Connection

from dashboard.api.answering import answer_list
from dashboard.api.asking import Paged, Where
from dashboard.api.finding import note_list
from dashboard.api.models import Listed, Told
from dashboard.api.paging import place_of, place_token
from dashboard.problems import NotReadyError
from dashboard.reading import Rows
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from learning.codes import DeclarationType
from learning.curriculum import Curriculum
from learning.declarations import BlockerCode
from learning.milestones import milestones
from projections import enrolment_list
from projections.declaration_readiness import Declaration as Found
from projections.declaration_readiness import NoDayError
from projections.declaration_readiness import declarations as declarations_of
from projections.list_filters import Wanted
from projections.list_order import Sort

router = APIRouter(tags=["Declarations"])


class Declarations(Paged, Where):
    """Declarations by whose they are. A page has those of `page[per_page]` enrolments."""

    enrolment: str | None = Field(None, alias="filter[enrolment]", max_length=256)
    """Only of this enrolment."""
    declaration_type: DeclarationType | None = Field(None, alias="filter[declaration_type]")
    """Only of this type."""
    ready: bool | None = Field(None, alias="filter[ready]")
    """Only those that can be sent, or cannot."""
    expected: bool | None = Field(None, alias="filter[expected]")
    """Only those that DfE counts on, or does not."""


class Evidence(Told):
    """A fact that a declaration rests on."""

    time: datetime
    """When it happened."""
    recordedtime: datetime
    """When it became known."""
    what: str
    """What was done of the component, or the outcome of the attempt."""
    component: str | None
    """The component."""
    attempt: int | None
    """The attempt at the assessment."""

    def __str__(self) -> str:
        """As it stands in a cell of CSV."""
        return f"{self.component or f'attempt-{self.attempt}'}:{self.what}"


class Blocker(Told):
    """Something that stands in the way, or that is to be looked at before."""

    code: BlockerCode
    """Its code."""
    sentence: str
    """It in plain English."""
    stops: bool
    """Whether the declaration cannot be sent; else it is a warning."""

    def __str__(self) -> str:
        """As it stands in a cell of CSV."""
        return self.code


class Declaration(Told):
    """One declaration of one enrolment; the first six fields are those of a new declaration in DfE's API."""

    participant_id: str
    """The participant."""
    declaration_type: DeclarationType
    """The milestone."""
    declaration_date: datetime | None
    """The moment to declare; null without evidence."""
    course_identifier: str
    """DfE's identifier of the course."""
    has_passed: bool | None
    """Only of `completed` where the course is passed or failed, once that is known."""
    delivery_partner_id: str
    """Who delivered on the day of the declaration; without evidence, who delivers now."""
    enrolment: str
    """The enrolment."""
    programme: str
    """Its programme."""
    intake: str
    """Its intake."""
    provider: str
    """The lead provider."""
    partner: str
    """Who delivers now."""
    as_of: date
    """It is judged at the end of this day."""
    window_start: date
    """The first day of the milestone's window."""
    deadline: date | None
    """The last day of the window; null where DfE has published no dates."""
    payment: date | None
    """When DfE pays for what is declared by the deadline."""
    expected: bool
    """Whether DfE counts on it."""
    ready: bool
    """Whether it can be sent. What was sent before is not known here."""
    evidence: list[Evidence]
    """What it rests on."""
    blockers: list[Blocker]
    """What stands in the way, and warnings."""


@router.get("/declarations", response_model=Listed[Declaration], summary="DfE declarations")
def declarations(request: Request, asked: Annotated[Declarations, Query()], rows: Rows, visitor: SignedIn) -> Response:
    """The declarations of the enrolments that the account may see, by enrolment: ready or not, and why not."""
    after: int = (place_of(asked.after, tuple[Annotated[int, Meta(ge=1, le=10**7)]]) or (1,))[0]
    enrolments = _enrolments(rows, visitor, asked, after)
    curriculum = parts_of(request).rulebook().curriculum
    found = [_row(each) for each in _of(rows, curriculum, enrolments, asked)]
    note_list(request, visitor, asked, len(found))
    more = place_token(after + 1) if len(enrolments) == asked.per_page else None
    return answer_list(request, asked, Declaration, found, after=more, freshness=request.state.freshness)


def _enrolments(connection: Connection, visitor: Visitor, asked: Declarations, number: int) -> list[str]:
    """The enrolments of a page, by id."""
    places = asked.places(visitor)
    if places is None:
        return []
    wanted = Wanted(**places)
    if asked.enrolment is not None:
        found = enrolment_list.find(connection, wanted, asked.enrolment) if asked.enrolment.isprintable() else None
        return [] if found is None or number > 1 else [asked.enrolment]
    page = enrolment_list.page(connection, wanted, Sort("enrolment"), number=number, size=asked.per_page)
    return [each["enrolment"] for each in page.rows]


def _of(connection: Connection, curriculum: Curriculum, enrolments: Sequence[str], asked: Declarations) -> list[Found]:
    try:
        found = [
            each
            for enrolment in enrolments
            for each in declarations_of(
                connection, curriculum, milestones(), enrolment=enrolment, declaration_type=asked.declaration_type
            )
        ]
    except NoDayError as error:
        raise NotReadyError("No day has started yet, so nobody can say which declarations are due.") from error
    return [
        each
        for each in found
        if asked.ready in (None, each.readiness.ready) and asked.expected in (None, each.readiness.expected)
    ]


def _row(found: Found) -> dict[str, Any]:
    stands = found.readiness
    return {
        "participant_id": found.participant,
        "declaration_type": stands.declaration_type,
        "declaration_date": stands.declaration_date,
        "course_identifier": stands.course_identifier,
        "has_passed": stands.has_passed,
        "delivery_partner_id": stands.delivery_partner,
        "enrolment": found.enrolment,
        "programme": found.programme,
        "intake": found.intake,
        "provider": found.provider,
        "partner": found.partner,
        "as_of": found.as_of,
        "window_start": stands.window_start,
        "deadline": stands.deadline,
        "payment": stands.payment,
        "expected": stands.expected,
        "ready": stands.ready,
        "evidence": stands.evidence,
        "blockers": stands.blockers,
    }
