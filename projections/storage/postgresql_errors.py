"""What PostgreSQL says, in plain words: what happened, and what to do about it. Passwords are never told."""

import psycopg
from sqlalchemy import ExceptionContext

from projections.storage.places import Database, Schema
from projections.storage.store_errors import ContendedError, StoreAwayError, StoreError

_CONTENDED = {"40001", "40P01", "55P03", "57014"}
"""Serialisation failure, deadlock, a lock that was not had in time, a statement that was cancelled."""

_UNREADABLE = {"3F000", "42P01", "42703", "42883", "42804"}
"""No such schema, table, column or function, or of another type: our statements are fixed, so the schema is not."""

_REMEDIES = {
    "42501": "the user lacks a right; let them create schemas (GRANT CREATE ON DATABASE) and own those of engagement",
    "25006": "it takes no writes; name the primary server, and a user whose transactions may write",
    "53100": "the server's disk is full; free some space and try again",
    "53200": "the server has no memory left; give it more and try again",
    "58030": "the server's disk refused; look at the server's log",
    "XX001": "the server found damage; look at the server's log, then run `engagement rebuild`",
    "XX002": "the server found damage; look at the server's log, then run `engagement rebuild`",
}

_REFUSALS = {
    "password authentication failed": "the user or the password is wrong; correct them in ENGAGEMENT_DATABASE",
    "no password supplied": "a password is needed; give it in ENGAGEMENT_DATABASE",
    "no pg_hba.conf entry": "the server lets this user or machine not in; allow them in its pg_hba.conf",
    'role "': "there is no such user, or they may not log in; create them, or correct ENGAGEMENT_DATABASE",
    'database "': "there is no such database; create it, or correct ENGAGEMENT_DATABASE",
    "permission denied for database": "the user may not connect; GRANT CONNECT to them",
    "certificate": "TLS failed; check the certificates and sslmode",
}
"""Of connections: what the driver's text contains, for it has no codes then."""


def plain_error(context: ExceptionContext, place: Database | Schema) -> StoreError | None:
    """Our error instead of the driver's; None for what says that the program is wrong."""
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, psycopg.Error):
        return None
    code, said = error.sqlstate, " ".join(str(error).split())
    if code is None and isinstance(error, psycopg.OperationalError) and context.connection is None:
        return _not_connected(said, place)
    if code in _CONTENDED:
        return ContendedError(f"{place}: another worker was in the way ({said}); try again")
    if code in _UNREADABLE:
        return StoreError(
            f"{place} is not, or no longer, a readable projection store ({said}); "
            "if a rebuild has replaced it try again, otherwise run `engagement rebuild`"
        )
    if code in _REMEDIES:
        return StoreError(f"the {place} could not be read or written: {_REMEDIES[code]} ({said})")
    return _away(said, place) if _is_away(error, context) else None


def _not_connected(said: str, place: Database | Schema) -> StoreError:
    remedy = next((remedy for words, remedy in _REFUSALS.items() if words in said), None)
    return StoreError(f"the {place} could not be opened: {remedy}") if remedy else _away(said, place)


def _away(said: str, place: Database | Schema) -> StoreAwayError:
    return StoreAwayError(f"the {place} cannot be reached: {said}; try again when the server is back")


def _is_away(error: psycopg.Error, context: ExceptionContext) -> bool:
    """Whether there is no connection (any more): refused, lost, ended by the server, or no room for one more."""
    code = error.sqlstate or ""
    lost = code.startswith(("08", "57P")) or code in {"25P03", "53300"}
    return lost or context.is_disconnect or (not code and isinstance(error, psycopg.OperationalError))
