"""Who and what is told of alerts, and whether messages reach them; and what somebody would be told now."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from alerting import listing
from alerting.listing import Traffic
from dashboard.alert_book import BookIfAny
from dashboard.links import address
from dashboard.noting import note_look
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from dashboard.wording import day, moment, number, words
from registry import contacts, endpoints, partners
from registry.audit import Action
from registry.contacts import Contact
from registry.endpoints import Endpoint

router = APIRouter(include_in_schema=False)

LEAD_PROVIDER: Final = "Lead provider"
_WEEKDAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@router.get("/alerts/receivers")
def receivers(request: Request, book: BookIfAny, visitor: SignedIn) -> Response:
    """Contacts and endpoints: staff see all of them, a delivery partner sees its own."""
    traffic = {} if book is None else listing.traffic(book)
    with parts_of(request).registry.reading() as registry:
        people = [each for each in contacts.every(registry) if _is_seen(each.partner, visitor)]
        places = [each for each in endpoints.every(registry) if _is_seen(each.partner, visitor)]
        budgets = list(_budgets(registry, visitor))
    note_look(request, visitor, Action.LIST_READ, "page:alerts/receivers")
    return render(
        request,
        "alert_receivers.html",
        title="Contacts and endpoints",
        active="alerts",
        contacts=[_contact(each, visitor, traffic.get(each.id, Traffic())) for each in people],
        endpoints=[_endpoint(each, traffic.get(each.id, Traffic())) for each in places],
        budgets=budgets,
        usual_budget=partners.WEEKLY_BUDGET,
        of_all=visitor.partner is None,
        terms=parts_of(request).alert_terms,
    )


def _is_seen(partner: str | None, visitor: Visitor) -> bool:
    return visitor.partner in (None, partner)


def _budgets(registry: Connection, visitor: Visitor) -> Iterator[dict[str, Any]]:
    """Of those that have one of their own; of a partner's own account always."""
    if visitor.partner is not None:
        yield {"partner": visitor.partner, "budget": partners.find(registry, visitor.partner).weekly_budget}
        return
    for each in partners.every(registry):
        yield {"partner": each.id, "budget": each.weekly_budget}


def _contact(each: Contact, visitor: Visitor, traffic: Traffic) -> dict[str, Any]:
    return {
        **_receiver(each, traffic),
        "who": each.label if visitor.names else each.id,
        "email": each.email if visitor.names else None,
        "place": each.place,
        "when": _when(each),
        "state": _state_of_contact(each),
        "preview": address("/alerts/preview", contact=each.id),
    }


def _endpoint(each: Endpoint, traffic: Traffic) -> dict[str, Any]:
    return {
        **_receiver(each, traffic),
        "what": words(each.channel),
        "where": each.shown_url,
        "state": _state_of_endpoint(each),
        "delivered_at": each.last_delivered_at or traffic.delivered_at,
    }


def _receiver(each: Contact | Endpoint, traffic: Traffic) -> dict[str, Any]:
    return {
        "id": each.id,
        "partner": each.partner or LEAD_PROVIDER,
        "of": ", ".join(each.programmes) or "All programmes",
        "from": words(each.level),
        "delivered_at": traffic.delivered_at,
        "waiting": _count(each.id, "waiting", traffic.counts),
        "dead": _count(each.id, "dead", traffic.counts),
    }


def _count(receiver: str, state: str, counts: Mapping[Any, int]) -> dict[str, str]:
    href = address("/alerts/messages", receiver=receiver, state=state)
    return {"figure": number(counts.get(state, 0)), "href": href}


def _when(each: Contact) -> str:
    often = "daily" if each.digest == "daily" else f"weekly, on {_WEEKDAYS[each.weekday]},"
    at_once = "; critical ones at once" if each.at_once else ""
    quiet = (
        ""
        if each.quiet_from == each.quiet_until
        else f"; quiet from {_hour(each.quiet_from)} to {_hour(each.quiet_until)}"
    )
    return f"Digest {often} at {_hour(each.hour)}{at_once}{quiet}"


def _hour(hour: int) -> str:
    return f"{hour % 12 or 12}{'am' if hour < 12 else 'pm'}"  # noqa: PLR2004 - noon


def _state_of_contact(each: Contact) -> tuple[str, str, str | None]:
    """In words, with the colour of its tag and what is known besides."""
    if each.bouncing_since:
        return "Bouncing", "red", _since("their server refuses the address", each.bouncing_since)
    if each.unsubscribed_at:
        return "Unsubscribed", "grey", f"since {day(each.unsubscribed_at)}"
    return "On", "green", None


def _state_of_endpoint(each: Endpoint) -> tuple[str, str, str | None]:
    if each.switched_off_at:
        return "Switched off", "red", _since(each.switched_off_reason or "by hand", each.switched_off_at)
    if each.failing_since:
        return "Failing", "orange", f"since {moment(each.failing_since)}"
    return "On", "green", None


def _since(why: str, moment_: datetime) -> str:
    return f"since {moment(moment_)}: {why}"
