"""Alerts and messages for programs: lists to poll, and to say that somebody takes care, or that one is to go again."""

from collections.abc import Collection, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import structs
from sqlalchemy import Connection

from alerting import listing, queue
from alerting.listing import ByMoment, Telling
from alerting.model import Alert as KnownAlert
from alerting.model import Notice
from dashboard.alert_book import NO_DISPATCHER, Book, own_alert, own_notice, own_tellings
from dashboard.api import actions
from dashboard.api.actions import SAYS, About, Key
from dashboard.api.addresses import AlertId, NoticeId
from dashboard.api.alert_models import Alert, AlertDetail, AlertNotice, AlertsQuery, NoticesQuery
from dashboard.api.answering import answer, answer_list
from dashboard.api.finding import note_list, note_person
from dashboard.api.models import Listed
from dashboard.api.paging import changed_place, place_token
from dashboard.noting import note
from dashboard.problems import ConflictError, NotReadyError
from dashboard.reading import Rows
from dashboard.rules import Acting, SignedIn, Staff
from dashboard.visitors import Visitor, parts_of
from projections import enrolment_list, enrolment_risk
from projections.list_filters import Wanted
from registry.audit import Action

router = APIRouter(tags=["Alerts"])


@router.get("/alerts", response_model=Listed[Alert], summary="Alerts, in the order of their changes")
def alerts(request: Request, asked: AlertsQuery, rows: Rows, book: Book, visitor: SignedIn) -> Response:
    """All alerts that the account may see, what changed first at the beginning.

    To stay up to date, ask with `filter[updated_since]` from two rounds back: an alert can come again, and what came
    last counts. A page can have fewer rows than asked for before the last one: go on for as long as there is a `next`.
    """
    after = changed_place(asked.after)
    found = listing.changes(book, asked.wanted(visitor), after and ByMoment(*after), size=asked.per_page)
    seen = enrolment_list.those(rows, Wanted(partner=visitor.partner), (each.enrolment for each in found))
    told = _told(book, [each for each in found if each.enrolment in seen])
    note_list(request, visitor, asked, len(told))
    more = place_token(listing.changed_at(found[-1]), found[-1].id) if len(found) == asked.per_page else None
    return answer_list(request, asked, Alert, told, after=more, freshness=request.state.freshness)


@router.get("/alerts/{alert}", response_model=AlertDetail, summary="One alert, with the messages that tell of it")
def alert(request: Request, alert: AlertId, rows: Rows, book: Book, visitor: SignedIn) -> Response:
    """Where it stands, who was told and when. That it was read is noted."""
    found, row = own_alert(book, rows, visitor, alert)
    note_person(request, visitor, found.enrolment)
    risk = enrolment_risk.find(rows, found.enrolment) if row["status"] == "active" else None
    told = {
        **_told(book, [found])[0],
        "stage": risk["stage"] if risk and risk["flagged_since"] else None,
        "messages": [_message(each) for each in own_tellings(book, visitor, found.id)],
    }
    return answer(request, AlertDetail.model_validate(told))


@router.post("/alerts/{alert}/acknowledge", summary="Acknowledge the flag of an alert", **SAYS)
def acknowledge(
    request: Request, alert: AlertId, rows: Rows, book: Book, visitor: Acting, *, key: Key = None
) -> Response:
    """The account has seen the flag and takes care of it: the same as to acknowledge the enrolment's flag.

    The state of the alert follows once it has been processed.
    """
    found, _ = own_alert(book, rows, visitor, alert)
    return actions.acknowledge(About(request, found.enrolment, rows, key), visitor)


@router.get("/alert-notices", response_model=Listed[AlertNotice], summary="Messages about alerts")
def notices(request: Request, asked: NoticesQuery, rows: Rows, book: Book, visitor: SignedIn) -> Response:
    """Messages with what became of them, the one that was composed last first."""
    after = changed_place(asked.after)
    found = listing.notices(book, asked.wanted(visitor), after and ByMoment(*after), size=asked.per_page)
    note_list(request, visitor, asked, len(found))
    more = place_token(found[-1].planned_at, found[-1].id) if len(found) == asked.per_page else None
    return answer_list(request, asked, AlertNotice, _notices(request, visitor, rows, found), after=more)


@router.get("/alert-notices/{notice}", response_model=AlertNotice, summary="One message")
def notice(request: Request, notice: NoticeId, rows: Rows, book: Book, visitor: SignedIn) -> Response:
    """One message with what became of it."""
    [told] = _notices(request, visitor, rows, [own_notice(book, visitor, notice)])
    return answer(request, AlertNotice.model_validate(told))


@router.post("/alert-notices/{notice}/replay", response_model=AlertNotice, summary="Send a message again")
def replay(request: Request, notice: NoticeId, rows: Rows, visitor: Staff) -> Response:
    """A message that was given up or cancelled waits again, as it is and under its id."""
    store = parts_of(request).alerts()
    if store is None:
        raise NotReadyError(NO_DISPATCHER)
    with store.reading() as book:
        found = own_notice(book, visitor, notice)
    note(request, visitor, Action.ALERT_REPLAYED, f"notice:{found.id}")
    with store.writing() as book:
        if not queue.replay(book, [found.id], parts_of(request).now()):
            raise ConflictError("Only a message that was given up or cancelled can be sent again.")
        found = own_notice(book, visitor, notice)
    [told] = _notices(request, visitor, rows, [found])
    return answer(request, AlertNotice.model_validate(told))


def _told(book: Connection, found: Sequence[KnownAlert]) -> list[dict[str, Any]]:
    steps = listing.latest_steps(book, [each.id for each in found])
    return [
        {
            **structs.asdict(each),
            "alert": each.id,
            "step": steps.get(each.id),
            "updated_at": listing.changed_at(each),
        }
        for each in found
    ]


def _message(each: Telling) -> dict[str, Any]:
    return {**structs.asdict(each.notice), "notice": each.notice.id, "step": each.step}


def _notices(request: Request, visitor: Visitor, rows: Connection, found: Sequence[Notice]) -> list[dict[str, Any]]:
    """Messages, without the ids of whom the visitor may not see any more: the erased, and who is elsewhere now."""
    told = (each.enrolment for notice in found for each in notice.content.alerts)
    seen = enrolment_list.those(rows, Wanted(partner=visitor.partner), told)
    return [_notice(each, seen, parts_of(request).public_url) for each in found]


def _notice(found: Notice, seen: Collection[str], public_url: str) -> dict[str, Any]:
    content = found.content
    return {
        **structs.asdict(found),
        "notice": found.id,
        "held_back": content.held_back,
        "alerts": [each.alert for each in content.alerts if each.enrolment in seen],
        "link": f"{public_url}{content.link}",
    }
