"""Who looked at what and who did what, in a chain: an entry that is changed, taken out or put in is found.

Each entry carries the SHA-256 of what it says and of the entry before. Whoever can write to the registry could make a
whole chain anew, or cut its end off; that is found by a head that was kept elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, insert, select

from registry.codes import require_code
from registry.errors import RegistryError
from registry.schema import audit

COMMAND_LINE = "command-line"
"""Stands for an account where somebody used the program on the machine itself."""

DISPATCHER = "dispatcher"
"""Stands for an account where the program that sends alerts did something by itself."""

_START = sha256(b"audit trail of the registry").hexdigest()
_table = audit.c
_ROWS_AT_ONCE = 1_000


class AuditTrailError(RegistryError):
    """The trail is not what was written; the message names the first entry that does not fit."""


class Action(StrEnum):
    """Everything that is noted."""

    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    PARTICIPANT_READ = "participant-read"
    LIST_READ = "list-read"
    LIST_EXPORTED = "list-exported"
    PEOPLE_SEARCHED = "people-searched"
    FLAG_ACKNOWLEDGED = "flag-acknowledged"
    CONTACT_NOTED = "contact-noted"
    IMPROVEMENT_NOTED = "improvement-noted"
    DEFERRAL_REQUESTED = "deferral-requested"
    DEFERRAL_APPROVED = "deferral-approved"
    RETURN_NOTED = "return-noted"
    WITHDRAWAL_RECOMMENDED = "withdrawal-recommended"
    WITHDRAWAL_OBJECTED = "withdrawal-objected"
    WITHDRAWAL_SIGNED_OFF = "withdrawal-signed-off"
    ALERTS_MUTED = "alerts-muted"
    REGISTER_UPLOADED = "register-uploaded"
    EVENTS_SENT = "events-sent"
    REJECT_RETRIED = "reject-retried"
    REJECT_DISMISSED = "reject-dismissed"
    ACCESS_GRANTED = "access-granted"
    ACCESS_REVOKED = "access-revoked"
    PEOPLE_IMPORTED = "people-imported"
    PERSON_EXPORTED = "person-exported"
    PERSON_ERASED = "person-erased"
    PARTNER_CHANGED = "partner-changed"
    PARTNER_CONTACT_ADDED = "partner-contact-added"
    PARTNER_CONTACT_CHANGED = "partner-contact-changed"
    PARTNER_CONTACT_REMOVED = "partner-contact-removed"
    PARTNER_CONTACT_UNSUBSCRIBED = "partner-contact-unsubscribed"
    PARTNER_CONTACT_RESUBSCRIBED = "partner-contact-resubscribed"
    ENDPOINT_ADDED = "endpoint-added"
    ENDPOINT_SECRET_CHANGED = "endpoint-secret-changed"  # noqa: S105 - the name of an action
    ENDPOINT_SWITCHED_OFF = "endpoint-switched-off"
    ENDPOINT_SWITCHED_ON = "endpoint-switched-on"
    ENDPOINT_REMOVED = "endpoint-removed"
    SIGN_IN_LINK_ASKED = "sign-in-link-asked"
    ALERT_REPLAYED = "alert-replayed"


class Entry(NamedTuple):
    """What is to be noted; all of it codes and ids, never a name."""

    account: str | None
    """Who; None: somebody who was not let in."""
    action: Action
    thing: str | None = None
    """What it was done to, as `participant:ID`, `enrolment:ID`, `partner:ID`, `account:ID`, `reject:ID`,
    `contact:ID`, `endpoint:ID`, `notice:ID`."""
    details: Mapping[str, str | int] = {}


class Noted(Struct, frozen=True, kw_only=True):
    """An entry as it stands in the trail."""

    number: int
    """1, 2, 3 ... without gaps."""
    at: datetime
    account: str | None
    action: str
    thing: str | None
    details: dict[str, str | int]


class Head(NamedTuple):
    """Where the trail ends: kept elsewhere, it shows later whether anything up to it was changed or cut off."""

    number: int
    """0: nothing was noted yet."""
    hash: str


def append(connection: Connection, now: datetime, *entries: Entry) -> Head:
    """Note entries in the transaction of what they tell, on a connection of `Registry.writing()`; answer the new head.

    Raises:
        RegistryError: Something is no code; then nothing must be written.
    """
    end = head(connection)
    rows = []
    for entry in entries:
        row = _row(entry, end, now.astimezone(UTC))
        end = Head(row["number"], row["hash"])
        rows.append(row)
    if rows:
        connection.execute(insert(audit), rows)
    return end


def head(connection: Connection) -> Head:
    """Where the trail ends now."""
    last = connection.execute(select(_table.number, _table.hash).order_by(_table.number.desc()).limit(1)).first()
    return Head(*last) if last else Head(0, _START)


def entries(
    connection: Connection, *, things: Sequence[str] = (), account: str | None = None, limit: int | None = 100
) -> list[Noted]:
    """The latest entries, the last one first: of any of these things, of this account, or all."""
    query = select(audit)
    if things:
        query = query.where(_table.thing.in_(things))
    if account is not None:
        query = query.where(_table.account == account)
    return [_noted(row) for row in connection.execute(query.order_by(_table.number.desc()).limit(limit))]


def verify(connection: Connection, kept: Head | None = None) -> Head:
    """Check the chain from its beginning; answer its head.

    Args:
        connection: The registry.
        kept: A head that was noted elsewhere earlier; the trail must still have it.

    Raises:
        AuditTrailError: Naming the first entry that does not fit.
    """
    end = Head(0, _START)
    for row in _stored(connection, select(audit).order_by(_table.number)):
        if row.number != end.number + 1:
            raise AuditTrailError(f"the audit trail has no entry {end.number + 1}; compare it with a copy")
        if row.previous != end.hash or row.hash != _hash_of(row._asdict()):
            raise AuditTrailError(f"entry {row.number} of the audit trail was changed; compare it with a copy")
        end = Head(row.number, row.hash)
        if kept and kept.number == end.number and kept.hash != end.hash:
            raise AuditTrailError(f"the audit trail up to entry {end.number} was written anew; compare it with a copy")
    if kept and kept.number > end.number:
        raise AuditTrailError(
            f"the audit trail ends at entry {end.number} but went on to {kept.number}; compare it with a copy"
        )
    return end


def _row(entry: Entry, end: Head, now: datetime) -> dict[str, Any]:
    details = (
        (each, code) for pair in entry.details.items() for each, code in zip(("name", "value"), pair, strict=True)
    )
    for what, code in (("account", entry.account), ("thing", entry.thing), *details):
        if isinstance(code, str):
            require_code(code, f"{what} in an entry of the audit trail")
    row = {
        "number": end.number + 1,
        "at": now,
        "account": entry.account,
        "action": Action(entry.action).value,
        "thing": entry.thing,
        "details": msgspec.json.encode(dict(entry.details), order="sorted").decode(),
        "previous": end.hash,
    }
    return {**row, "hash": _hash_of(row)}


def _hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over canonical JSON: the values in this order, the moment in UTC with microseconds."""
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    said = [row["number"], at, row["account"], row["action"], row["thing"], row["details"], row["previous"]]
    return sha256(msgspec.json.encode(said)).hexdigest()


def _stored(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})


def _noted(row: Row[Any]) -> Noted:
    said = {name: getattr(row, name) for name in Noted.__struct_fields__}
    return Noted(**{**said, "details": msgspec.json.decode(row.details)})
