"""Answers a few plain pages over HTTP from threads of its own, so also while the event loop is busy or hangs."""

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, NamedTuple

import structlog

from learning.errors import EngagementError

_SLOW_CLIENT_SECONDS = 5.0

logger = structlog.get_logger()


class ProbeServerError(EngagementError):
    """The pages cannot be served at the address that the settings name."""


class Answer(NamedTuple):
    """What a page says."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"


Page = Callable[[str], Answer]
"""Makes a page when it is asked for; given the request's `Accept`, empty when there is none."""


class ProbeServer:
    """Serves pages until it is closed."""

    def __init__(
        self, host: str, port: int, pages: Mapping[str, Page], *, slow_client_seconds: float = _SLOW_CLIENT_SECONDS
    ) -> None:
        """Listen on `host` and `port` (0: a free one) and answer from now on; `pages` are named by their paths.

        Raises:
            ProbeServerError: When nobody can listen there.
        """
        try:
            self._server = _server(host, port, _handler(pages, slow_client_seconds))
        except OSError as error:
            raise ProbeServerError(
                f"The probe cannot listen on {host}, port {port}: {error.strerror}; "
                "change ENGAGEMENT_PROBE_PORT or ENGAGEMENT_PROBE_HOST."
            ) from error
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="probe", daemon=True).start()
        logger.info("the probe answers", host=host, port=self.port, pages=sorted(pages))

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # the usual 5 would keep a probe waiting behind a few silent clients

    def server_bind(self) -> None:
        """Bind, without the question to the name service that `HTTPServer` adds."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the interface of socketserver
        """Log a fault of ours in a line; a client that goes away is none."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            logger.error("the probe could not answer", exc_info=error)


def _server(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> _Server:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]

    class Server(_Server):
        address_family = family

    return Server((str(address[0]), int(address[1])), handler)


def _handler(pages: Mapping[str, Page], slow_client_seconds: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = slow_client_seconds
        error_message_format = "%(message)s\n"
        error_content_type = "text/plain; charset=utf-8"

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            accept = ",".join(self.headers.get_all("Accept", ()))
            answer = Answer(b"no such page\n", HTTPStatus.NOT_FOUND) if page is None else page(accept)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def version_string(self) -> str:
            return "engagement"

        def log_message(self, *_: object) -> None:
            """Say nothing: a probe is asked every few seconds."""

    return Handler
