"""Enrolments for programs: lists to poll and to work through, and everything about one."""

from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from dashboard.api.addresses import EnrolmentId
from dashboard.api.answering import answer, answer_list
from dashboard.api.asking import ChangedQuery, DayQuery, PagedQuery, RiskQuery
from dashboard.api.enrolment_models import Enrolment, EnrolmentDetail, Entry, Explanation
from dashboard.api.finding import enrolment_row, note_list, note_person
from dashboard.api.models import Listed
from dashboard.api.paging import Position, changed_place, place_of, place_token
from dashboard.component_progress import components_of
from dashboard.problems import UnfitError
from dashboard.reading import Rows, reading_of
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from learning.policy import Policies, SignalCode
from projections import enrolment_list, risk_history
from projections.explanation import Hindsight, NoDecisionError, hindsight, without_reason
from projections.list_filters import Wanted
from projections.rulebook import Rulebook
from projections.timeline import timeline as timeline_of

router = APIRouter(tags=["Enrolments"])

_NOTHING_COUNTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("level", "points", "policy", "since", "flagged_since", "comes_down")),
    "reasons": (),
}


@router.get("/enrolments", response_model=Listed[Enrolment], summary="Enrolments, in the order of their changes")
def enrolments(request: Request, asked: ChangedQuery, rows: Rows, visitor: SignedIn) -> Response:
    """All enrolments that the account may see, what changed first at the beginning.

    To stay up to date, ask with `filter[updated_since]` from two rounds back, and from no less than five minutes: what
    many facts or the start of a day have changed shows a moment after its time. An enrolment can come again, and what
    came last counts. Fetch everything once a week. After a rebuild of the projections everything counts as changed.
    """
    after = changed_place(asked.after)
    wanted = asked.wanted(visitor, updated_since=asked.since())
    found = enrolment_list.changes(rows, wanted, after, size=asked.per_page)
    note_list(request, visitor, asked, len(found.rows))
    more = place_token(*found.cursor) if found.cursor and len(found.rows) == asked.per_page else None
    return answer_list(
        request,
        asked,
        Enrolment,
        found.rows,
        after=more,
        freshness=request.state.freshness,
        erased=enrolment_list.erased(rows, wanted),
    )


@router.get("/at-risk", response_model=Listed[Enrolment], summary="The list to work through, the worst first")
def at_risk(request: Request, asked: RiskQuery, rows: Rows, visitor: SignedIn) -> Response:
    """Active enrolments on which somebody is to act: at risk or critical.

    The list moves as risks change: read it in one go, or follow `/enrolments`.
    """
    number: int = (place_of(asked.after, tuple[int]) or (1,))[0]
    size = asked.per_page
    wanted = asked.wanted(visitor, flagged=True)
    found = enrolment_list.page(rows, wanted, asked.order, number=max(1, number), size=size)
    note_list(request, visitor, asked, len(found.rows))
    more = place_token(number + 1) if found.total > number * size else None
    return answer_list(
        request,
        asked,
        Enrolment,
        found.rows,
        after=more,
        freshness=request.state.freshness,
        erased=enrolment_list.erased(rows, wanted),
    )


@router.get("/enrolments/{enrolment}", response_model=EnrolmentDetail, summary="One enrolment, with its components")
def enrolment(request: Request, enrolment: EnrolmentId, rows: Rows, visitor: SignedIn) -> Response:
    """Where it stands, its risk with reasons, and its progress by component. That it was read is noted."""
    whole = enrolment_row(rows, visitor, enrolment)
    note_person(request, visitor, enrolment)
    curriculum = parts_of(request).rulebook().curriculum
    components = list(components_of(rows, curriculum, enrolment, whole["programme"], whole["intake"]))
    told = {**whole, **_listed(rows, visitor, enrolment), "components": components}
    return answer(request, EnrolmentDetail.model_validate({**told, "freshness": request.state.freshness}))


@router.get("/enrolments/{enrolment}/timeline", response_model=Listed[Entry], summary="The story of one enrolment")
def timeline(request: Request, enrolment: EnrolmentId, asked: PagedQuery, rows: Rows, visitor: SignedIn) -> Response:
    """Everything known of it and decided about it, the first fact first. That it was read is noted."""
    enrolment_row(rows, visitor, enrolment)
    note_person(request, visitor, enrolment)
    begin: int = (place_of(asked.after, tuple[Position]) or (0,))[0]
    entries = timeline_of(reading_of(request).store(), enrolment)
    end = begin + asked.per_page
    more = place_token(end) if end < len(entries) else None
    return answer_list(request, asked, Entry, entries[begin:end], after=more, freshness=request.state.freshness)


@router.get("/enrolments/{enrolment}/explanation", response_model=Explanation, summary="Why it has its level")
def explanation(request: Request, enrolment: EnrolmentId, asked: DayQuery, rows: Rows, visitor: SignedIn) -> Response:
    """Each reason with its figures and what would clear it, what else was looked at, and what was decided before.

    With `as_of` also what was known and said on a past day, what is to be said of it by what is known now, and the
    facts that came too late. That it was read is noted.
    """
    enrolment_row(rows, visitor, enrolment)
    note_person(request, visitor, enrolment)
    found = _listed(rows, visitor, enrolment)
    counted = found if found["level"] is not None else {**found, **_NOTHING_COUNTS}
    told = {
        **counted,
        "no_reason": _no_reason(counted, parts_of(request).rulebook().policies),
        "history": risk_history.of(rows, enrolment),
        "hindsight": asked.as_of and _hindsight(rows, parts_of(request).rulebook(), enrolment, asked.as_of),
        "freshness": request.state.freshness,
    }
    return answer(request, Explanation.model_validate(told))


def _hindsight(connection: Connection, rulebook: Rulebook, enrolment: str, day: date) -> Hindsight:
    try:
        return hindsight(connection, rulebook, enrolment, day)
    except NoDecisionError as error:
        raise UnfitError(f"There is nothing to tell as of {day}: {error}.") from error


def _listed(connection: Connection, visitor: Visitor, enrolment: str) -> dict[str, Any]:
    return enrolment_list.find(connection, Wanted(partner=visitor.partner), enrolment) or {}


def _no_reason(row: dict[str, Any], policies: Policies) -> list[SignalCode]:
    """What was looked at and found nothing; of who does not study, or before a first day, nobody looks."""
    if row["level"] is None or row["as_of"] is None:
        return []
    return without_reason({each.signal for each in row["reasons"]}, policies, row["provider"], row["as_of"])
