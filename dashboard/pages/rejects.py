"""What could not be understood: why, what was sent, and what to do with it."""

from http import HTTPStatus
from math import ceil
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.links import address
from dashboard.noting import note, note_look
from dashboard.problems import NotThereError
from dashboard.rendering import render
from dashboard.rules import AllPartners, Staff
from dashboard.visitors import Visitor, parts_of
from eventlog.base import EventLog
from eventlog.rejects import Parked, parked, settle
from producers.retrying import retry as try_again
from registry.audit import Action

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
"""Rejects of a page."""

MOST_SHOWN: Final = 100_000
"""Characters of an original; the rest is on the log."""


@router.get("/rejects")
def rejects(request: Request, visitor: AllPartners, page: Annotated[int, Query(ge=1, le=1_000_000)] = 1) -> Response:
    """Those that wait, the oldest first."""
    with parts_of(request).log() as log:
        waiting = list(parked(log).values())
    last = max(1, ceil(len(waiting) / PAGE))
    number = min(page, last)
    note_look(request, visitor, Action.LIST_READ, "page:rejects")
    return render(
        request,
        "rejects.html",
        title="Rejects",
        active="rejects",
        rejects=[_row(each) for each in waiting[(number - 1) * PAGE : number * PAGE]],
        paging={
            "first": min(len(waiting), (number - 1) * PAGE + 1),
            "last": min(len(waiting), number * PAGE),
            "total": len(waiting),
            "previous": address("/rejects", page=number - 1) if number > 1 else None,
            "next": address("/rejects", page=number + 1) if number < last else None,
            "items": [],
        },
    )


@router.get("/rejects/{reject}")
def reject(request: Request, reject: str, visitor: AllPartners) -> Response:
    """One, with its original."""
    with parts_of(request).log() as log:
        found = _waiting(log, reject)
    return _page(request, visitor, found)


@router.post("/rejects/{reject}/retry")
def retry(request: Request, reject: str, visitor: Staff) -> Response:
    """Have it read again, after its cause was mended."""
    parts = parts_of(request)
    with parts.log() as log:
        found = _waiting(log, reject)
        [result] = try_again(log, [found], parts.rulebook(), parts.now, None)
    if not result.settled:
        return _page(request, visitor, found, why=result.why, status=HTTPStatus.CONFLICT)
    note(request, visitor, Action.REJECT_RETRIED, f"reject:{found.id}")
    return RedirectResponse("/rejects?done=reject-settled", HTTPStatus.SEE_OTHER)


@router.post("/rejects/{reject}/dismiss")
def dismiss(request: Request, reject: str, visitor: Staff) -> Response:
    """Let it wait no longer, when nothing can or need be mended."""
    parts = parts_of(request)
    with parts.log() as log:
        found = _waiting(log, reject)
        settle(log, found, parts.now())
    note(request, visitor, Action.REJECT_DISMISSED, f"reject:{found.id}")
    return RedirectResponse("/rejects?done=reject-dismissed", HTTPStatus.SEE_OTHER)


def _waiting(log: EventLog, reject: str) -> Parked:
    """The reject with this id.

    Raises:
        NotThereError: None waits.
    """
    found = parked(log).get(reject)
    if found is None:
        raise NotThereError("No such reject waits; somebody may have settled it.")
    return found


def _page(request: Request, visitor: Visitor, found: Parked, *, why: str | None = None, status: int = 200) -> Response:
    note_look(request, visitor, Action.LIST_READ, f"reject:{found.id}")
    original = found.original.decode("utf-8", "backslashreplace")
    return render(
        request,
        "reject.html",
        title=f"Reject {found.id}",
        active="rejects",
        status=status,
        reject=_row(found),
        original=original[:MOST_SHOWN],
        left_out=max(0, len(original) - MOST_SHOWN),
        may_settle=visitor.account.role == "staff",
        why=why,
    )


def _row(found: Parked) -> dict[str, Any]:
    return {
        "id": found.id,
        "at": found.at,
        "origin": found.origin,
        "reason": found.reason,
        "href": f"/rejects/{found.id}",
    }
