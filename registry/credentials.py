"""What lets an account in: API keys, and links that sign a person in once. Each is shown once and kept as its hash.

A secret is 256 random bits, so a plain SHA-256 keeps it: slow hashes are for passwords, which can be guessed. Before
the secret stands a prefix that is none, by which people recognise it and the registry finds it.
"""

import hmac
import re
import secrets
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from registry import accounts
from registry.accounts import Account
from registry.errors import RegistryError
from registry.schema import credential

Kind = Literal["key", "link"]
"""A `key` is sent with each request of the API; a `link` opens one session of a browser."""

LINK_VALID = timedelta(hours=24)
LONGEST_VALID = timedelta(days=3650)

_SECRET_BYTES = 32
_TOKEN = re.compile(r"(eng_(?:key|link)_[0-9a-f]{10})_[A-Za-z0-9_-]{43}")
_table = credential.c


class UnknownCredentialError(RegistryError):
    """There is no key and no link with this prefix."""


class Issued(Struct, frozen=True, kw_only=True):
    """A new key or link, with its secret, which nobody can show again."""

    token: str
    prefix: str
    kind: Kind
    account: str
    expires_at: datetime | None

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Issued(prefix={self.prefix!r}, account={self.account!r})"


class Credential(Struct, frozen=True, kw_only=True):
    """A key or a link as it is kept."""

    prefix: str
    account: str
    kind: Kind
    created_at: datetime
    expires_at: datetime | None
    """None: it holds until it is revoked."""
    used_at: datetime | None
    """When a link was used; it is good for one time."""
    last_used_on: date | None
    """The last day (UTC) on which a key was used."""
    revoked_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and self.used_at is None and (self.expires_at is None or now < self.expires_at)


_columns = [_table[name] for name in Credential.__struct_fields__]


def issue(connection: Connection, account_id: str, kind: Kind, now: datetime, valid: timedelta | None = None) -> Issued:
    """Make a key or a link for an account, which can have several: so a new one is in use before the old one ends.

    Args:
        connection: The registry, to write.
        account_id: The account.
        kind: Which of the two.
        now: From when it holds.
        valid: For how long. None: a key until it is revoked, a link for `LINK_VALID`.

    Raises:
        RegistryError: There is no such account, it is revoked, or the time is out of bounds.
    """
    if accounts.find(connection, account_id).revoked_at:
        raise RegistryError(f"{account_id} is revoked; grant access to a new account")
    if valid is None and kind == "link":
        valid = LINK_VALID
    if valid is not None and not timedelta(0) < valid <= LONGEST_VALID:
        raise RegistryError(f"a {kind} holds for more than no time and at most {LONGEST_VALID.days} days")
    prefix = f"eng_{kind}_{secrets.token_hex(5)}"
    token = f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    expires_at = now + valid if valid else None
    made = {"prefix": prefix, "account": account_id, "kind": kind, "digest": _digest(token)}
    connection.execute(insert(credential).values(**made, created_at=now, expires_at=expires_at))
    return Issued(token=token, prefix=prefix, kind=kind, account=account_id, expires_at=expires_at)


def prefix_of(token: str) -> str | None:
    """The part of a token that is no secret; None: it is no token of ours."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def check(connection: Connection, token: str, kind: Kind, now: datetime) -> tuple[Account, Credential] | None:
    """Whom a token lets in; None: nobody, for whatever reason. Changes nothing."""
    prefix = prefix_of(token)
    row = connection.execute(select(*_columns, _table.digest).where(_table.prefix == prefix)).mappings().first()
    if row is None or not hmac.compare_digest(row["digest"], _digest(token)):
        return None
    found = Credential(**{name: row[name] for name in Credential.__struct_fields__})
    account = accounts.find(connection, found.account)
    return None if found.kind != kind or account.revoked_at or not found.holds(now) else (account, found)


def use_up(connection: Connection, prefix: str, now: datetime) -> None:
    """Note that a link was used: it lets nobody in again."""
    connection.execute(update(credential).where(_table.prefix == prefix).values(used_at=now))


def note_day(connection: Connection, prefix: str, day: date) -> None:
    """Note that a key was used on a day."""
    connection.execute(update(credential).where(_table.prefix == prefix).values(last_used_on=day))


def of_account(connection: Connection, account_id: str) -> list[Credential]:
    """All keys and links of an account, in the order in which they were made."""
    query = select(*_columns).where(_table.account == account_id).order_by(_table.created_at, _table.prefix)
    return [Credential(**row) for row in connection.execute(query).mappings()]


def revoke(connection: Connection, prefix: str, now: datetime) -> Credential:
    """End one key or link; the account keeps its others, and its sessions.

    Raises:
        UnknownCredentialError: There is none with this prefix.
    """
    row = connection.execute(select(*_columns).where(_table.prefix == prefix)).mappings().first()
    if row is None:
        raise UnknownCredentialError(
            f"there is no key and no link {prefix}; see `engagement access list` for those there are"
        )
    if row["revoked_at"] is None:
        connection.execute(update(credential).where(_table.prefix == prefix).values(revoked_at=now))
    return Credential(**{**row, "revoked_at": row["revoked_at"] or now})


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
