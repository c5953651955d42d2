"""Says what a contact would be told at their next digest, as things stand: nothing is planned and nothing is sent."""

from datetime import date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from alerting import windows
from alerting.model import Notice
from alerting.planning import situation
from alerting.policy import AlertPolicy
from alerting.routing import route
from alerting.store import AlertStore
from learning.calendar import UK, StudyCalendar
from registry.contacts import Contact
from registry.store import Registry

LOOK_AHEAD: Final = timedelta(days=70)
"""Beyond the longest holidays, even for a weekly digest."""


class Preview(Struct, frozen=True, kw_only=True):
    """What a contact would be told."""

    at: datetime | None
    """When the next digest is due; None: not within `LOOK_AHEAD`."""
    notices: tuple[Notice, ...]
    """The messages of that moment: a digest for each delivery partner, and what else is due then."""


def preview(
    store: AlertStore,
    registry: Registry,
    contact: Contact,
    now: datetime,
    *,
    terms: StudyCalendar,
    policy: AlertPolicy,
    dry: bool,
) -> Preview:
    """What a contact would be told at their next digest, if nothing changed until then.

    Args:
        store: The alert book.
        registry: Whom there is to tell.
        contact: Who is told.
        now: The moment from which on a digest is looked for.
        terms: When term is.
        policy: The figures of alerting.
        dry: Whether messages would be composed only.
    """
    found = situation(store, registry, now, policy, dry=dry)
    at = _next_digest(contact, found.digests.get(contact.id), now, terms)
    if at is None:
        return Preview(at=None, notices=())
    plan = route(situation(store, registry, at, policy, dry=dry), terms, policy)
    return Preview(at=at, notices=tuple(each for each in plan.notices if each.receiver == contact.id))


def _next_digest(contact: Contact, planned: date | None, now: datetime, terms: StudyCalendar) -> datetime | None:
    """The first moment at which one is due: now, or at the contact's hour on a later day."""
    today, hour = now.astimezone(UK).date(), time(windows.digest_hour(contact))
    days = (datetime.combine(today + timedelta(days=day), hour, tzinfo=UK) for day in range(LOOK_AHEAD.days))
    moments = (now, *(each for each in days if each > now))
    return next((each for each in moments if windows.digest_window(contact, planned, each, terms)), None)
