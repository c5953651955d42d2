"""Enrolments counted, for programs: all of them, by programme and intake, and by delivery partner."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from dashboard.api.addresses import PartnerId
from dashboard.api.answering import answer, answer_list
from dashboard.api.asking import PlacesQuery, WhereQuery
from dashboard.api.cohort_models import Cohort, Deadline, Overview, Partner, PartnerDetail, ReasonCount
from dashboard.api.finding import require_partner
from dashboard.api.models import Listed
from dashboard.problems import NotThereError
from dashboard.reading import Rows
from dashboard.rules import AllPartners, SignedIn
from projections import overview as queries
from projections.list_filters import Wanted
from projections.overview import Glance

router = APIRouter(tags=["Cohorts and partners"])

_NOBODY: Final = {"partner": ""}
"""Filters that no enrolment meets."""


@router.get("/overview", response_model=Overview, summary="How things stand")
def overview(request: Request, asked: WhereQuery, rows: Rows, visitor: SignedIn) -> Response:
    """Enrolments by status and level, what the latest day has brought, deadlines that are near, and reasons."""
    places = _places(asked.places(visitor))
    glance = queries.at_a_glance(rows, places)
    reasons_found = queries.reasons(rows, Wanted(**places))
    told = {
        "totals": glance.totals,
        "cohorts": glance.cohorts,
        "changed": queries.changed_today(rows, places),
        "deadlines": queries.deadlines(rows, places),
        "reasons": [{"signal": signal, "enrolments": number} for signal, number in reasons_found.items()],
        "freshness": request.state.freshness,
    }
    return answer(request, Overview.model_validate(told))


@router.get("/reasons", response_model=Listed[ReasonCount], summary="Why participants are at risk")
def reasons(request: Request, asked: PlacesQuery, rows: Rows, visitor: SignedIn) -> Response:
    """How many flagged enrolments have each reason, the most frequent first. One can have several."""
    found = queries.reasons(rows, Wanted(**_places(asked.places(visitor))))
    told = ({"signal": signal, "enrolments": number} for signal, number in found.items())
    return answer_list(request, asked, ReasonCount, told, freshness=request.state.freshness)


@router.get("/deadlines", response_model=Listed[Deadline], summary="Deadlines within four weeks")
def deadlines(request: Request, asked: PlacesQuery, rows: Rows, visitor: SignedIn) -> Response:
    """Active enrolments that have yet to reach the gate, by deadline, programme and intake."""
    found = queries.deadlines(rows, _places(asked.places(visitor)))
    return answer_list(request, asked, Deadline, found, freshness=request.state.freshness)


@router.get("/cohorts", response_model=Listed[Cohort], summary="Enrolments by programme and intake")
def cohorts(request: Request, asked: PlacesQuery, rows: Rows, visitor: SignedIn) -> Response:
    """All of them on one page; an account of a delivery partner has its own participants counted only."""
    found = queries.at_a_glance(rows, _places(asked.places(visitor))).cohorts
    return answer_list(request, asked, Cohort, found, freshness=request.state.freshness)


@router.get("/partners", response_model=Listed[Partner], summary="Enrolments by delivery partner")
def partners(request: Request, asked: PlacesQuery, rows: Rows, visitor: AllPartners) -> Response:
    """All of them on one page; only for accounts that see all delivery partners."""
    found = queries.at_a_glance(rows, _places(asked.places(visitor))).partners
    return answer_list(request, asked, Partner, found, freshness=request.state.freshness)


@router.get("/partners/{partner}", response_model=PartnerDetail, summary="One delivery partner")
def partner(request: Request, partner: PartnerId, rows: Rows, visitor: SignedIn) -> Response:
    """Its enrolments counted, in all and by programme and intake."""
    found = _of_partner(rows, require_partner(visitor, partner))
    told = {**found.totals, "partner": partner, "cohorts": found.cohorts, "freshness": request.state.freshness}
    return answer(request, PartnerDetail.model_validate(told))


def _of_partner(connection: Connection, partner: str) -> Glance:
    found = queries.at_a_glance(connection, {"partner": partner})
    if not found.totals["enrolled"]:
        raise NotThereError("There is no such delivery partner, or it is not yours.")
    return found


def _places(given: dict[str, Any] | None) -> dict[str, Any]:
    return _NOBODY if given is None else given
