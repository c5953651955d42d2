"""Gives requests the alert book as of one moment, and what people may see of it: who is told of, by name and state."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from sqlalchemy import Connection

from alerting import listing
from alerting.listing import Telling
from alerting.model import Alert, Notice
from dashboard.links import to_alert, to_enrolment, to_notice
from dashboard.naming import names_of
from dashboard.problems import NotReadyError, NotThereError
from dashboard.reading import own_enrolment
from dashboard.visitors import Visitor, parts_of
from projections import enrolment_list
from projections.list_filters import Wanted
from registry import contacts, endpoints
from registry.contacts import Contact
from registry.endpoints import Endpoint

NO_DISPATCHER: Final = (
    "No dispatcher has run yet, so there are no alerts. `engagement dispatcher` starts one; `engagement up` runs it "
    "beside the worker and the dashboard."
)


def _book(request: Request) -> Iterator[Connection | None]:
    request.state.alerts = request.app.state.alerts.look()  # before anything is read: what changes then is told later
    store = parts_of(request).alerts()
    if store is None:
        yield None
        return
    with store.reading() as connection:
        yield connection


def _book_there(book: "BookIfAny") -> Connection:
    if book is None:
        raise NotReadyError(NO_DISPATCHER)
    return book


BookIfAny = Annotated[Connection | None, Depends(_book)]
"""A connection to the alert book, everything as of one moment; None: no dispatcher has run yet."""

Book = Annotated[Connection, Depends(_book_there)]
"""The same, where nothing can be told without it."""


def own_alert(book: Connection, rows: Connection, visitor: Visitor, alert: str) -> tuple[Alert, dict[str, Any]]:
    """An alert that the visitor may see, and the row of its enrolment.

    Raises:
        NotThereError: There is none, or it is another delivery partner's: which of the two is not told.
    """
    found = listing.find(book, alert) if alert.isprintable() else None
    if found is None or visitor.partner not in (None, found.partner):
        raise NotThereError("There is no such alert, or it is not with your organisation.")
    try:
        return found, own_enrolment(rows, visitor, found.enrolment)
    except NotThereError as error:
        raise NotThereError("There is no such alert, or it is not with your organisation.") from error


def own_tellings(book: Connection, visitor: Visitor, alert: str) -> list[Telling]:
    """The messages that tell of an alert, the first first, but for those that went to another delivery partner before.

    How many alerts these tell of, and to whom they went, is not for the partner that the enrolment is with now.
    """
    return [each for each in listing.tellings(book, alert) if visitor.partner in (None, each.notice.partner)]


def own_notice(book: Connection, visitor: Visitor, notice: str) -> Notice:
    """A message that the visitor may see.

    Raises:
        NotThereError: There is none, or it tells of another delivery partner's participants.
    """
    found = listing.find_notice(book, notice) if notice.isprintable() else None
    if found is None or visitor.partner not in (None, found.partner):
        raise NotThereError("There is no such message, or it is not for your organisation.")
    return found


def alert_rows(
    request: Request, visitor: Visitor, book: Connection, rows: Connection, alerts: Iterable[Alert]
) -> list[dict[str, Any]]:
    """Alerts as tables show them: with the enrolment as it stands now, where the visitor may still see it.

    Who has gone to another delivery partner since, or was erased, is told of without an id.
    """
    listed = list(alerts)
    now = enrolment_list.those(rows, Wanted(partner=visitor.partner), (each.enrolment for each in listed))
    names = names_of(request, visitor, {row["participant"] for row in now.values()})
    steps = listing.latest_steps(book, [each.id for each in listed])
    return [
        {
            "alert": each,
            "row": row,
            "step": steps.get(each.id),
            "name": row and names.get(row["participant"]),
            "enrolment": row and each.enrolment,
            "href": row and to_enrolment(each.enrolment),
            "alert_href": row and to_alert(each.id),
            "stage": row["stage"] if row and row["flagged_since"] else None,
        }
        for each in listed
        for row in (now.get(each.enrolment),)
    ]


def notice_row(notice: Notice, receivers: Mapping[str, str]) -> dict[str, Any]:
    """A message as tables show it."""
    return {
        "notice": notice,
        "to": receivers.get(notice.receiver, notice.receiver),
        "alerts": len(notice.content.alerts),
        "href": to_notice(notice.id),
    }


def receivers(request: Request, visitor: Visitor) -> dict[str, str]:
    """How people recognise contacts and endpoints, by id; of the lead provider's own, a partner learns no more."""
    with parts_of(request).registry.reading() as registry:
        known: list[Contact | Endpoint] = [*contacts.every(registry), *endpoints.every(registry)]
    seen = {each.id: _label(each, visitor) for each in known if visitor.partner in (None, each.partner)}
    return {**{each.id: "lead provider" for each in known if each.partner is None}, **seen}


def _label(receiver: Contact | Endpoint, visitor: Visitor) -> str:
    """A contact's may be a name, so it is shown to those only who see names."""
    if isinstance(receiver, Endpoint):
        return f"{receiver.channel} {receiver.shown_url}"
    return receiver.label if visitor.names else receiver.id
