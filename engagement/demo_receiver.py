"""Stands for partners' systems in a demonstration: takes webhooks on this machine, as a receiver of them should."""

import threading
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from standardwebhooks import Webhook, WebhookVerificationError

ADDRESS = "127.0.0.1"

_LONGEST = 20_000


class WebhookReceiver:
    """Listens from its start to the end of its block, in threads; believes only what was signed as agreed."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._webhooks: dict[str, Webhook] = {}
        self._lock = threading.Lock()
        self.bodies: dict[str, bytes] = {}
        """What was accepted, by the id of the message: what comes again is the same."""
        self.requests: Counter[str] = Counter()
        """How often each of them came."""
        self.refused = 0
        self._server = ThreadingHTTPServer((ADDRESS, 0), _handler(self))

    def expect(self, partner: str, secret: str) -> str:
        """Take what is signed with a secret; answers where the system of this partner is."""
        self._webhooks[f"/{partner}"] = Webhook(secret)
        return f"http://{ADDRESS}:{self._server.server_port}/{partner}"

    def take(self, path: str, body: bytes, headers: dict[str, str]) -> bool:
        """Take a message; answers False when it is not from whom it says."""
        try:
            self._webhooks[path].verify(body, headers)
        except (KeyError, WebhookVerificationError):
            with self._lock:
                self.refused += 1
            return False
        message = headers["webhook-id"]
        with self._lock:
            self.requests[message] += 1
            self.bodies.setdefault(message, body)
        return True

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="receiver", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(receiver: WebhookReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            good = 0 < length <= _LONGEST and receiver.take(self.path, self.rfile.read(length), headers)
            self.send_response(HTTPStatus.NO_CONTENT if good else HTTPStatus.BAD_REQUEST)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
