"""Where other systems are told: webhooks, with the secrets that sign what is sent, and chat rooms."""

import binascii
import secrets as random_secrets
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from msgspec import Struct, structs
from sqlalchemy import Connection, insert, select, update

from registry import audit
from registry.audit import DISPATCHER, Action, Entry
from registry.codes import fault_of_text, random_id
from registry.errors import RegistryError
from registry.schema import endpoint
from registry.wishes import LeastLevel, require_partner, require_scope

EndpointChannel = Literal["webhook", "chat"]
ENDPOINT_CHANNELS: tuple[EndpointChannel, ...] = get_args(EndpointChannel)

PREVIOUS_SECRET_VALID = timedelta(hours=24)
"""For how long both secrets sign after a change, so that a receiver has time to take the new one."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - only how a secret begins
_SECRET_BYTES = 32
_LEAST_BYTES, _MOST_BYTES = 24, 64
"""Bounds of the Standard Webhooks specification (https://www.standardwebhooks.com), signature scheme, symmetric."""

_LONGEST_URL = 2_000
_table = endpoint.c


class UnknownEndpointError(RegistryError):
    """There is no endpoint with this id."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """A place that is told, without its secrets."""

    id: str
    partner: str | None = None
    """None: the lead provider's own."""
    channel: EndpointChannel
    url: str
    """Of a chat as Apprise writes it; it may hold a password. Empty once it is removed."""
    programmes: tuple[str, ...] = ()
    """Only of these; empty: of all."""
    level: LeastLevel = "at-risk"
    """The least of which it is told."""
    created_at: datetime
    switched_off_at: datetime | None = None
    switched_off_reason: str | None = None
    failing_since: datetime | None = None
    """When what was sent was first refused after the latest success."""
    last_delivered_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def shown_url(self) -> str:
        """Where it is, without what may be a password: the host of a webhook, the kind of a chat."""
        if not self.url:
            return ""
        parts = urlsplit(self.url)
        if self.channel == "chat":
            return f"{parts.scheme}://…"
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{'/…' if parts.path.strip('/') or parts.query else '/'}"

    def __repr__(self) -> str:
        """Without the address."""
        return f"Endpoint(id={self.id!r}, partner={self.partner!r}, at={self.shown_url!r})"


_columns = [_table[name] for name in Endpoint.__struct_fields__]


def new_secret() -> str:
    """A secret as the Standard Webhooks specification wants it, of 256 random bits."""
    return SECRET_PREFIX + b64encode(random_secrets.token_bytes(_SECRET_BYTES)).decode()


def create(
    connection: Connection,
    *,
    partner: str | None,
    channel: EndpointChannel,
    url: str,
    now: datetime,
    by: str,
    secret: str | None = None,
    programmes: tuple[str, ...] = (),
    level: LeastLevel = "at-risk",
) -> Endpoint:
    """Make an endpoint. Whether anything may be sent to its address is checked by who asks for it, and when sending.

    Args:
        connection: The registry, to write.
        partner: The delivery partner; None: the lead provider.
        channel: What it is.
        url: Where it is.
        now: When it is made.
        by: The account that makes it, for the audit trail.
        secret: Of a webhook, as `new_secret` makes it: it is shown to who asked, and to nobody later.
        programmes: Only of these; empty: of all.
        level: The least of which it is told.

    Raises:
        RegistryError: Something cannot be so; the message does not repeat the address.
    """
    require_partner(partner)
    require_scope(programmes, level)
    if channel not in ENDPOINT_CHANNELS:
        raise RegistryError(f"{channel} is no kind of endpoint; use one of {', '.join(ENDPOINT_CHANNELS)}")
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url or not urlsplit(url).scheme:
        raise RegistryError("the address of an endpoint cannot be used: write it as scheme://host/path")
    if (channel == "webhook") != (secret is not None):
        raise RegistryError("a webhook has a secret, a chat has none")
    if secret is not None:
        _require_secret(secret)
    made = Endpoint(
        id=random_id("endpoint"),
        partner=partner,
        channel=channel,
        url=url,
        programmes=programmes,
        level=level,
        created_at=now,
    )
    connection.execute(insert(endpoint).values(**structs.asdict(made), secret=secret))
    _note(connection, made, Action.ENDPOINT_ADDED, now, by)
    return made


def find(connection: Connection, endpoint_id: str) -> Endpoint:
    """The endpoint with this id, removed or not.

    Raises:
        UnknownEndpointError: There is none.
    """
    row = connection.execute(select(*_columns).where(_table.id == endpoint_id)).mappings().first()
    if row is None:
        raise UnknownEndpointError(
            f"there is no endpoint {endpoint_id}; see `engagement partners endpoint list` for those there are"
        )
    return Endpoint(**row)


def of_partner(connection: Connection, partner: str | None) -> list[Endpoint]:
    """The endpoints of a partner, or of the lead provider (None), that are switched on."""
    query = select(*_columns).where(
        _table.partner.is_not_distinct_from(partner), _table.removed_at.is_(None), _table.switched_off_at.is_(None)
    )
    return [Endpoint(**row) for row in connection.execute(query.order_by(_table.created_at, _table.id)).mappings()]


def every(connection: Connection) -> list[Endpoint]:
    """All endpoints by partner, the lead provider's last; switched off ones too, without those that were removed."""
    order = (_table.partner.is_(None), _table.partner, _table.created_at, _table.id)
    query = select(*_columns).where(_table.removed_at.is_(None)).order_by(*order)
    return [Endpoint(**row) for row in connection.execute(query).mappings()]


def secrets(connection: Connection, endpoint_id: str, now: datetime) -> list[str]:
    """What signs a message to a webhook: its secret, and for a day after a change the one before; none for a chat.

    Raises:
        UnknownEndpointError: There is none.
    """
    find(connection, endpoint_id)
    kept = select(_table.secret, _table.previous_secret, _table.rotated_at).where(_table.id == endpoint_id)
    secret, previous, rotated_at = connection.execute(kept).one()
    both_hold = rotated_at is not None and now < rotated_at + PREVIOUS_SECRET_VALID
    return [each for each in (secret, previous if both_hold else None) if each is not None]


def rotate(connection: Connection, endpoint_id: str, secret: str, *, now: datetime, by: str) -> Endpoint:
    """Give a webhook another secret; the one before signs beside it for a day.

    Raises:
        RegistryError: There is no such webhook, it was removed, or the secret is none.
    """
    found = _current(connection, endpoint_id)
    if found.channel != "webhook":
        raise RegistryError(f"{endpoint_id} is a chat and has no secret; remove it and add it with its new address")
    _require_secret(secret)
    _store(connection, endpoint_id, {"previous_secret": _table.secret, "secret": secret, "rotated_at": now})
    _note(connection, found, Action.ENDPOINT_SECRET_CHANGED, now, by)
    return found


def switch_off(
    connection: Connection, endpoint_id: str, now: datetime, reason: str, *, by: str = DISPATCHER
) -> Endpoint:
    """Send nothing there any more, until it is switched on.

    Args:
        connection: The registry, to write.
        endpoint_id: Which.
        now: When.
        reason: Why, in a few words without personal data.
        by: The account that asked for it, for the audit trail.

    Raises:
        RegistryError: There is no such endpoint, or it was removed.
    """
    found = _current(connection, endpoint_id)
    if fault := fault_of_text(reason):
        raise RegistryError(f"the reason to switch an endpoint off cannot be used: {fault}")
    if found.switched_off_at is None:
        _store(connection, endpoint_id, {"switched_off_at": now, "switched_off_reason": reason})
        _note(connection, found, Action.ENDPOINT_SWITCHED_OFF, now, by)
    return find(connection, endpoint_id)


def switch_on(connection: Connection, endpoint_id: str, *, now: datetime, by: str) -> Endpoint:
    """Send there again; what failed before is forgotten.

    Raises:
        RegistryError: There is no such endpoint, or it was removed.
    """
    found = _current(connection, endpoint_id)
    if found.switched_off_at is not None:
        _store(connection, endpoint_id, {"switched_off_at": None, "switched_off_reason": None, "failing_since": None})
        _note(connection, found, Action.ENDPOINT_SWITCHED_ON, now, by)
    return find(connection, endpoint_id)


def note_delivered(connection: Connection, endpoint_id: str, now: datetime) -> None:
    """Note that a message was taken."""
    _store(connection, endpoint_id, {"last_delivered_at": now, "failing_since": None})


def note_failed(connection: Connection, endpoint_id: str, now: datetime) -> None:
    """Note that a message was not taken; since when is kept until one is."""
    is_first = _table.id == endpoint_id, _table.failing_since.is_(None)
    connection.execute(update(endpoint).where(*is_first).values(failing_since=now))


def remove(connection: Connection, endpoint_id: str, *, now: datetime, by: str) -> Endpoint:
    """Take an endpoint out for good, with its address and secrets; `Registry.purge` then overwrites their bytes.

    Removing the same again changes nothing.

    Raises:
        UnknownEndpointError: There is none.
    """
    found = find(connection, endpoint_id)
    if found.removed_at is None:
        gone = {"url": "", "secret": None, "previous_secret": None, "removed_at": now}
        _store(connection, endpoint_id, gone)
        _note(connection, found, Action.ENDPOINT_REMOVED, now, by)
    return find(connection, endpoint_id)


def _current(connection: Connection, endpoint_id: str) -> Endpoint:
    found = find(connection, endpoint_id)
    if found.removed_at:
        raise RegistryError(f"{endpoint_id} was removed; add a new endpoint")
    return found


def _store(connection: Connection, endpoint_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(endpoint).where(_table.id == endpoint_id).values(values))


def _note(connection: Connection, of: Endpoint, action: Action, now: datetime, by: str) -> None:
    details = {"channel": of.channel, **({"partner": of.partner} if of.partner else {})}
    audit.append(connection, now, Entry(by, action, f"endpoint:{of.id}", details))


def _require_secret(secret: str) -> None:
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise RegistryError(
            f"the secret of a webhook is {SECRET_PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes in Base64"
        )
