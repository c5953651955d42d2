"""Makes sign-in links for whoever asks with an email address; whether an account has it is told to nobody."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from registry import accounts, audit, credentials, throttle
from registry.audit import Action, Entry
from registry.signing_in import TooManyFailuresError
from registry.store import Registry

VALID: Final = timedelta(hours=1)
"""For how long a link that was asked for signs somebody in: mail is slow at times, and lies about."""


class Link(NamedTuple):
    """A sign-in link to be sent."""

    account: str
    email: str
    """As the account has it."""
    token: str
    """The last part of the link."""


def count_asking(registry: Registry, address: str, now: datetime) -> None:
    """Count that somebody asks for a link; `address` is where the request comes from.

    Raises:
        TooManyFailuresError: Too many have asked from there.
    """
    subject = throttle.asking_from(address)
    with registry.writing() as connection:
        if seconds := throttle.seconds_to_wait(connection, [subject], now, throttle.LINKS_FROM_ONE):
            raise TooManyFailuresError(seconds)
        throttle.note_failure(connection, [subject], now)


def links_for(registry: Registry, email: str, now: datetime) -> list[Link]:
    """A link for each account with this email address; none where too many were asked for lately."""
    wanted = email.strip()
    subject = throttle.asking_for(wanted.lower())
    with registry.writing() as connection:
        if throttle.seconds_to_wait(connection, [subject], now, throttle.LINKS_TO_ONE):
            return []
        throttle.note_failure(connection, [subject], now)
        found = accounts.with_email(connection, wanted)
        issued = [credentials.issue(connection, each.id, "link", now, VALID) for each in found]
        entries = [
            Entry(None, Action.SIGN_IN_LINK_ASKED, f"account:{each.account}", {"link": each.prefix}) for each in issued
        ]
        audit.append(connection, now, *(entries or [Entry(None, Action.SIGN_IN_LINK_ASKED)]))
    return [Link(each.id, each.email or wanted, made.token) for each, made in zip(found, issued, strict=True)]
