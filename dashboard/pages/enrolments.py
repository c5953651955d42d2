"""All enrolments, in any way narrowed: the list behind every number of the overview."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dashboard.pages.filters import Filters
from dashboard.pages.listing import as_csv, show
from dashboard.reading import Rows
from dashboard.rules import SignedIn
from projections.list_order import SortBy

router = APIRouter(include_in_schema=False)

FIELDS: Final = ("q", "programme", "intake", "partner", "status", "level", "reason", "gate_reached", "behind")
COLUMNS: Final[tuple[tuple[str, SortBy | None], ...]] = (
    ("Participant", "participant"),
    ("Status", "status"),
    ("Level", "risk"),
    ("Completion", "completion"),
    ("Due by the plan", "expected"),
    ("Beside the plan", "lag_weeks"),
    ("Gate", None),
    ("Deadline", "deadline"),
    ("Last at work", "last_activity_at"),
    ("Programme and intake", "programme"),
)
_PARTNER: Final[tuple[str, SortBy | None]] = ("Delivery partner", "partner")

Wished = Annotated[Filters, Query()]


@router.get("/enrolments")
def enrolments(request: Request, filters: Wished, rows: Rows, visitor: SignedIn) -> Response:
    """Enrolments of any status."""
    return show(
        request,
        visitor,
        rows,
        filters,
        template="enrolments.html",
        title="Enrolments",
        path="/enrolments",
        fields=FIELDS,
        columns=(*COLUMNS, _PARTNER) if visitor.partner is None else COLUMNS,
    )


@router.get("/enrolments.csv")
def enrolments_csv(request: Request, filters: Wished, rows: Rows, visitor: SignedIn) -> Response:
    """All pages of the list as CSV."""
    return as_csv(request, visitor, rows, filters, name="enrolments")
