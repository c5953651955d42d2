"""Serves the dashboard over HTTP from this process, with bounds on what strangers can take and a log without people."""

import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.addresses import listening, require_safe
from dashboard.app import create_app
from dashboard.parts import Parts

_MOST_CONNECTIONS: Final = 1_500
"""Open live streams are bounded at fewer (`dashboard.live`), so they cannot crowd out pages; more get 503."""

_MOST_HEADER_BYTES: Final = 32_768
_KEEP_ALIVE_SECONDS: Final = 15
_GRACE_SECONDS: Final = 10
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Pages that machines ask for every few seconds; only their failures are told."""

_log = structlog.get_logger("engagement.dashboard")


def serve(
    parts: Parts,
    *,
    host: str,
    port: int,
    trusted_proxies: Sequence[str] = (),
    on_ready: Callable[[int], object] = lambda _port: None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests at work are finished, live streams are ended.

    Args:
        parts: What the dashboard stands on.
        host: The address to listen on.
        port: Its port; 0 takes a free one.
        trusted_proxies: Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        on_ready: Called with the port as soon as requests are answered.

    Raises:
        AddressError: Nobody can listen there, or sessions would be sent in the open.
    """
    require_safe(host, parts.public_url)
    with listening(host, port) as listener:
        serve_app(create_app(parts), listener, trusted_proxies=trusted_proxies, on_ready=on_ready)


def serve_app(
    app: ASGIApp,
    listener: socket.socket,
    *,
    trusted_proxies: Sequence[str] = (),
    on_ready: Callable[[int], object] = lambda _port: None,
) -> None:
    """Serve an app on a socket that listens; see `serve`."""
    config = uvicorn.Config(
        AccessLog(WholeAnswers(app)),
        http="h11",  # the only one with a bound on headers
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with _signals_end_nothing_else():
        _Server(config, lambda: on_ready(listener.getsockname()[1])).run([listener])


class AccessLog:
    """Notes each request in a line without anybody's data: the route's template, never the path with its ids."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.perf_counter) -> None:
        """Stand before an app; `clock` tells seconds."""
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value  # what the server answers when the app does not
        began = self._clock()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            self._note(scope, status, self._clock() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None)
        if route in _QUIET and status < HTTPStatus.BAD_REQUEST:
            return
        visitor = scope.get("state", {}).get("visitor")
        _log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(1_000 * seconds, 1),
            account=visitor.account.id if visitor else None,
        )


class WholeAnswers:
    """Completes streams that ended with the server: to a browser that is no fault, and it asks again later."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and complete its answer if the app has begun one."""
        unfinished = False

        async def note_end(message: Message) -> None:
            nonlocal unfinished
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        await self._app(scope, receive, note_end if scope["type"] == "http" else send)
        if unfinished:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


@contextmanager
def _signals_end_nothing_else() -> Iterator[None]:
    """The server raises again, at its end, the signal that ended it; then there is nothing left to end."""
    try:
        before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread, to which no signals come
        yield
        return
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
