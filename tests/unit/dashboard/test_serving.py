"""How the dashboard is served: bounds, a log without people, and an end that leaves no page hanging."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from sse_starlette import EventSourceResponse
from structlog.testing import capture_logs

from dashboard.addresses import listening
from dashboard.serving import _MOST_HEADER_BYTES, AccessLog, _Server, serve_app
from dashboard.visitors import Visitor
from registry.accounts import Account

LIMIT_SECONDS = 30
WHO = Account(id="account-0000000001", label="Ann", role="staff", created_at=datetime(2026, 3, 1, tzinfo=UTC))


def app() -> FastAPI:
    """A small app with a page of a person, a stream without an end, and a fault."""
    made = FastAPI()

    @made.get("/participants/{participant}")
    async def participant(request: Request, participant: str) -> dict[str, Any]:
        request.state.visitor = Visitor(WHO)
        return {"client": request.client and request.client.host, "scheme": request.url.scheme, "who": participant}

    @made.get("/live")
    async def live() -> EventSourceResponse:
        async def events() -> AsyncIterator[str]:
            yield "open"
            await asyncio.Event().wait()

        return EventSourceResponse(events())

    @made.get("/healthz")
    async def healthz(*, ill: bool = False) -> None:
        if ill:
            raise ZeroDivisionError("p-0000001")

    return made


class Running:
    """A served app and its port."""

    def __init__(self, port: int, server: _Server, thread: threading.Thread) -> None:
        self.port = port
        self._server = server
        self._thread = thread

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Ask for a page."""
        return httpx2.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=LIMIT_SECONDS)

    def stop(self) -> bool:
        """Tell the server to end; answers whether it has."""
        self._server.handle_exit(2, None)
        self._thread.join(LIMIT_SECONDS)
        return not self._thread.is_alive()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Serves the app in a thread, with the proxies that are given."""
    from sse_starlette.sse import AppStatus  # noqa: PLC0415 - what it remembers of a server's end is reset below

    monkeypatch.setattr(AppStatus, "should_exit", False)
    with ExitStack() as stack:
        yield lambda *proxies: stack.enter_context(served(proxies, monkeypatch))


@contextmanager
def served(proxies: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The app, served until the block ends."""
    ready = threading.Event()
    servers: list[_Server] = []
    begin = _Server.startup

    async def note(server: _Server, sockets: list[socket.socket] | None = None) -> None:
        servers.append(server)
        await begin(server, sockets)

    monkeypatch.setattr(_Server, "startup", note)
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]

        def run() -> None:
            serve_app(app(), listener, trusted_proxies=proxies, on_ready=lambda _: ready.set())

        thread = threading.Thread(target=run)
        thread.start()
        assert ready.wait(LIMIT_SECONDS)
        running = Running(port, servers[0], thread)
        try:
            yield running
        finally:
            assert running.stop()


def test_who_asks_is_not_believed_about_where_from(serving: Any) -> None:
    """Without a trusted proxy, anybody could write any address into a header, and escape the count of failures."""
    told = serving().get("/participants/p-1", **{"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}).json()
    assert (told["client"], told["scheme"]) == ("127.0.0.1", "http")


def test_a_trusted_proxy_is_believed(serving: Any) -> None:
    """What it says of the address and of TLS is what the app sees; what stood in the header before it is not."""
    forwarded = {"X-Forwarded-For": "203.0.113.9, 192.0.2.1", "X-Forwarded-Proto": "https"}
    told = serving("127.0.0.0/8").get("/participants/p-1", **forwarded).json()
    assert (told["client"], told["scheme"]) == ("192.0.2.1", "https")


def test_a_stream_without_an_end_is_ended_with_the_server(serving: Any) -> None:
    """An open page does not keep the dashboard from stopping; the stream ends as if it were complete."""
    running = serving()
    with httpx2.stream("GET", f"http://127.0.0.1:{running.port}/live", timeout=LIMIT_SECONDS) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "data: open"
        assert running.stop()
        assert [line for line in lines if line.startswith("data")] == []


def test_headers_are_bounded(serving: Any) -> None:
    """Whoever sends headers without an end is cut off."""
    running = serving()
    with socket.create_connection(("127.0.0.1", running.port), LIMIT_SECONDS) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\nX-Long: " + b"x" * 2 * _MOST_HEADER_BYTES)
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_the_server_does_not_say_what_it_is(serving: Any) -> None:
    """Names of programs help those who look for a known hole."""
    assert "server" not in serving().get("/healthz").headers


async def ask(path: str) -> list[Any]:
    """What the log says of a request that took 1.5 s."""
    seconds = iter([10.0, 11.5])
    transport = httpx2.ASGITransport(AccessLog(app(), lambda: next(seconds)), raise_app_exceptions=False)
    with capture_logs() as logs:
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get(path)
    return logs


async def test_a_request_is_noted_without_the_person_it_was_about() -> None:
    """The route's template, how it was answered, how long it took and which account: no id, no name, no query."""
    [line] = await ask("/participants/p-0000001?name=Ann")
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/participants/{participant}",
        "status": 200,
        "ms": 1500.0,
        "account": WHO.id,
    }


async def test_what_has_no_route_is_noted_without_its_path() -> None:
    """A mistyped address may hold anything."""
    [line] = await ask("/people/Ann")
    assert (line["route"], line["status"], line["account"]) == (None, 404, None)
    assert "Ann" not in str(line)


async def test_probes_are_noted_only_when_they_fail() -> None:
    """What asks every few seconds would bury the rest; a failure is told as the 500 that it becomes."""
    assert await ask("/healthz") == []
    [line] = await ask("/healthz?ill=true")
    assert (line["route"], line["status"]) == ("/healthz", 500)


async def test_what_is_no_request_passes_through() -> None:
    """The app is told that it starts and ends."""
    seen: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    nothing: Any = SimpleNamespace()
    await AccessLog(inner)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]
