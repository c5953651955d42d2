"""Sessions of browsers, after a person has signed in by a link.

A session ends 12 hours after its last request and 7 days after it began. The dashboard stays open all day beside other
work, and a session of half an hour would have people keep their links where they find them again; overnight it ends, on
a machine that is left. Weekly, everybody proves anew that they are still sent links. The log has no undo, but no action
is final by itself: each names the account, and can be corrected by another fact. (OWASP ASVS 5.0, 7.1.1 and 7.3, asks
for both limits, chosen by risk and written down.)
"""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, or_, select, update

from registry.accounts import Account
from registry.schema import account, session

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a session was last used, so that looking at a page writes nothing."""

_SECRET_BYTES = 32
_table = session.c


class Session(Struct, frozen=True, kw_only=True):
    """A session that holds."""

    account: Account
    started_at: datetime
    seen_at: datetime

    def to_be_noted(self, now: datetime) -> bool:
        """Whether it is time to note that it is in use."""
        return now - self.seen_at >= SEEN_EVERY


def start(connection: Connection, account_id: str, now: datetime, *, instead_of: str | None = None) -> str:
    """Begin a session; answer its token, for a cookie. What the browser had before (`instead_of`) ends.

    The token is always a new one, so that nobody can have planted it.
    """
    if instead_of is not None:
        end(connection, instead_of)
    connection.execute(delete(session).where(or_(_table.seen_at <= now - IDLE, _table.started_at <= now - LONGEST)))
    token = secrets.token_urlsafe(_SECRET_BYTES)
    made = {"digest": _digest(token), "account": account_id, "started_at": now, "seen_at": now}
    connection.execute(insert(session).values(made))
    return token


def find(connection: Connection, token: str, now: datetime) -> Session | None:
    """The session of a token; None: there is none, it has ended, or its account was revoked."""
    query = select(_table.started_at, _table.seen_at, account).join(account, account.c.id == _table.account)
    row = connection.execute(query.where(_table.digest == _digest(token))).mappings().first()
    if row is None or row["revoked_at"] or now - row["seen_at"] >= IDLE or now - row["started_at"] >= LONGEST:
        return None
    theirs = Account(**{name: row[name] for name in Account.__struct_fields__})
    return Session(account=theirs, started_at=row["started_at"], seen_at=row["seen_at"])


def note(connection: Connection, token: str, now: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(update(session).where(_table.digest == _digest(token)).values(seen_at=now))


def end(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(session).where(_table.digest == _digest(token)))


def csrf_token(token: str) -> str:
    """What the forms of a session carry: made from its token, so no other site knows it and nothing more is kept."""
    return hmac.new(token.encode(), b"csrf", "sha256").hexdigest()


def is_csrf_token(token: str, given: str) -> bool:
    """Whether a form belongs to the session of a token; compared in constant time."""
    return hmac.compare_digest(csrf_token(token).encode(), given.encode(errors="replace"))


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
