"""Programmes and intakes: all of them beside their plans, and one over time with what its history says."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from analytics.filters import Filters
from dashboard.answers import shown
from dashboard.asking import Asking, Wish
from dashboard.links import to_csv
from dashboard.pages.counting import at_the_gate, cohort_row, figures
from dashboard.problems import NotThereError
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from projections.overview import at_a_glance

router = APIRouter(include_in_schema=False)

QUESTIONS: Final = (
    ("completion-curve", "Completion beside the plan and the gate", None),
    (
        "where-they-stop",
        "Where they stop",
        ("title", "came_so_far", "did", "stopped", "withdrawn", "silent", "share_stopped"),
    ),
    ("survival", "How long they stay", None),
    (
        "gate-forecast",
        "Who will reach the gate by the deadline",
        ("group", "enrolments", "reached", "studying", "expected", "low", "high", "expected_share"),
    ),
)
"""Name of the question, its heading on the page, and the columns of its table where the chart's figures do not do."""

_Id = Annotated[str, Query(max_length=256)]


@router.get("/cohorts")
def cohorts(request: Request, rows: Rows, visitor: SignedIn) -> Response:
    """Every programme and intake; an account of a delivery partner has its own participants counted only."""
    found = at_a_glance(rows, visitor.scope).cohorts
    titles = titles_of(request)
    return render(
        request,
        "cohorts.html",
        title="Cohorts",
        active="cohorts",
        live=True,
        cohorts=[cohort_row(row, titles) for row in found],
        csv=to_csv("cohorts", {}),
    )


@router.get("/cohort")
def cohort(
    request: Request,
    rows: Rows,
    visitor: SignedIn,
    *,
    programme: _Id,
    intake: _Id,
    partner: Annotated[str | None, Query(max_length=256)] = None,
) -> Response:
    """One programme and intake, of one delivery partner where that is asked for."""
    where = places(visitor, programme=programme, intake=intake, partner=partner or None)
    totals = at_a_glance(rows, where).totals
    if not totals["enrolled"]:
        raise NotThereError("Nobody that you may see is enrolled in such a cohort.")
    asking: Asking = request.app.state.asking
    wishes = [Wish(name, Filters(**where)) for name, _, _ in QUESTIONS]
    answers = asking.ask(*wishes)
    return render(
        request,
        "cohort.html",
        title=f"{titles_of(request).get(programme, programme)}, {intake}",
        active="cohorts",
        live=True,
        programme=programme,
        intake=intake,
        partner=where.get("partner"),
        totals=totals,
        figures=list(figures(totals, where)),
        gate_href=at_the_gate(where),
        answers=[
            shown(found, wish, name, title, columns)
            for found, wish, (name, title, columns) in zip(answers, wishes, QUESTIONS, strict=True)
        ],
    )


def places(visitor: Visitor, **wanted: str | None) -> dict[str, str]:
    """Columns and the value that each must have, held to what the visitor may see.

    Raises:
        NotThereError: Another delivery partner is asked for, or nobody's id is.
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    if (
        given.get("partner", visitor.partner) != visitor.partner is not None
        or not "".join(given.values()).isprintable()
    ):
        raise NotThereError("Nobody that you may see is enrolled in such a cohort.")
    return {**given, **visitor.scope}


def titles_of(request: Request) -> dict[str, Any]:
    """The titles of programmes, by id."""
    return {each.id: each.title for each in parts_of(request).rulebook().curriculum.programmes.values()}
