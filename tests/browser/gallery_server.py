"""A little server for pages made of the gallery: the page, its files, and a stream that says when something changed."""

import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.wording import FILTERS
from tests.browser.gallery_data import gallery

DASHBOARD = Path(__file__).parents[2] / "dashboard"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What the dashboard's pages may load and do."""

_ENDED = None


def render(**page: Any) -> str:
    """The gallery as a page; `page` changes what every page has."""
    folders = [DASHBOARD / "templates", Path(__file__).parent]
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    return made.get_template("gallery.html").render(gallery(**page))


class Gallery:
    """What the server answers, which a test changes while a page is open."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.page_status = HTTPStatus.OK
        self.stream_status = HTTPStatus.OK
        self.address = ""
        self.asked: list[str] = []
        """The paths that were asked for; `refresh` of a page that refreshes itself."""
        self.streams: list[queue.Queue[str | None]] = []
        """Those that are open now."""
        self.opened = threading.Semaphore(0)
        """Released by each stream that is opened."""

    def say_changed(self, times: int = 1) -> None:
        """Tell every open stream that something changed."""
        for stream in list(self.streams):
            stream.put("event: change\ndata: {}\n\n" * times)

    @property
    def refreshes(self) -> int:
        """How often a page asked for itself."""
        return self.asked.count("refresh")


@contextmanager
def served(html: str) -> Iterator[Gallery]:
    """Serve a gallery while the block runs."""
    shown = Gallery(html)
    server = _Server(("127.0.0.1", 0), partial(_Handler, shown))
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    shown.address = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield shown
    finally:
        for stream in list(shown.streams):
            stream.put(_ENDED)
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves while it is answered is nothing to report; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, shown: Gallery, *args: Any) -> None:
        self.shown = shown
        super().__init__(*args, directory=str(DASHBOARD))

    def do_GET(self) -> None:
        """Answer with a file, the stream, or for any other path the page."""
        fragment = self.headers.get("X-Fragment") == "main"
        self.shown.asked.append("refresh" if fragment else self.path)
        if self.path.startswith("/static/"):
            super().do_GET()
        elif self.path == "/live":
            self._stream()
        else:
            body = self.shown.html.encode()
            self.send_response(self.shown.page_status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(self.shown.stream_status)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if self.shown.stream_status != HTTPStatus.OK:
            return
        self.wfile.write(b": open\n\n")
        told: queue.Queue[str | None] = queue.Queue()
        self.shown.streams.append(told)
        self.shown.opened.release()
        try:
            while (text := told.get()) is not _ENDED:
                self.wfile.write(text.encode())
                self.wfile.flush()
        except OSError:
            pass  # the page was left
        finally:
            self.shown.streams.remove(told)

    def end_headers(self) -> None:
        """Every answer has the policy."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server gives it
        """Keep the output of tests clean."""
