"""Where the dashboard may listen: sessions are never sent in the open, and a taken port is told plainly."""

import socket

import pytest

from dashboard.addresses import AddressError, is_loopback, listening, require_safe


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_may_be_spoken_to_in_the_open(host: str) -> None:
    """Nobody else can listen there."""
    assert is_loopback(host)
    require_safe(host, "http://127.0.0.1:8480")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "10.0.0.5"])  # noqa: S104 - nothing is bound to it
def test_a_network_needs_https(host: str) -> None:
    """Over plain http others could take over a session, so it is refused with what to do."""
    assert not is_loopback(host)
    with pytest.raises(AddressError, match=r"plain http.*ENGAGEMENT_PUBLIC_URL"):
        require_safe(host, "http://engagement.example.org")
    require_safe(host, "https://engagement.example.org")


def test_a_name_without_an_address_is_told() -> None:
    """The message names what was given and the option."""
    with pytest.raises(AddressError, match=r"no\.such\.host\.invalid is no address.*--host"):
        is_loopback("no.such.host.invalid")


def test_a_port_that_is_taken_is_told() -> None:
    """The message names the port and the option, before anything else was started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=rf"port {port}: .*--port"), listening("127.0.0.1", port):
            pytest.fail("it is taken")


def test_a_socket_that_listens_is_let_go_of() -> None:
    """After the block the port is free for the part that really serves."""
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
    with listening("127.0.0.1", port) as second:
        assert second.getsockname()[1] == port
