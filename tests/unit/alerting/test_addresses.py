"""Addresses of endpoints: only the public internet is reached, however an address is written or whatever it becomes."""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

import pytest
from aiohttp import ClientConnectorError, ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from alerting.addresses import (
    AddressRefusedAtConnectError,
    AddressRefusedError,
    guarded_socket,
    may_reach,
    networks,
    require_public,
)
from alerting.channels.guarded_names import GuardedResolver

PUBLIC = "93.184.216.34"

REFUSED_ADDRESSES = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - to be refused
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.216.34",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
]

REFUSED_URLS = [
    *(f"https://{f'[{each}]' if ':' in each else each}/hook" for each in REFUSED_ADDRESSES),
    "https://2130706433/",  # 127.0.0.1 as one number
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.1./",
    "https://0/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[fe80::1%25eth0]/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://%31%32%37.0.0.1/",
    "https://hooks.example.org@127.0.0.1/",
    "https://user:password@hooks.example.org/",
    "https://@hooks.example.org/",
    "https://hooks.example.org\\@127.0.0.1/",
    "https://127.0.0.1\\hooks.example.org/",
    "https://hooks.example.org /",
    "https://hooks.example.org\t/",
    "https://hooks.example.org\r\nHost: internal/",
    "https://hooks.example.org:22/",
    "https://hooks.example.org:25/",
    "https://hooks.example.org:0/",
    "https://hooks.example.org:99999/",
    "https://hooks.example.org:https/",
    "https://hooks.example.org/#fragment",
    "https://hooks_example.org/",
    "https://-hooks.example.org/",
    "https://hooks..example.org/",
    "https://.example.org/",
    "https:///hook",
    "https://",
    "//hooks.example.org/",
    "hooks.example.org",
    "",
    "http://hooks.example.org/",
    f"http://{PUBLIC}/",
    "ftp://hooks.example.org/",
    "file:///etc/passwd",
    "gopher://hooks.example.org:70/",
    "json://hooks.example.org/",
    "https://hooks.example.org/" + "x" * 2_000,
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_what_is_not_plainly_public_is_refused_when_it_is_saved(url: str) -> None:
    """Private, local, reserved and wrapped addresses in every notation, other schemes, ports and hidden hosts."""
    with pytest.raises(AddressRefusedError):
        require_public(url, resolve=lambda _host, _port: [PUBLIC])


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_a_name_that_leads_to_what_is_not_public_is_refused(address: str) -> None:
    """Also where another of its addresses is public, for it cannot be said which of them would be connected to."""
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        with pytest.raises(AddressRefusedError):
            require_public("https://hooks.example.org/", resolve=lambda _host, _port, found=found: found)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org",
        "https://hooks.example.org/path?key=value&other=1",
        "https://hooks.example.org:443/",
        "https://hooks.example.org:8443/",
        "https://HOOKS.example.org/",
        "https://xn--caf-dma.example/",
        f"https://{PUBLIC}/",
        "https://[2606:4700::1111]/",
    ],
)
def test_what_is_public_is_taken(url: str) -> None:
    """Names and literal addresses, with https and a usual port, and answered as they will be used."""
    assert require_public(url, resolve=lambda _host, _port: [PUBLIC, "2606:4700::1111"]).scheme == "https"


def test_a_name_that_nobody_knows_is_refused_in_plain_words() -> None:
    """A host without an address is said to be none, not taken."""

    def unknown(_host: str, _port: int) -> Iterable[str]:
        raise socket.gaierror

    with pytest.raises(AddressRefusedError, match="no host that can be found"):
        require_public("https://hooks.example.org/", resolve=unknown)


def test_networks_of_ours_are_reached_only_where_they_are_named() -> None:
    """A private network that the settings name may be reached, over http, too; its neighbours may not."""
    allowed = networks("10.1.0.0/16, 127.0.0.1")
    assert require_public("http://127.0.0.1:9000/", allowed=allowed).port == 9000
    assert require_public("https://inside/", resolve=lambda _host, _port: ["10.1.2.3"], allowed=allowed)
    for url in ("http://127.0.0.2/", "http://10.2.0.1/", f"http://{PUBLIC}/", "http://[::ffff:127.0.0.1]/"):
        with pytest.raises(AddressRefusedError):
            require_public(url, allowed=allowed)


@given(st.ip_addresses())
def test_whatever_may_be_reached_is_global_for_the_standard_library_too(address: IPv4Address | IPv6Address) -> None:
    """No address that `ipaddress` calls private, local, reserved or multicast is reached: ours is the narrower view."""
    if may_reach(str(address), "https"):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@pytest.mark.parametrize("written", ["2130706433", "127.1", "0x7f.1", "localhost", "", "010.0.0.1"])
def test_what_is_no_address_in_its_usual_form_is_not_connected_to(written: str) -> None:
    """The last look before a socket is made takes only what it understands."""
    assert not may_reach(written, "https", networks("127.0.0.0/8"))


class Names(AbstractResolver):
    """Names that mean something else each time they are asked for."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """The next answer."""
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family or socket.AF_INET, proto=0, flags=flags)
            for each in self._answers.pop(0)
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_name_that_changes_after_it_was_saved_is_refused_when_it_is_used() -> None:
    """DNS rebinding: public when the endpoint was saved, this machine when it is connected to."""
    names = Names([PUBLIC], ["127.0.0.1"], [PUBLIC, "127.0.0.1"])
    saved = await names.resolve("hooks.example.org", 443)
    require_public("https://hooks.example.org/", resolve=lambda _host, _port: [each["host"] for each in saved])
    guarded = GuardedResolver(names, "https")
    for _ in range(2):
        with pytest.raises(AddressRefusedAtConnectError):
            await guarded.resolve("hooks.example.org", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "hooks.example.org"])
async def test_no_socket_is_made_to_what_slipped_past_the_names(host: str) -> None:
    """Even where a resolver says this machine, and for a literal, which none is asked about, nothing is connected."""
    connected = asyncio.Event()
    server = await asyncio.start_server(lambda *_: connected.set(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connector = TCPConnector(resolver=Names(["127.0.0.1"]), socket_factory=guarded_socket("https"))
    async with server, ClientSession(connector=connector) as session:
        with pytest.raises(ClientConnectorError) as refused:
            await session.post(f"https://{host}:{port}/")
    assert isinstance(refused.value.os_error, AddressRefusedAtConnectError)
    assert not connected.is_set()
