"""Alerts and how they stand: as a list, as CSV, and each with its life."""

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from alerting import listing
from alerting.listing import Telling
from alerting.model import OPEN, Alert, State, Step
from analytics.exports import write_rows
from dashboard.acting import ways
from dashboard.alert_book import NO_DISPATCHER, BookIfAny, alert_rows, notice_row, own_alert, own_tellings, receivers
from dashboard.links import to_enrolment
from dashboard.naming import names_of
from dashboard.noting import note, note_look
from dashboard.pages.alert_filters import PAGE, AlertFilters, alert_choices
from dashboard.pages.alert_story import life
from dashboard.problems import NotReadyError
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from dashboard.wording import number, words
from projections import enrolment_risk
from registry import partners
from registry.audit import Action

router = APIRouter(include_in_schema=False)

COLUMNS: Final = (
    "alert",
    "matter",
    "enrolment",
    "participant",
    "name",
    "partner",
    "programme",
    "intake",
    "level",
    "raised_on",
    "state",
    "state_since",
    "step",
    "told_at",
    "last_told_at",
    "resolved_on",
    "flag",
)
"""What a row has as CSV. `name` is there for visitors who see names."""

Wished = Annotated[AlertFilters, Query()]


@router.get("/alerts")
def alerts(request: Request, filters: Wished, rows: Rows, book: BookIfAny, visitor: SignedIn) -> Response:
    """Alerts, the one that was raised last first: the open ones unless others are asked for."""
    if book is None:
        return without_book(request, "Alerts")
    wanted = filters.wanted(visitor)
    found = listing.latest(book, wanted, filters.place, size=PAGE)
    counts = listing.counts(book, filters.everywhere().wanted(visitor))
    total = sum(counts.get(each, 0) for each in _states(filters))
    note_look(request, visitor, Action.LIST_READ, "page:alerts")
    return render(
        request,
        "alerts.html",
        title="Alerts",
        active="alerts",
        live=True,
        filters=filters,
        figures=list(_figures(counts, filters)),
        choices=alert_choices(listing.partners(book, visitor.partner)),
        rows=alert_rows(request, visitor, book, rows, found),
        total=total,
        next=filters.next("/alerts", found[-1]) if len(found) == PAGE else None,
        csv=filters.address("/alerts.csv"),
        of_all=visitor.partner is None,
        terms=parts_of(request).alert_terms,
        budget=_budget(request, visitor),
    )


@router.get("/alerts.csv")
def alerts_csv(request: Request, filters: Wished, rows: Rows, book: BookIfAny, visitor: SignedIn) -> Response:
    """The whole list as CSV; that it leaves the house is noted."""
    if book is None:
        raise NotReadyError(NO_DISPATCHER)
    found = alert_rows(request, visitor, book, rows, listing.every(book, filters.wanted(visitor)))
    columns = [each for each in COLUMNS if each != "name" or visitor.names]
    text = StringIO()
    write_rows(columns, _cells(found, columns), "csv", text)
    note(request, visitor, Action.LIST_EXPORTED, "page:alerts", {"rows": len(found)})
    headers = {"Content-Disposition": 'attachment; filename="alerts.csv"', "Cache-Control": "no-store"}
    return Response(text.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/alerts/about/{alert:path}")
def alert(request: Request, alert: str, rows: Rows, book: BookIfAny, visitor: SignedIn) -> Response:
    """One alert with its life and what can be done about it; that it was read is noted."""
    if book is None:
        return without_book(request, "Alert")
    found, row = own_alert(book, rows, visitor, alert)
    note_look(request, visitor, Action.PARTICIPANT_READ, f"enrolment:{found.enrolment}")
    name = names_of(request, visitor, [found.participant]).get(found.participant)
    risk = enrolment_risk.find(rows, found.enrolment) or {"flagged_since": None, "stage": None}
    flagged = row["status"] == "active" and risk["flagged_since"] is not None
    told, known = own_tellings(book, visitor, found.id), receivers(request, visitor)
    return render(
        request,
        "alert.html",
        title=f"Alert about {name or found.enrolment}",
        active="alerts",
        live=True,
        alert=found,
        row=row,
        name=name,
        href=to_enrolment(found.enrolment),
        stage=risk["stage"] if flagged else None,
        step=_latest_step(found, told),
        entries=life(request, visitor, found, told, known),
        messages=[{**notice_row(each.notice, known), "step": each.step} for each in told],
        deeds=ways(visitor, row, flagged=flagged),
        terms=parts_of(request).alert_terms,
    )


def without_book(request: Request, title: str) -> Response:
    """The page where nothing can be told yet, with what to do."""
    return render(request, "alerts_none.html", title=title, active="alerts", why=NO_DISPATCHER)


def _latest_step(alert: Alert, told: Sequence[Telling]) -> Step | None:
    """Why its partner was told last; what another one was told before does not count."""
    theirs = (each for each in reversed(told) if each.notice.partner == alert.partner)
    return next((each.step for each in theirs if each.notice.state != "cancelled"), None)


def _states(filters: AlertFilters) -> tuple[State, ...]:
    match filters.state:
        case None:
            return OPEN
        case "all":
            return get_args(State)
        case state:
            return (state,)


def _figures(counts: dict[State, int], filters: AlertFilters) -> Iterator[dict[str, str]]:
    """How many alerts are in each state, each with the list behind it."""
    for state in get_args(State):
        yield {
            "figure": number(counts.get(state, 0)),
            "label": words(state).lower(),
            "href": filters.address("/alerts", state=state),
        }


def _budget(request: Request, visitor: Visitor) -> int | None:
    """How many alerts a week a partner's own account is told first; None: each partner has its own."""
    if visitor.partner is None:
        return None
    with parts_of(request).registry.reading() as registry:
        return partners.find(registry, visitor.partner).weekly_budget


def _cells(rows: list[dict[str, Any]], columns: list[str]) -> Iterator[list[object]]:
    for row in rows:
        alert = row["alert"]
        shown = row["row"] is not None
        told = {
            **{name: getattr(alert, name) for name in alert.__struct_fields__},
            "alert": alert.id if shown else None,
            "enrolment": row["enrolment"],
            "participant": alert.participant if shown else None,
            "name": row["name"],
            "step": row["step"],
            "flag": row["stage"],
        }
        yield [told[each] for each in columns]
