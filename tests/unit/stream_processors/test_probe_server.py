"""The pages of the probe: plain answers over HTTP, whatever the client and the rest of the program do."""

import http.client
import socket
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPResponse

import pytest

from learning.errors import EngagementError
from stream_processors.watching.pages import Answer, ProbeServer

HOST = "127.0.0.1"


@pytest.fixture
def server() -> Iterator[ProbeServer]:
    """A server of two pages, of which one echoes what the client accepts; it is patient for a short time only."""
    pages = {
        "/well": lambda _: Answer(b"ok\n"),
        "/unwell": lambda _: Answer(b"no\n", HTTPStatus.SERVICE_UNAVAILABLE),
        "/echo": lambda accept: Answer(accept.encode(), content_type="text/x-echo"),
    }
    server = ProbeServer(HOST, 0, pages, slow_client_seconds=2.0)
    yield server
    server.close()


def ask(server: ProbeServer, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    """The answer to a request and its body."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_a_page_is_answered_with_what_it_says(server: ProbeServer) -> None:
    """Status and text are those of the page, and nobody is to keep them."""
    response, body = ask(server, "/unwell?verbose=1")

    assert (response.status, body) == (503, b"no\n")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_page_sees_what_the_client_accepts(server: ProbeServer) -> None:
    """The header `Accept` reaches the page, and the page names its own type."""
    response, body = ask(server, "/echo", Accept="text/a,text/b")

    assert (body, response.headers["Content-Type"]) == (b"text/a,text/b", "text/x-echo")


def test_head_answers_without_a_body(server: ProbeServer) -> None:
    """The answer to HEAD has the status and the length of the page, and no text."""
    response, body = ask(server, "/well", method="HEAD")

    assert (response.status, response.headers["Content-Length"], body) == (200, "3", b"")


@pytest.mark.parametrize("path", ["/", "/well/", "/../well", "/%2e%2e/etc/passwd"])
def test_any_other_path_is_not_found(server: ProbeServer, path: str) -> None:
    """Only the pages are there."""
    response, _ = ask(server, path)

    assert response.status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_done_but_read(server: ProbeServer, method: str) -> None:
    """Other methods are refused."""
    response, _ = ask(server, "/well", method=method)

    assert response.status == 501


@pytest.mark.parametrize("path", ["/well", "/nowhere"])
def test_no_version_is_told(server: ProbeServer, path: str) -> None:
    """The banner names the product and not what it runs on."""
    response, _ = ask(server, path)

    assert response.headers["Server"] == "engagement"


def test_a_client_that_says_nothing_is_sent_away_and_holds_nobody_up(server: ProbeServer) -> None:
    """Given clients that connect and keep silent, others are answered, and the silent ones are cut off."""
    silent = [socket.create_connection((HOST, server.port), timeout=30) for _ in range(20)]
    try:
        response, _ = ask(server, "/well")

        assert response.status == 200
        assert [each.recv(1) for each in silent] == [b""] * 20
    finally:
        for each in silent:
            each.close()


def test_what_is_no_request_does_no_harm(server: ProbeServer) -> None:
    """Given bytes that are not HTTP, the client gets an error and the next one an answer."""
    with socket.create_connection((HOST, server.port), timeout=30) as client:
        client.sendall(b"\x16\x03\x01\x00\xff\n\n")
        client.recv(1_000)

    assert ask(server, "/well")[0].status == 200


def test_a_port_that_is_taken_is_one_plain_sentence(server: ProbeServer) -> None:
    """Given a port on which somebody listens, the error names the place and the setting."""
    with pytest.raises(EngagementError, match=f"port {server.port}: Address already in use; .*ENGAGEMENT_PROBE_PORT"):
        ProbeServer(HOST, server.port, {})


def test_a_host_that_is_not_ours_is_one_plain_sentence() -> None:
    """Given a name that leads nowhere, the error names the setting."""
    with pytest.raises(EngagementError, match="ENGAGEMENT_PROBE_HOST"):
        ProbeServer("no-such-host.invalid", 0, {})


def test_a_closed_server_lets_go_of_its_port() -> None:
    """After closing, another can listen on the same port at once."""
    first = ProbeServer(HOST, 0, {})
    first.close()

    ProbeServer(HOST, first.port, {}).close()
