"""Keeps messages out of networks that are not public: an endpoint's address is looked at when it is saved and used.

Whoever registers an endpoint chooses where this program connects to, so it must not reach what only this machine can
reach (server-side request forgery). Names are resolved once for a connection, and each address is looked at again as
its socket is made, so a name that means something else a moment later gains nothing.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from re import compile as pattern
from re import split

from yarl import URL

from learning.errors import EngagementError

Networks = Sequence[IPv4Network | IPv6Network]
Resolve = Callable[[str, int], Iterable[str]]
"""The addresses of a host, as text; raises OSError where it has none."""

_LONGEST_URL = 2_000
_HTTPS_PORT = 443
_FIRST_FREE_PORT = 1_024
_NAME = pattern(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A host's name; it ends with a letter's label, so that no way of writing a number is one (`0x7f.1`, `127.1`)."""

_GLOBAL_IPV6 = ip_network("2000::/3")
"""All that is assigned to hosts: what is mapped from IPv4, translated by NAT64, local or multicast lies outside."""

_NEVER = tuple(
    ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # measurements
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # protocol assignments, Teredo among them, which wraps an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which wraps an IPv4 address
        "3fff::/20",  # documentation
    )
)


class AddressRefusedError(EngagementError):
    """Nothing is sent to this address; the message says why, and what an address must be like."""


class AddressRefusedAtConnectError(OSError):
    """The same where a connection is made: the libraries between take it for what it is, a failure to connect."""


def require_public(url: str, *, resolve: Resolve | None = None, allowed: Networks = ()) -> URL:
    """Look at the address of an endpoint before it is saved; answer it as it will be used.

    Args:
        url: https; http only where every address of the host is in `allowed`.
        resolve: Asks for the host's addresses; the system's way, unless told otherwise.
        allowed: Networks of ours that may be reached though they are not public.

    Raises:
        AddressRefusedError: It is refused.
    """
    found = checked_form(url)
    host, port = found.raw_host or "", found.port or _HTTPS_PORT
    try:
        addresses = [host] if _is_literal(host) else list((resolve or system_addresses)(host, port))
    except OSError:
        addresses = []
    if not addresses:
        raise AddressRefusedError(f"{host} is no host that can be found; check the address of the endpoint")
    for each in addresses:
        if not may_reach(each, found.scheme, allowed):
            raise AddressRefusedError(why_not(host, found.scheme))
    return found


def checked_form(url: str) -> URL:
    """An address whose form is right; where it leads was not looked at.

    Raises:
        AddressRefusedError: It is written in a way that is refused.
    """
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or set(url) & set(" \\%"):
        raise AddressRefusedError(
            "write the address of an endpoint in plain letters, up to 2,000, without spaces, backslashes or percent "
            "signs"
        )
    try:
        found = URL(url)
        host, port = found.raw_host or "", found.explicit_port
    except ValueError:
        raise AddressRefusedError("that is no address; write it as https://host/path") from None
    if found.scheme not in {"https", "http"} or not host:
        raise AddressRefusedError("write the address of an endpoint as https://host/path")
    if "@" in split(r"[/?#]", url.partition("://")[2])[0]:
        raise AddressRefusedError("an address of an endpoint has no user name and no password in it")
    if found.fragment:
        raise AddressRefusedError("an address of an endpoint has no # in it")
    if port is not None and port not in {80, _HTTPS_PORT} and port < _FIRST_FREE_PORT:
        raise AddressRefusedError(f"port {port} belongs to another service; use 443, or one from 1024 up")
    if not _is_literal(host) and not _NAME.fullmatch(host):
        raise AddressRefusedError(
            f"{host} is not written as hosts are: a name such as hooks.example.org, or an address such as 192.0.2.1 "
            "or [2001:db8::1]"
        )
    return found


def may_reach(address: str, scheme: str, allowed: Networks = ()) -> bool:
    """Whether a connection to this very address may be made; False for what is no address in its usual form."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if any(found in network for network in allowed):
        return True
    return scheme == "https" and _is_public(found)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address.scope_id or address not in _GLOBAL_IPV6):
        return False
    return address.is_global and not any(address in network for network in _NEVER)


def system_addresses(host: str, port: int) -> list[str]:
    """The addresses that the system knows of a host.

    Raises:
        OSError: It knows none.
    """
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def guarded_socket(scheme: str, allowed: Networks = ()) -> "Callable[[AddressInfo], socket.socket]":
    """Makes sockets for connections, only to what may be reached: the last look, whatever came before."""

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not may_reach(str(address[0]), scheme, allowed) or (len(address) > _SCOPE and address[_SCOPE]):
            raise AddressRefusedAtConnectError(why_not(str(address[0]), scheme))
        return socket.socket(family, kind, protocol)

    return make


AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple]  # type: ignore[type-arg]  # as aiohttp has it
_SCOPE = 3
"""Where an IPv6 socket address has its zone."""


def networks(text: str) -> Networks:
    """The networks of a setting, as `10.0.0.0/8,127.0.0.1`.

    Raises:
        ValueError: One of them is none.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def why_not(host: str, scheme: str) -> str:
    """Why nothing is sent to a host, for people."""
    if scheme == "http":
        return f"{host} is sent nothing over http; use https"
    return f"{host} is not, or not only, on the public internet; use an endpoint that is"
