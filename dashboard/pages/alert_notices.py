"""Messages about alerts: all of them with what became of them, and each with whom it told of, which emails lead to."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from alerting import listing, queue
from alerting.model import Notice, NoticeState
from dashboard.acknowledging import acknowledge_all
from dashboard.acting import new_key
from dashboard.alert_book import (
    NO_DISPATCHER,
    Book,
    BookIfAny,
    alert_rows,
    notice_row,
    own_notice,
    receivers,
)
from dashboard.links import to_notice
from dashboard.noting import note, note_look
from dashboard.pages.alert_filters import PAGE, NoticeFilters, notice_choices
from dashboard.pages.alert_words import Words, words_of
from dashboard.pages.alerts import without_book
from dashboard.problems import ConflictError, NotReadyError
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import Acting, SignedIn, Staff
from dashboard.visitors import Visitor, parts_of
from dashboard.wording import number, words
from registry.audit import Action

router = APIRouter(include_in_schema=False)

REPLAYED: Final[frozenset[NoticeState]] = frozenset({"dead"})
"""What staff can have sent again from the page."""

Wished = Annotated[NoticeFilters, Query()]


@router.get("/alerts/messages")
def messages(request: Request, filters: Wished, book: BookIfAny, visitor: SignedIn) -> Response:
    """Messages, the one that was planned last first."""
    if book is None:
        return without_book(request, "Messages")
    found = listing.notices(book, filters.wanted(visitor), filters.place, size=PAGE)
    counts = listing.notice_counts(book, filters.everywhere().wanted(visitor))
    known = receivers(request, visitor)
    note_look(request, visitor, Action.LIST_READ, "page:alerts/messages")
    return render(
        request,
        "alert_messages.html",
        title="Messages about alerts",
        active="alerts",
        live=True,
        filters=filters,
        figures=list(_figures(counts, filters)),
        choices=notice_choices(listing.partners(book, visitor.partner)),
        rows=[notice_row(each, known) for each in found],
        next=filters.next("/alerts/messages", found[-1]) if len(found) == PAGE else None,
        total=counts.get(filters.state, 0) if filters.state else sum(counts.values()),
        of_all=visitor.partner is None,
        may_replay=visitor.account.role == "staff",
        replayed=REPLAYED,
        terms=parts_of(request).alert_terms,
    )


@router.post("/alerts/messages/{notice}/replay")
def replay(request: Request, notice: str, visitor: Staff) -> Response:
    """Have a message sent again that was given up, as it is and under its id."""
    store = parts_of(request).alerts()
    if store is None:
        raise NotReadyError(NO_DISPATCHER)
    with store.reading() as book:
        found = own_notice(book, visitor, notice)
    note(request, visitor, Action.ALERT_REPLAYED, f"notice:{found.id}")
    with store.writing() as book:
        if not queue.replay(book, [found.id], parts_of(request).now()):
            raise ConflictError("Only a message that was given up or cancelled can be sent again.")
    return RedirectResponse("/alerts/messages?done=message-replayed", HTTPStatus.SEE_OTHER)


@router.get("/alerts/notices/{notice}")
def notice(request: Request, notice: str, rows: Rows, book: BookIfAny, visitor: SignedIn) -> Response:
    """Whom a message told of, how they stand now, and one button to take care of all of them."""
    if book is None:
        return without_book(request, "Message")
    found = own_notice(book, visitor, notice)
    told = _told(request, visitor, book, rows, found)
    note_look(request, visitor, Action.LIST_READ, f"notice:{found.id}")
    return render(
        request,
        "alert_notice.html",
        title="What this message told of",
        active="alerts",
        live=True,
        shown=notice_row(found, receivers(request, visitor)),
        told=told,
        words=_words(request, found, told),
        open_flags=list(_unanswered(told)),
        here=to_notice(found.id),
        key=new_key(parts_of(request).now()),
        may_act=visitor.account.may_act,
        may_replay=visitor.account.role == "staff" and found.state in REPLAYED,
        of_all=visitor.partner is None,
    )


@router.post("/alerts/notices/{notice}/acknowledge")
def acknowledge(
    request: Request,
    notice: str,
    rows: Rows,
    book: Book,
    visitor: Acting,
    *,
    key: Annotated[str, Form(max_length=100)],
) -> Response:
    """Acknowledge the flags of everybody whom a message told of and whom nobody has answered for yet."""
    found = own_notice(book, visitor, notice)
    told = _told(request, visitor, book, rows, found)
    acknowledge_all(request, visitor, rows, list(_unanswered(told)), key)
    return RedirectResponse(f"{to_notice(found.id)}?done=all-acknowledged", HTTPStatus.SEE_OTHER)


def _told(
    request: Request, visitor: Visitor, book: Connection, rows: Connection, found: Notice
) -> list[dict[str, Any]]:
    alerts = listing.told_of(book, found)
    shown = alert_rows(request, visitor, book, rows, (each.alert for each in alerts))
    return [{**row, "told_as": each.step} for row, each in zip(shown, alerts, strict=True)]


def _unanswered(told: list[dict[str, Any]]) -> Iterator[str]:
    """The enrolments whose flag nobody has done anything about."""
    for each in told:
        if each["stage"] == "raised" and each["row"]["status"] == "active":
            yield each["enrolment"]


def _words(request: Request, found: Notice, told: list[dict[str, Any]]) -> Words | None:
    """What it says; None: it has the id of somebody who is not to be shown any more."""
    said = words_of(found, parts_of(request))
    hidden = (each["alert"].enrolment for each in told if each["row"] is None)
    return None if any(each in said.text for each in hidden) else said


def _figures(counts: dict[NoticeState, int], filters: NoticeFilters) -> Iterator[dict[str, str]]:
    for state in get_args(NoticeState):
        yield {
            "figure": number(counts.get(state, 0)),
            "label": words(state).lower(),
            "href": filters.address("/alerts/messages", state=state),
        }
