"""Slows down who tries to get in: after some failures in a while, everything from there is refused for a time.

It is kept in the registry, so that several web servers count together.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

from sqlalchemy import Connection, delete, insert, select

from registry.schema import failure

FAILURES = 5
WHILE = timedelta(minutes=15)

LINKS_TO_ONE = 3
"""Sign-in links that are sent to one email address in the same while."""

LINKS_FROM_ONE = 20
"""Times that links are asked for from one place in the same while: an office may share an address."""

_IPV6_SUBSCRIBER = 64
"""Bits that a network operator gives out at least: who has one address of IPv6 has all that begin so."""

_table = failure.c


def subjects(address: str, prefix: str | None = None) -> list[str]:
    """What failures are counted by: where they come from, and the key or link that is tried, as far as there is one."""
    return [f"address:{_network(address)}", *([f"prefix:{prefix}"] if prefix else [])]


def asking_from(address: str) -> str:
    """What asking for sign-in links is counted by: where it comes from."""
    return f"asking:{_network(address)}"


def asking_for(email: str) -> str:
    """What asking for sign-in links is counted by: for whom. The address itself is not kept."""
    return f"asking-for:{sha256(email.encode()).hexdigest()}"


def seconds_to_wait(connection: Connection, subjects: Iterable[str], now: datetime, most: int = FAILURES) -> int:
    """For how long these are refused, because they have been counted so often; 0: they are not."""
    return max((_wait(connection, each, now, most) for each in subjects), default=0)


def note_failure(connection: Connection, subjects: Iterable[str], now: datetime) -> None:
    """Count a failure of each; what is too old to count is forgotten."""
    connection.execute(delete(failure).where(_table.at <= now - WHILE))
    connection.execute(insert(failure), [{"subject": each, "at": now} for each in subjects])


def _wait(connection: Connection, subject: str, now: datetime, most: int) -> int:
    query = select(_table.at).where(_table.subject == subject, _table.at > now - WHILE)
    latest = connection.scalars(query.order_by(_table.at.desc()).limit(most)).all()
    return ceil((latest[-1] + WHILE - now).total_seconds()) if len(latest) == most else 0


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found), _IPV6_SUBSCRIBER), strict=False))
    return str(found)
