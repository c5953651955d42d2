"""Delivery partners: all of them beside each other, and one with its cohorts, its milestones and its registers."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from analytics.filters import Filters
from analytics.questions.registry import MEASURES
from dashboard.answers import shown
from dashboard.asking import Asking, Wish
from dashboard.links import address, to_csv
from dashboard.pages.cohorts import titles_of
from dashboard.pages.counting import cohort_row, figures, partner_row, to_partner
from dashboard.problems import NotThereError
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import AllPartners, SignedIn
from dashboard.visitors import Visitor
from projections.overview import at_a_glance, choices

router = APIRouter(include_in_schema=False)

COMPARED: Final = {
    "withdrawn": "Withdrawn",
    "gate": "Reached the gate",
    "at-risk": "At risk or critical",
}
"""What partners are compared by, in words; the keys are those of `analytics.questions.partners`."""

_FUNNEL: Final = ("partner", "people", "counted", "rate", "low_998", "high_998", "verdict")
_TIMELINESS: Final = (
    "partner",
    "sessions",
    "median_days",
    "p90_days",
    "slowest_days",
    "within_2_rate",
    "within_7_rate",
)
_MILESTONES: Final = (
    *("intake", "course_group", "milestone", "window_start", "deadline"),
    *("expected", "in_time", "late", "without", "share_in_time"),
)


class Compared(BaseModel):
    """By what partners are compared, and of which people. What is empty, as forms send it, was not asked for."""

    model_config = ConfigDict(frozen=True)

    measure: Literal["withdrawn", "gate", "at-risk"] = "withdrawn"
    programme: str | None = Field(None, max_length=256)
    intake: str | None = Field(None, max_length=256)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given

    @property
    def places(self) -> dict[str, str]:
        """Columns and the value that each must have."""
        return {name: value for name in ("programme", "intake") if (value := getattr(self, name)) is not None}


@router.get("/partners")
def partners(request: Request, asked: Annotated[Compared, Query()], rows: Rows, _: AllPartners) -> Response:
    """All delivery partners."""
    places = asked.places
    if not "".join(places.values()).isprintable():
        raise NotThereError("There is no such programme or intake.")
    asking: Asking = request.app.state.asking
    filters = Filters(**places)
    wishes = Wish("partners", filters, (("measure", asked.measure),)), Wish("timeliness", filters)
    funnel, timeliness = asking.ask(*wishes)
    found = choices(rows)
    titles = titles_of(request)
    return render(
        request,
        "partners.html",
        title="Delivery partners",
        active="partners",
        live=True,
        asked=asked,
        measures=[
            {
                "text": COMPARED[each],
                "href": address("/partners", **places, measure=each),
                "chosen": each == asked.measure,
            }
            for each in MEASURES
        ],
        programmes=[{"value": each, "text": titles.get(each, each)} for each in found["programme"]],
        intakes=[{"value": each, "text": each} for each in found["intake"]],
        partners=[partner_row(row, **places) for row in at_a_glance(rows, places).partners],
        csv=to_csv("partners", places),
        funnel=shown(
            funnel, wishes[0], "funnel", f"Partners beside each other: {COMPARED[asked.measure].lower()}", _FUNNEL
        ),
        timeliness=shown(timeliness, wishes[1], "timeliness", "How soon registers come", _TIMELINESS),
    )


@router.get("/partners/{partner:path}")
def partner(request: Request, partner: str, rows: Rows, visitor: SignedIn) -> Response:
    """One delivery partner."""
    require_partner(rows, visitor, partner)
    return partner_page(request, rows, visitor, partner)


def partner_page(request: Request, rows: Connection, visitor: Visitor, partner: str, **upload: Any) -> Response:
    """The page of a delivery partner, with what became of a register that was sent just now.

    Args:
        request: Who asks for it.
        rows: The projections.
        visitor: One who may see the partner.
        partner: Its id.
        upload: `report`, or `error` with the `status` of the answer.
    """
    own = {"partner": partner}
    found = at_a_glance(rows, own)
    titles = titles_of(request)
    asking: Asking = request.app.state.asking
    wish = Wish("milestones", Filters(partner=partner))
    [milestones] = asking.ask(wish)
    return render(
        request,
        "partner.html",
        title=f"Delivery partner {partner}",
        active="partner" if visitor.partner == partner else "partners",
        live=not upload,
        status=upload.get("status", 200),
        partner=partner,
        figures=list(figures(found.totals, own)),
        cohorts=[cohort_row(row, titles, **({} if visitor.partner else own)) for row in found.cohorts],
        milestones=shown(milestones, wish, "milestones", "DfE's milestones", _MILESTONES),
        csv=to_csv("cohorts", own),
        may_upload=visitor.account.may_act,
        may_enrol=visitor.account.role == "staff",
        upload_to=f"{to_partner(partner)}/registers",
        report=upload.get("report"),
        error=upload.get("error"),
    )


def require_partner(rows: Connection, visitor: Visitor, partner: str) -> None:
    """Refuse a delivery partner that there is not, and any but its own to an account of one.

    Raises:
        NotThereError: Which of the two it is, is not told.
    """
    if visitor.partner is not None:
        known = partner == visitor.partner
    else:
        known = partner.isprintable() and bool(at_a_glance(rows, {"partner": partner}).totals["enrolled"])
    if not known:
        raise NotThereError("There is no such delivery partner, or it is not yours.")
