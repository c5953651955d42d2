"""A list of enrolments as a page and as CSV: both are made of the same query, in the same order."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import ceil
from typing import Any, Final, NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from sqlalchemy import Connection

from analytics.exports import csv_lines
from dashboard.links import to_enrolment
from dashboard.naming import actors, names_of
from dashboard.noting import note, note_look
from dashboard.pages.filters import Filters, asked, in_words
from dashboard.reading import reading_of, recent
from dashboard.rendering import render
from dashboard.visitors import Visitor, parts_of
from dashboard.wording import level, signal, words
from learning.flags import Stage
from learning.policy import LEVELS, SIGNALS
from learning.standing import Status
from projections import enrolment_list
from projections.list_filters import Wanted
from projections.list_order import Sort, SortBy
from projections.overview import choices
from registry.audit import Action

PAGE: Final = 50
"""Rows of a page."""

AT_ONCE: Final = 500
"""Rows of a CSV that are in memory at once."""

CHOICES_EVERY: Final = 5.0
"""Seconds between two times that the choices of the form are counted for open pages: new ones seldom come."""

_NEAR: Final = 2
_FALLING: Final[frozenset[SortBy]] = frozenset({"risk", "completion", "lag_weeks", "updated_at"})
"""Columns that one wants to see from the greatest down first."""

COLUMNS: Final = (
    "enrolment",
    "participant",
    "name",
    "programme",
    "intake",
    "provider",
    "partner",
    "status",
    "status_since",
    "level",
    "points",
    "reasons",
    "why",
    "policy",
    "since",
    "flagged_since",
    "stage",
    "stage_since",
    "stage_by",
    "contacted_at",
    "next_due",
    "next_due_on",
    "deadline",
    "completion",
    "expected",
    "lag_weeks",
    "gate_reached",
    "last_activity_at",
    "as_of",
)
"""What a row has as CSV. `name` is there for visitors who see names, `why` are the sentences of the reasons."""


def show(
    request: Request,
    visitor: Visitor,
    rows: Connection,
    filters: Filters,
    *,
    template: str,
    title: str,
    path: str,
    fields: tuple[str, ...],
    columns: Sequence[tuple[str, SortBy | None]],
    flagged: bool = False,
    **context: Any,
) -> HTMLResponse:
    """The page of a list; that somebody reads it is noted.

    Args:
        request: Who asks for it.
        visitor: The same.
        rows: The projections.
        filters: What the address asks for.
        template: The name of the template.
        title: Of the page.
        path: Of the page; the CSV is beside it.
        fields: The filters that the form has fields for.
        columns: Headings, and what each can be sorted by.
        flagged: Whether only those are listed on whom somebody is to act.
        context: What the template names besides.
    """
    found = asked(request, visitor, rows, filters, flagged=flagged)
    part, number, erased = recent(request, _part, found.wanted, filters.order, filters.page)
    names = names_of(request, visitor, {row["participant"] for row in part.rows})
    note_look(request, visitor, Action.LIST_READ, f"page:{path.removeprefix('/')}")
    return render(
        request,
        template,
        title=title,
        active="at-risk" if flagged else "overview",
        live=True,
        rows=[_row(row, names) for row in part.rows],
        total=part.total,
        erased=erased,
        filters=filters,
        fields=fields,
        others=list(in_words(filters, fields)),
        choices=_choices(request, visitor, flagged=flagged),
        columns=[_column(text, by, filters, path) for text, by in columns],
        paging=_paging(part.total, number, filters, path),
        csv=filters.address(f"{path}.csv"),
        path=path,
        more_found=found.more_found,
        of_all=visitor.partner is None,
        actors=actors(request, visitor),
        **context,
    )


def as_csv(
    request: Request, visitor: Visitor, rows: Connection, filters: Filters, *, name: str, flagged: bool = False
) -> Response:
    """All pages of a list as one file, as of one moment, sent while it is read; that it leaves the house is noted."""
    found = asked(request, visitor, rows, filters, flagged=flagged)
    note(
        request,
        visitor,
        Action.LIST_EXPORTED,
        f"page:{name}",
        {"rows": enrolment_list.count(rows, found.wanted)},
    )
    text = csv_parts(request, visitor, enrolment_list.every(rows, found.wanted, filters.order))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(text, headers=headers, media_type="text/csv; charset=utf-8")


def csv_parts(request: Request, visitor: Visitor, rows: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """Rows of a list as CSV, some hundred lines at a time: so many are in memory, however many rows there are."""
    columns = [each for each in COLUMNS if each != "name" or visitor.names]
    lines = csv_lines(columns, _cells(request, visitor, rows, columns))
    while part := "".join(islice(lines, AT_ONCE)):
        yield part


class _Part(NamedTuple):
    """Some rows of a list."""

    page: enrolment_list.Page
    number: int
    """Of the page."""
    erased: int
    """How many the whole list leaves out."""


def _part(rows: Connection, wanted: Wanted, order: Sort, number: int) -> _Part:
    """The page that is asked for; where the list has become shorter, its last one."""
    erased = enrolment_list.erased(rows, wanted)
    found = enrolment_list.page(rows, wanted, order, number=number, size=PAGE)
    if found.rows or number == 1:
        return _Part(found, number, erased)
    last = max(1, ceil(found.total / PAGE))
    return _Part(enrolment_list.page(rows, wanted, order, number=last, size=PAGE), last, erased)


def _row(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {**row, "name": names.get(row["participant"]), "href": to_enrolment(row["enrolment"])}


def _cells(
    request: Request, visitor: Visitor, rows: Iterator[Mapping[str, Any]], columns: Sequence[str]
) -> Iterator[list[object]]:
    """The cells of each row; names are looked up for some rows at a time."""
    while part := list(islice(rows, AT_ONCE)):
        names = names_of(request, visitor, {row["participant"] for row in part})
        for row in part:
            told = {
                **row,
                "name": names.get(row["participant"]),
                "reasons": " ".join(each.signal for each in row["reasons"]),
                "why": " ".join(each.sentence for each in row["reasons"]),
            }
            yield [told[each] for each in columns]


def _column(text: str, by: SortBy | None, filters: Filters, path: str) -> dict[str, Any]:
    """A heading; the link of the one that is sorted by turns the order round."""
    if by is None:
        return {"text": text}
    order = filters.order
    if order.by != by:
        return {"text": text, "sort": filters.address(path, sort=f"-{by}" if by in _FALLING else by)}
    return {
        "text": text,
        "sort": filters.address(path, sort=by if order.descending else f"-{by}"),
        "sorted": "descending" if order.descending else "ascending",
    }


def _paging(total: int, number: int, filters: Filters, path: str) -> dict[str, Any]:
    """What the pagination shows: the first, the last and the nearest pages."""
    last = max(1, ceil(total / PAGE))
    items: list[dict[str, Any] | None] = []
    for each in range(1, last + 1):
        if each in (1, last) or abs(each - number) < _NEAR:
            items.append({"number": each, "href": filters.address(path, page=each), "current": each == number})
        elif items and items[-1] is not None:
            items.append(None)
    return {
        "first": min(total, (number - 1) * PAGE + 1),
        "last": min(total, number * PAGE),
        "total": total,
        "previous": filters.address(path, page=number - 1) if number > 1 else None,
        "next": filters.address(path, page=number + 1) if number < last else None,
        "items": items,
    }


def _choices(request: Request, visitor: Visitor, *, flagged: bool) -> dict[str, list[dict[str, str]]]:
    """What the fields of the form offer."""
    programmes = parts_of(request).rulebook().curriculum.programmes
    found = reading_of(request).recent.of(request.state.freshness, _places, visitor.partner, every=CHOICES_EVERY).answer
    places = {name: [{"value": each, "text": each} for each in values] for name, values in found.items()}
    for option in places["programme"]:
        if (known := programmes.get(option["value"])) is not None:
            option["text"] = f"{known.title} ({known.id})"
    levels = [each for each in reversed(LEVELS) if not flagged or each in ("at-risk", "critical")]
    return {
        **places,
        "level": [{"value": each, "text": level(each)} for each in levels],
        "status": _options(Status),
        "stage": _options(Stage),
        "reason": [{"value": each, "text": signal(each)} for each in SIGNALS],
        "gate_reached": [{"value": "yes", "text": "Reached"}, {"value": "no", "text": "Not reached"}],
    }


def _places(rows: Connection, partner: str | None) -> dict[str, list[str]]:
    return choices(rows, {} if partner is None else {"partner": partner})


def _options(codes: Any) -> list[dict[str, str]]:
    return [{"value": each, "text": words(each)} for each in codes.__args__]
