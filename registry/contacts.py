"""Whom to write to at a delivery partner, and at the lead provider itself: of what, when, and how often."""

import secrets
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack, get_args

from msgspec import Struct, structs
from sqlalchemy import Connection, insert, select, update

from registry import accounts, audit
from registry.audit import Action, Entry
from registry.codes import fault_of_email, fault_of_text, random_id
from registry.errors import RegistryError
from registry.schema import contact
from registry.wishes import LeastLevel, require_partner, require_scope

Digest = Literal["daily", "weekly"]
DIGESTS: tuple[Digest, ...] = get_args(Digest)

_table = contact.c
_TOKEN_BYTES = 32
_HOURS = range(24)
_WEEKDAYS = range(7)


class UnknownContactError(RegistryError):
    """There is no contact with this id."""


class Contact(Struct, frozen=True, kw_only=True):
    """Somebody who is told by email."""

    id: str
    """Random, fit to stand on the log as who was told."""
    partner: str | None = None
    """None: staff of the lead provider, who are told last, when nobody at a partner answers."""
    label: str
    """How people recognise them; it may be a name. Empty once they are removed."""
    email: str
    programmes: tuple[str, ...] = ()
    """Only of these; empty: of all."""
    level: LeastLevel = "at-risk"
    """The least of which they are told."""
    place: int = 1
    """Who is told first (1), and who next when nobody answers."""
    digest: Digest = "daily"
    """How often what waits is gathered into one message."""
    weekday: int = 0
    """On which day a weekly digest comes, 0 to 6 from Monday."""
    hour: int = 8
    """At which hour of UK time a digest comes."""
    at_once: bool = True
    """Whether they are told of what is critical without waiting for the digest."""
    quiet_from: int = 19
    """From this hour (UK time) until `quiet_until` nothing is sent to them; the same hour twice: they have no rest."""
    quiet_until: int = 7
    account: str | None = None
    """With which they sign in, if they do."""
    unsubscribed_at: datetime | None = None
    """Since when they want no optional mail."""
    bouncing_since: datetime | None = None
    """Since when their server refuses the address for good."""
    created_at: datetime
    removed_at: datetime | None = None

    def __repr__(self) -> str:
        """Without what tells who it is."""
        return f"Contact(id={self.id!r}, partner={self.partner!r})"


class Wishes(TypedDict, total=False):
    """What can be said of a contact; see `Contact`."""

    label: str
    email: str
    programmes: tuple[str, ...]
    level: LeastLevel
    place: int
    digest: Digest
    weekday: int
    hour: int
    at_once: bool
    quiet_from: int
    quiet_until: int
    account: str | None


_columns = [_table[name] for name in Contact.__struct_fields__]


def create(connection: Connection, *, partner: str | None, now: datetime, by: str, **wishes: Unpack[Wishes]) -> Contact:
    """Make a contact of a partner, or, without one, of the lead provider's staff.

    Args:
        connection: The registry, to write.
        partner: The delivery partner.
        now: When it is made.
        by: The account that makes it, for the audit trail.
        **wishes: At least `label` and `email`; what is left out is as `Contact` says.

    Raises:
        RegistryError: Something cannot be so; the message does not repeat the address.
    """
    given = {"label": "", "email": "", **wishes}
    made = Contact(
        id=random_id("contact"),
        partner=partner,
        created_at=now,
        **given,  # type: ignore[arg-type]  # each is typed as a wish
    )
    _require_fit(connection, made)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    connection.execute(insert(contact).values(**structs.asdict(made), unsubscribe_token=token))
    _note(connection, made, Action.PARTNER_CONTACT_ADDED, now, by)
    return made


def find(connection: Connection, contact_id: str) -> Contact:
    """The contact with this id, removed or not.

    Raises:
        UnknownContactError: There is none.
    """
    row = connection.execute(select(*_columns).where(_table.id == contact_id)).mappings().first()
    if row is None:
        raise UnknownContactError(
            f"there is no contact {contact_id}; see `engagement partners contact list` for those there are"
        )
    return Contact(**row)


def of_partner(connection: Connection, partner: str | None) -> list[Contact]:
    """The contacts of a partner, or of the lead provider (None), in their places; without those who were removed."""
    query = select(*_columns).where(_table.partner.is_not_distinct_from(partner), _table.removed_at.is_(None))
    return [Contact(**row) for row in connection.execute(query.order_by(_table.place, _table.id)).mappings()]


def every(connection: Connection) -> list[Contact]:
    """All contacts by partner and place, the lead provider's last; without those who were removed."""
    order = (_table.partner.is_(None), _table.partner, _table.place, _table.id)
    query = select(*_columns).where(_table.removed_at.is_(None)).order_by(*order)
    return [Contact(**row) for row in connection.execute(query).mappings()]


