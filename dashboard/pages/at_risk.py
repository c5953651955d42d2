"""The list to work through every morning: who is at risk, why, since when, and what was done about it."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dashboard.pages.filters import Filters
from dashboard.pages.listing import as_csv, show
from dashboard.reading import Rows
from dashboard.rules import SignedIn
from dashboard.visitors import parts_of
from learning.policy import Policy, Rules
from learning.policy_texts import steps_in_words
from learning.signals import SIGNALS
from projections.list_order import SortBy

router = APIRouter(include_in_schema=False)

FIELDS: Final = ("q", "programme", "intake", "partner", "level", "reason", "stage")
COLUMNS: Final[tuple[tuple[str, SortBy | None], ...]] = (
    ("Participant", "participant"),
    ("Level", "risk"),
    ("Reasons", None),
    ("Since", "since"),
    ("Flag", None),
    ("Last contact", "contacted_at"),
    ("Next due", "next_due_on"),
    ("Deadline", "deadline"),
)
_PARTNER: Final[tuple[str, SortBy | None]] = ("Delivery partner", "partner")

Wished = Annotated[Filters, Query()]


@router.get("/at-risk")
def at_risk(request: Request, filters: Wished, rows: Rows, visitor: SignedIn) -> Response:
    """Active enrolments that are at risk or critical, the worst first, with what these words mean today."""
    as_of = request.state.freshness.as_of
    policy = None if as_of is None else parts_of(request).rulebook().policies.on(as_of)
    return show(
        request,
        visitor,
        rows,
        filters,
        template="at_risk.html",
        title="At risk",
        path="/at-risk",
        fields=FIELDS,
        columns=(*COLUMNS, _PARTNER) if visitor.partner is None else COLUMNS,
        flagged=True,
        policy=policy,
        thresholds=[] if policy is None else list(thresholds(policy)),
    )


@router.get("/at-risk.csv")
def at_risk_csv(request: Request, filters: Wished, rows: Rows, visitor: SignedIn) -> Response:
    """All pages of the list as CSV."""
    return as_csv(request, visitor, rows, filters, name="at-risk", flagged=True)


def thresholds(policy: Policy) -> Iterator[dict[str, Any]]:
    """The rules in words: those of everybody, then those of each lead provider that has its own."""
    yield _in_words(
        "All lead providers" if not policy.providers else "Lead providers without own rules", policy.default
    )
    for provider, rules in sorted(policy.providers.items()):
        yield _in_words(f"Lead provider {provider}", rules)


def _in_words(whose: str, rules: Rules) -> dict[str, Any]:
    steps = [
        (SIGNALS[code].title, SIGNALS[code].measures, steps_in_words(code, given))
        for code, given in rules.signals.items()
    ]
    return {
        "whose": whose,
        "watch": rules.levels.watch,
        "at_risk": rules.levels.at_risk,
        "critical": rules.levels.critical,
        "hold_days": rules.hold_days,
        "table": {"columns": ["Reason", "What is measured", "Points"], "rows": [each for each in steps if each[2]]},
    }
