"""Counts requests by route and status, and how long they take, for Prometheus; no label ever holds an id."""

import platform
import time
from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import metric_names as names
from eventlog.facts import FACTS_TOPIC

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted together, for whoever asks can make up as many as they like."""


class Metrics:
    """The metrics of one dashboard, in a registry of their own. Every method may be called from any thread."""

    def __init__(self) -> None:
        """Count from 0."""
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(names.REQUESTS.name, names.REQUESTS.meaning, names.REQUESTS.labels, registry=registry)
        self._seconds = Histogram(
            names.SECONDS.name,
            names.SECONDS.meaning,
            names.SECONDS.labels,
            buckets=names.SECONDS.buckets,
            registry=registry,
        )
        self._streams = Gauge(names.STREAMS.name, names.STREAMS.meaning, registry=registry)
        self._behind = Gauge(names.BEHIND.name, names.BEHIND.meaning, names.BEHIND.labels, registry=registry)
        build = Info(names.BUILD.name.removesuffix("_info"), names.BUILD.meaning, registry=registry)
        build.info({"version": version("engagement"), "python_version": platform.python_version()})
        ProcessCollector(registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """A request was answered, after so many seconds; None: by a stream, which lasts as long as it is wanted."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(route).observe(seconds)

    def stream_opened(self) -> None:
        """One more live stream is open."""
        self._streams.inc()

    def stream_closed(self) -> None:
        """One fewer is."""
        self._streams.dec()

    def scrape(self, accept: str, behind: int | None) -> tuple[bytes, str]:
        """The page and its content type: OpenMetrics for a client that accepts it, else Prometheus' text.

        Args:
            accept: The request's `Accept`.
            behind: Records that the projections do not have yet; None while that is not known.
        """
        if behind is None:
            self._behind.clear()
        else:
            self._behind.labels(FACTS_TOPIC).set(behind)
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class Measured:
    """Stands before an app and counts what it answers."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.perf_counter) -> None:
        """Count in these metrics; `clock` tells seconds."""
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        is_stream = False
        began = self._clock()

        async def note_start(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
                if is_stream:
                    self._metrics.stream_opened()
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        finally:
            if is_stream:
                self._metrics.stream_closed()
            seconds = None if is_stream else self._clock() - began
            self._metrics.answered(scope["method"], _route(scope), status, seconds)


def _route(scope: Scope) -> str:
    if scope["path"].startswith("/static/"):
        return "static"
    path: str = getattr(scope.get("route"), "path", "none")
    return path
