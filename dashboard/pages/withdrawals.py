"""Who is recommended to leave, what the delivery partners answered, and what DfE is to be told."""

from io import StringIO
from math import ceil
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from analytics.exports import write_rows
from dashboard.links import to_enrolment
from dashboard.naming import actors, names_of
from dashboard.noting import note, note_look
from dashboard.pages.filters import Filters, asked
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from learning.calendar import uk_day
from learning.milestones import milestones
from learning.standing import Withdrawal
from projections import withdrawals as listed
from projections.list_filters import Wanted
from projections.overview import choices
from projections.withdrawal_rows import DFE_COLUMNS, OUR_COLUMNS, as_data, cells, request_of
from projections.withdrawals import Found, Rules
from registry.audit import Action

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
"""Rows of a page."""

FIELDS: Final = ("q", "state", "programme", "intake", "partner")
COLUMNS: Final = (
    *("enrolment", "participant", "name", "programme", "intake", "provider", "partner", "status", "state", "reason"),
    *("course_identifier", "effective", "recommended_at", "recommended_by", "answered_at", "answered_by"),
    *("objection", "warnings", "ready", "as_of"),
)
"""What a row has as CSV; `name` is there for visitors who see names."""

WARNINGS: Final = {
    "course-unknown-to-dfe": "DfE does not know the programme, so it is not told.",
    "not-yet-effective": "DfE dates a withdrawal by the call: tell it on the effective day, not before.",
    "no-started-evidence": "No evidence for a started declaration: DfE withdraws nobody who has none.",
}


class Wished(Filters):
    """Withdrawals as the address asks for them."""

    state: Withdrawal = "recommended"


Asked = Annotated[Wished, Query()]


@router.get("/withdrawals")
def withdrawals(request: Request, filters: Asked, rows: Rows, visitor: SignedIn) -> Response:
    """Those at one state: what has waited longest first, of what is answered the latest first."""
    wanted = _wanted(request, visitor, rows, filters)
    counts = listed.counts(rows, msgspec.structs.replace(wanted, withdrawal=None))
    total = counts[filters.state]
    last = max(1, ceil(total / PAGE))
    number = min(filters.page, last)
    latest_first = filters.state != "recommended"
    found = listed.page(rows, _rules(request), wanted, latest_first=latest_first, number=number, size=PAGE)
    names = names_of(request, visitor, {each.participant for each in found})
    note_look(request, visitor, Action.LIST_READ, "page:withdrawals")
    return render(
        request,
        "withdrawals.html",
        title="Withdrawals",
        active="withdrawals",
        live=True,
        rows=[_row(each, names) for each in found],
        counts=[(state, count, filters.address("/withdrawals", state=state)) for state, count in counts.items()],
        filters=filters,
        kept=filters.kept(FIELDS),
        choices=_choices(request, visitor, rows),
        paging=_paging(total, number, last, filters),
        csv=filters.address("/withdrawals.csv"),
        dfe={form: filters.address(f"/withdrawals/dfe.{form}", state=None) for form in ("csv", "json")},
        warned=WARNINGS,
        of_all=visitor.partner is None,
        actors=actors(request, visitor),
    )


@router.get("/withdrawals.csv")
def as_csv(request: Request, filters: Asked, rows: Rows, visitor: SignedIn) -> Response:
    """All pages of the list as CSV."""
    found = list(listed.every(rows, _rules(request), _wanted(request, visitor, rows, filters)))
    names = names_of(request, visitor, {each.participant for each in found})
    columns = [each for each in COLUMNS if each != "name" or visitor.names]
    lines = [_cells(each, names, columns) for each in found]
    return _file(request, visitor, "withdrawals", columns, lines)


@router.get("/withdrawals/dfe.csv")
def dfe_csv(request: Request, filters: Asked, rows: Rows, visitor: SignedIn) -> Response:
    """What DfE can be told of: DfE's fields first, then ours."""
    lines = [cells(each) for each in _ready(request, visitor, rows, filters)]
    return _file(request, visitor, "withdrawals-for-dfe", [*DFE_COLUMNS, *OUR_COLUMNS], lines)


@router.get("/withdrawals/dfe.json")
def dfe_json(request: Request, filters: Asked, rows: Rows, visitor: SignedIn) -> Response:
    """The same as bodies of DfE's withdraw request, one a participant."""
    made = [request_of(each) for each in _ready(request, visitor, rows, filters)]
    note(request, visitor, Action.LIST_EXPORTED, "page:withdrawals-for-dfe", {"rows": len(made)})
    return Response(
        msgspec.json.encode(made), headers=_headers("withdrawals-for-dfe.json"), media_type="application/json"
    )


def _rules(request: Request) -> Rules:
    return Rules(parts_of(request).rulebook().curriculum, milestones())


def _wanted(request: Request, visitor: Visitor, rows: Connection, filters: Wished) -> Wanted:
    return asked(request, visitor, rows, filters, withdrawal=filters.state).wanted


def _ready(request: Request, visitor: Visitor, rows: Connection, filters: Wished) -> list[Found]:
    signed_off = filters.model_copy(update={"state": "signed-off"})
    found = listed.every(rows, _rules(request), _wanted(request, visitor, rows, signed_off))
    return [each for each in found if each.ready]


def _row(found: Found, names: dict[str, str]) -> dict[str, Any]:
    since = found.case.recommended_at
    waits = None if since is None or found.as_of is None else max(0, (found.as_of - uk_day(since)).days)
    return {
        **as_data(found),
        "name": names.get(found.participant),
        "href": to_enrolment(found.enrolment),
        "waits": waits,
    }


def _cells(found: Found, names: dict[str, str], columns: list[str]) -> list[object]:
    told = {**as_data(found), "name": names.get(found.participant), "warnings": " ".join(found.warnings)}
    return [told[each] for each in columns]


def _choices(request: Request, visitor: Visitor, rows: Connection) -> dict[str, list[dict[str, str]]]:
    """What the fields of the form offer."""
    programmes = parts_of(request).rulebook().curriculum.programmes
    found = {
        name: [{"value": each, "text": each} for each in values]
        for name, values in choices(rows, visitor.scope).items()
    }
    for option in found["programme"]:
        if (known := programmes.get(option["value"])) is not None:
            option["text"] = f"{known.title} ({known.id})"
    return found


def _paging(total: int, number: int, last: int, filters: Wished) -> dict[str, Any]:
    return {
        "first": min(total, (number - 1) * PAGE + 1),
        "last": min(total, number * PAGE),
        "total": total,
        "previous": filters.address("/withdrawals", page=number - 1) if number > 1 else None,
        "next": filters.address("/withdrawals", page=number + 1) if number < last else None,
        "items": [],
    }


def _file(request: Request, visitor: Visitor, name: str, columns: list[str], lines: list[list[object]]) -> Response:
    text = StringIO()
    write_rows(columns, lines, "csv", text)
    note(request, visitor, Action.LIST_EXPORTED, f"page:{name}", {"rows": len(lines)})
    return Response(text.getvalue(), headers=_headers(f"{name}.csv"), media_type="text/csv; charset=utf-8")


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
