"""Lets people and systems in, or not: the steps of every door in one place, so that no door forgets one."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from registry import audit, credentials, sessions, throttle
from registry.accounts import Account
from registry.audit import Action, Entry
from registry.errors import RegistryError
from registry.sessions import Session
from registry.store import Registry


class NotLetInError(RegistryError):
    """A key or link lets nobody in. Why is not told: it would help who guesses."""


class TooManyFailuresError(RegistryError):
    """Too many tries have failed from there; nothing is looked at until the wait is over."""

    def __init__(self, seconds: int) -> None:
        """Say how long to wait."""
        super().__init__(f"too many attempts to sign in have failed; try again in {seconds} seconds")
        self.seconds = seconds
        """For `Retry-After`."""


class SignedIn(NamedTuple):
    """A session that has just begun."""

    token: str
    """For the cookie."""
    account: Account


def with_link(
    registry: Registry, token: str, address: str, now: datetime, *, instead_of: str | None = None
) -> SignedIn:
    """Use a sign-in link up and begin a session.

    Args:
        registry: Who may come in.
        token: The last part of the link.
        address: Where the request comes from.
        now: When.
        instead_of: The session that the browser has, which ends.

    Raises:
        TooManyFailuresError: Too many tries from there, or of this link, have failed.
        NotLetInError: The link was used, has expired, was revoked, or never was one.
    """
    with registry.writing() as connection:
        _require_patience(connection, token, address, now)
        if found := credentials.check(connection, token, "link", now):
            account, link = found
            credentials.use_up(connection, link.prefix, now)
            session = sessions.start(connection, account.id, now, instead_of=instead_of)
            entry = Entry(account.id, Action.SIGNED_IN, f"account:{account.id}", {"link": link.prefix})
            audit.append(connection, now, entry)
            return SignedIn(session, account)
        _note_failure(connection, token, address, now)
    raise NotLetInError("this link does not sign anybody in: it may have been used, or be too old; ask for a new one")


def with_key(registry: Registry, token: str, address: str, now: datetime) -> Account:
    """The account of an API key, at each request; the day of its use is noted.

    Raises:
        TooManyFailuresError: Too many tries from there, or of this key, have failed.
        NotLetInError: The key has expired, was revoked, or never was one.
    """
    with registry.reading() as connection:
        _require_patience(connection, token, address, now)
        found = credentials.check(connection, token, "key", now)
    if found:
        account, key = found
        if key.last_used_on != (today := now.astimezone(UTC).date()):
            with registry.writing() as connection:
                credentials.note_day(connection, key.prefix, today)
        return account
    with registry.writing() as connection:
        _require_patience(connection, token, address, now)
        _note_failure(connection, token, address, now)
    raise NotLetInError("this key lets nobody in: it may have been revoked, or be too old; ask for a new one")


def with_session(registry: Registry, token: str, now: datetime) -> Session | None:
    """The session of a cookie, at each request; None: whoever it is must sign in."""
    with registry.reading() as connection:
        found = sessions.find(connection, token, now)
    if found and found.to_be_noted(now):
        with registry.writing() as connection:
            sessions.note(connection, token, now)
    return found


def sign_out(registry: Registry, token: str, now: datetime) -> None:
    """End the session of a cookie, if it has not ended."""
    with registry.writing() as connection:
        found = sessions.find(connection, token, now)
        sessions.end(connection, token)
        if found:
            audit.append(connection, now, Entry(found.account.id, Action.SIGNED_OUT, f"account:{found.account.id}"))


def _require_patience(connection: Connection, token: str, address: str, now: datetime) -> None:
    subjects = throttle.subjects(address, credentials.prefix_of(token))
    if seconds := throttle.seconds_to_wait(connection, subjects, now):
        raise TooManyFailuresError(seconds)


def _note_failure(connection: Connection, token: str, address: str, now: datetime) -> None:
    prefix = credentials.prefix_of(token)
    throttle.note_failure(connection, throttle.subjects(address, prefix), now)
    details = {"prefix": prefix} if prefix else {}
    audit.append(connection, now, Entry(None, Action.SIGN_IN_REFUSED, details=details))
