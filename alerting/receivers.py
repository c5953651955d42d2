"""Looks receivers up in the registry when something is sent to them, and notes there how it went."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection

from alerting.model import Notice
from alerting.outcomes import Outcome
from alerting.queue import Attempt
from registry import contacts, endpoints
from registry.contacts import Contact, UnknownContactError
from registry.endpoints import Endpoint, UnknownEndpointError
from registry.store import Registry

GONE = "the endpoint answered 410 Gone"
"""Why an endpoint was switched off."""


class Receivers:
    """The contacts and endpoints of the registry, as they are at the moment."""

    def __init__(self, registry: Registry, clock: Callable[[], datetime]) -> None:
        """Look there; `clock` says which secrets of an endpoint are valid still."""
        self._registry, self._clock = registry, clock

    def contact(self, contact_id: str) -> tuple[Contact, str] | None:
        """A contact, with its token to unsubscribe; None: it is not there any more."""
        with self._registry.reading() as connection:
            try:
                found = contacts.find(connection, contact_id)
            except UnknownContactError:
                return None
            if found.removed_at is not None:
                return None
            return found, contacts.unsubscribe_token(connection, contact_id)

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """An endpoint; None: it is not there any more, or switched off."""
        with self._registry.reading() as connection:
            return _endpoint(connection, endpoint_id)

    def signed_endpoint(self, endpoint_id: str) -> tuple[Endpoint, list[str]] | None:
        """An endpoint with its secrets, the current one first; None: as before."""
        with self._registry.reading() as connection:
            found = _endpoint(connection, endpoint_id)
            return None if found is None else (found, endpoints.secrets(connection, endpoint_id, self._clock()))

    def note_gone(self, attempts: Iterable[Attempt]) -> None:
        """Switch endpoints off that want nothing any more; before their messages are cancelled."""
        gone = {each.notice.receiver: each.at for each in attempts if each.outcome.result == "gone"}
        if gone:
            with self._registry.writing() as connection:
                for endpoint_id, at in gone.items():
                    if _endpoint(connection, endpoint_id) is not None:
                        endpoints.switch_off(connection, endpoint_id, at, GONE)

    def note(self, attempts: Iterable[Attempt]) -> None:
        """Note how receivers are doing, by the last attempt to each."""
        latest = {each.notice.receiver: each for each in attempts if _says_something(each.outcome)}
        if latest:
            with self._registry.writing() as connection:
                for each in latest.values():
                    _note(connection, each.notice, each.outcome, each.at)


def _endpoint(connection: Connection, endpoint_id: str) -> Endpoint | None:
    try:
        found = endpoints.find(connection, endpoint_id)
    except UnknownEndpointError:
        return None
    return None if found.removed_at or found.switched_off_at else found


def _says_something(outcome: Outcome) -> bool:
    return outcome.result in {"accepted", "failed", "refused"}


def _note(connection: Connection, notice: Notice, outcome: Outcome, at: datetime) -> None:
    if notice.channel == "email":
        if outcome.bounced:
            contacts.note_bouncing(connection, notice.receiver, at)
    elif outcome.result == "accepted":
        endpoints.note_delivered(connection, notice.receiver, at)
    else:
        endpoints.note_failed(connection, notice.receiver, at)
