"""Where the dashboard may listen: never where others could read along, and nowhere that is taken."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

from learning.errors import EngagementError


class AddressError(EngagementError):
    """The dashboard cannot be served there; the message says what to change."""


def require_safe(host: str, public_url: str) -> None:
    """Refuse to send the cookies of sessions over a network in the open.

    Raises:
        AddressError: Others can reach the address, and people are not said to come through https.
    """
    if not is_loopback(host) and not public_url.startswith("https://"):
        raise AddressError(
            f"at {host} others could read what people send to sign in, for the dashboard itself speaks plain http; "
            f"keep to 127.0.0.1, or put a web server with TLS before it and set ENGAGEMENT_PUBLIC_URL to its "
            "https address"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address.

    Raises:
        AddressError: The name stands for no address.
    """
    return all(ip_address(address[0]).is_loopback for _, _, address in _addresses(host, None))


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, closed at the end.

    Raises:
        AddressError: Nobody can listen there.
    """
    family, _, address = _addresses(host, port)[0]
    try:
        listener = socket.create_server(address[:2], family=family, backlog=2_048)
    except OSError as error:
        raise AddressError(
            f"the dashboard cannot listen on {host}, port {port}: {error.strerror}; "
            "choose another with --port or --host"
        ) from error
    with listener:
        yield listener


def _addresses(host: str, port: int | None) -> list[tuple[socket.AddressFamily, int, tuple[Any, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"{host} is no address of this machine; choose another with --host") from error
    return [(family, kind, address) for family, kind, _, _, address in found]
