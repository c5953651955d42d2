"""How things stand, at a glance; every number leads to the list behind it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from dashboard.links import address, to_csv
from dashboard.pages.counting import cohort_row, partner_row
from dashboard.reading import Rows, recent
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import parts_of
from dashboard.waiting_rejects import WaitingRejects
from dashboard.wording import number
from learning.policy import LEVELS, SignalCode
from learning.signals import SIGNALS
from projections.list_filters import FLAGGED_LEVELS, Wanted
from projections.overview import Changed, Glance, at_a_glance, changed_today, deadlines, reasons

router = APIRouter(include_in_schema=False)

_STATUSES: Final = ("active", "deferred", "withdrawn", "completed")
_LABELS: Final = {"critical": "critical", "at-risk": "at risk", "watch": "to watch", "on-track": "on track"}


class Figures(NamedTuple):
    """Everything that is counted for the page."""

    glance: Glance
    changed: Changed | None
    reasons: dict[SignalCode, int]
    due: list[dict[str, Any]]


def figures(connection: Connection, partner: str | None) -> Figures:
    """The figures of one delivery partner; None: of all."""
    scope = {} if partner is None else {"partner": partner}
    return Figures(
        at_a_glance(connection, scope),
        changed_today(connection, scope),
        reasons(connection, Wanted(partner=partner)),
        deadlines(connection, scope),
    )


@router.get("/")
def overview(request: Request, _rows: Rows, visitor: SignedIn) -> Response:
    """The first page."""
    glance, changed, why, due = recent(request, figures, visitor.partner)
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
        reasons=list(_reasons(why)),
        due=[_due(row) for row in due],
        cohorts=[cohort_row(row, titles) for row in glance.cohorts],
        partners=[partner_row(row) for row in glance.partners] if visitor.partner is None else [],
        csv={each: to_csv(each, {}) for each in ("reasons", "deadlines", "cohorts", "partners")},
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
        found = _figure(totals["not_assessed"], "not assessed yet", "/enrolments", assessed=False)
        yield {**found, "note": "no day has looked at them"}


def _happened(changed: Changed) -> Iterator[dict[str, str]]:
    for what, label in (("raised", "flags raised"), ("changed", "flags changed"), ("cleared", "flags cleared")):
        yield _figure(getattr(changed, what), label, "/enrolments", changed_on=changed.day, change=what)
    for status in ("completed", "withdrawn", "deferred"):
        yield _figure(getattr(changed, status), status, "/enrolments", status=status, status_since=changed.day)


def _reasons(found: Mapping[SignalCode, int]) -> Iterator[dict[str, Any]]:
    for code, people in found.items():
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