def change(connection: Connection, contact_id: str, *, now: datetime, by: str, **wishes: Unpack[Wishes]) -> Contact:
    """Change what is said of a contact; another address is not known to bounce.

    Raises:
        UnknownContactError: There is none.
        RegistryError: It was removed, or something cannot be so.
    """
    before = _current(connection, contact_id)
    after = structs.replace(before, **wishes)
    if after.email != before.email:
        after = structs.replace(after, bouncing_since=None)
    _require_fit(connection, after)
    if after != before:
        _store(connection, contact_id, {**wishes, "bouncing_since": after.bouncing_since})
        _note(connection, after, Action.PARTNER_CONTACT_CHANGED, now, by)
    return after


def remove(connection: Connection, contact_id: str, *, now: datetime, by: str) -> Contact:
    """Take a contact out for good, with label and address; `Registry.purge` then overwrites their bytes.

    Removing the same again changes nothing.

    Raises:
        UnknownContactError: There is none.
    """
    found = find(connection, contact_id)
    if found.removed_at is None:
        gone = {"label": "", "email": "", "unsubscribe_token": None, "account": None, "removed_at": now}
        _store(connection, contact_id, gone)
        _note(connection, found, Action.PARTNER_CONTACT_REMOVED, now, by)
    return find(connection, contact_id)


def unsubscribe_token(connection: Connection, contact_id: str) -> str:
    """What stands in the link by which this contact unsubscribes, and nobody else knows.

    Raises:
        RegistryError: There is no such contact, or it was removed.
    """
    _current(connection, contact_id)
    token: str | None = connection.scalar(select(_table.unsubscribe_token).where(_table.id == contact_id))
    if token is None:
        raise RegistryError(f"{contact_id} has no link to unsubscribe; remove it and add it again")
    return token


def unsubscribe(connection: Connection, token: str, now: datetime) -> Contact | None:
    """Note that whoever holds this token wants no optional mail; again, it changes nothing. None: it is nobody's."""
    found = with_token(connection, token)
    if found is None or found.unsubscribed_at:
        return found
    _store(connection, found.id, {"unsubscribed_at": now})
    _note(connection, found, Action.PARTNER_CONTACT_UNSUBSCRIBED, now, by=found.id)
    return structs.replace(found, unsubscribed_at=now)


def with_token(connection: Connection, token: str) -> Contact | None:
    """The contact whose link to unsubscribe has this token; None: nobody's has."""
    row = connection.execute(select(*_columns).where(_table.unsubscribe_token == token)).mappings().first()
    return Contact(**row) if row else None


def resubscribe(connection: Connection, contact_id: str, *, now: datetime, by: str) -> Contact:
    """Note that a contact wants optional mail again.

    Raises:
        RegistryError: There is no such contact, or it was removed.
    """
    found = _current(connection, contact_id)
    if found.unsubscribed_at:
        _store(connection, contact_id, {"unsubscribed_at": None})
        _note(connection, found, Action.PARTNER_CONTACT_RESUBSCRIBED, now, by)
    return structs.replace(found, unsubscribed_at=None)


def note_bouncing(connection: Connection, contact_id: str, now: datetime) -> None:
    """Note that the address is refused for good, since now unless it was so before; another address ends it."""
    is_new = _table.id == contact_id, _table.bouncing_since.is_(None)
    connection.execute(update(contact).where(*is_new).values(bouncing_since=now))


def _current(connection: Connection, contact_id: str) -> Contact:
    found = find(connection, contact_id)
    if found.removed_at:
        raise RegistryError(f"{contact_id} was removed; add a new contact")
    return found


def _store(connection: Connection, contact_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(contact).where(_table.id == contact_id).values(values))


def _note(connection: Connection, of: Contact, action: Action, now: datetime, by: str) -> None:
    details = {"partner": of.partner} if of.partner else {}
    audit.append(connection, now, Entry(by, action, f"contact:{of.id}", details))


def _require_fit(connection: Connection, given: Contact) -> None:
    require_partner(given.partner)
    require_scope(given.programmes, given.level)
    if fault := fault_of_text(given.label):
        raise RegistryError(f"the label of a contact cannot be used: {fault}")
    if fault := fault_of_email(given.email):
        raise RegistryError(f"the email address of a contact cannot be used: {fault}")
    if given.digest not in DIGESTS:
        raise RegistryError(f"{given.digest} is no kind of digest; use one of {', '.join(DIGESTS)}")
    if given.place < 1:
        raise RegistryError("the place of a contact is 1 for who is told first, then 2, 3 and so on")
    if given.weekday not in _WEEKDAYS:
        raise RegistryError("the weekday of a digest is a number from 0, Monday, to 6, Sunday")
    if not {given.hour, given.quiet_from, given.quiet_until} <= set(_HOURS):
        raise RegistryError("an hour is a number from 0 to 23, in UK time")
    if given.account is not None:
        accounts.find(connection, given.account)
