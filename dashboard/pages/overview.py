"""How things stand, at a glance; every number leads to the list behind it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from dashboard.links import address
from dashboard.pages.counting import cohort_row, partner_row
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from dashboard.waiting_rejects import WaitingRejects
from dashboard.wording import number
from learning.policy import LEVELS
from learning.signals import SIGNALS
from projections.list_filters import FLAGGED_LEVELS, Wanted
from projections.overview import Changed, at_a_glance, changed_today, deadlines, reasons

router = APIRouter(include_in_schema=False)

_STATUSES: Final = ("active", "deferred", "withdrawn", "completed")
_LABELS: Final = {"critical": "critical", "at-risk": "at risk", "watch": "to watch", "on-track": "on track"}


@router.get("/")
def overview(request: Request, rows: Rows, visitor: SignedIn) -> Response:
    """The first page."""
    glance, changed = at_a_glance(rows, visitor.scope), changed_today(rows, visitor.scope)
    titles = {each.id: each.title for each in parts_of(request).rulebook().curriculum.programmes.values()}
    return render(
        request,
        "overview.html",
        title="Overview",
        active="overview",
        live=True,
        statuses=list(_statuses(glance.totals)),
        levels=list(_levels(glance.totals)),
        changed=changed,
        happened=[] if changed is None else list(_happened(changed)),
        reasons=list(_reasons(rows, visitor)),
        due=[_due(row) for row in deadlines(rows, visitor.scope)],
        cohorts=[cohort_row(row, titles) for row in glance.cohorts],
        partners=[partner_row(row) for row in glance.partners] if visitor.partner is None else [],
        rejects=_rejects(request) if visitor.partner is None else 0,
    )


def _statuses(totals: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    yield _figure(totals["enrolled"], "enrolled", "/enrolments")
    for status in _STATUSES:
        yield _figure(totals[status], status, "/enrolments", status=status)


def _levels(totals: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for level in reversed(LEVELS):
        path = "/at-risk" if level in FLAGGED_LEVELS else "/enrolments"
        yield _figure(totals[level.replace("-", "_")], _LABELS[level], path, level=level)
    if totals["not_assessed"]:
        found = _figure(totals["not_assessed"], "not assessed yet", "/enrolments", status="active", sort="risk")
        yield {**found, "note": "no day has looked at them; they stand first in the list"}


def _happened(changed: Changed) -> Iterator[dict[str, str]]:
    for what, label in (("raised", "flags raised"), ("changed", "flags changed"), ("cleared", "flags cleared")):
        yield _figure(getattr(changed, what), label, "/enrolments", changed_on=changed.day, change=what)
    for status in ("completed", "withdrawn", "deferred"):
        yield _figure(getattr(changed, status), status, "/enrolments", status=status, status_since=changed.day)


def _reasons(rows: Connection, visitor: Visitor) -> Iterator[dict[str, Any]]:
    for code, people in reasons(rows, Wanted(partner=visitor.partner)).items():
        signal = SIGNALS[code]
        href = address("/at-risk", reason=code)
        yield {"title": signal.title, "measures": signal.measures, "number": people, "href": href}


def _due(row: Mapping[str, Any]) -> dict[str, Any]:
    day = row["deadline"]
    where = {"programme": row["programme"], "intake": row["intake"], "deadline_from": day, "deadline_until": day}
    href = address("/enrolments", status="active", gate_reached=False, **where)
    return {**row, "href": href, "flagged_href": address("/at-risk", gate_reached=False, **where)}


def _figure(value: int, label: str, path: str, **query: object) -> dict[str, str]:
    return {"figure": number(value), "label": label, "href": address(path, **query)}


def _rejects(request: Request) -> int:
    waiting: WaitingRejects = request.app.state.rejects
    return waiting.count()
