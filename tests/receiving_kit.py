"""Who gets what is delivered in tests, both real: a receiver of webhooks that checks signatures, and a mail server."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from typing import Any, NamedTuple

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from standardwebhooks import Webhook, WebhookVerificationError

PATIENCE = 60
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBhbGVydHM="  # of nothing but these tests


class Got(NamedTuple):
    """A request that a receiver got."""

    path: str
    id: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Got, int], "web.Response | None"]
"""What to answer to a request, given how often its id has come; None: break the connection."""


def fails_at_random(share: float, seed: int) -> Answer:
    """Answers 500 or breaks off so often; the same for the same id and number of attempts."""

    def answer(got: Got, times: int) -> web.Response | None:
        drawn = int.from_bytes(sha256(f"{seed}/{got.id}/{times}".encode()).digest()[:8]) / 2**64
        if drawn < share / 2:
            return None
        return web.Response(status=500 if drawn < share else 204)

    return answer


def answers(status: int, **headers: str) -> Answer:
    """Always this."""
    return lambda _, __: web.Response(
        status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


class Receiver:
    """A partner's system: it checks each signature by the reference library, and counts."""

    def __init__(self, answer: Answer, secret: str = SECRET) -> None:
        self.answer = answer
        self.secret = secret
        self.url = ""
        self.trusting = False
        """Whether it takes what is signed otherwise, too."""
        self.got: list[Got] = []
        self.accepted: list[str] = []
        """Ids of messages that were answered by a 2xx, in order, as often as they were."""
        self.hanging = asyncio.Event()
        """Requests to /hang are answered once it is set."""
        self._times: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take a request."""
        body = await request.read()
        got = Got(request.path, request.headers.get("webhook-id", ""), dict(request.headers), body)
        try:
            Webhook(self.secret).verify(body, got.headers)
        except WebhookVerificationError:
            if not self.trusting:
                return web.Response(status=400)
        self.got.append(got)
        if request.path == "/hang":
            await self.hanging.wait()
        self._times[got.id] += 1
        response = self.answer(got, self._times[got.id])
        if response is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if response.status < 300:
            self.accepted.append(got.id)
        return response


TAKEN = answers(204)


@contextmanager
def receiver(answer: Answer = TAKEN, secret: str = SECRET) -> Iterator[Receiver]:
    """A receiver in a thread of its own, until the block ends."""
    one, ready, loop = Receiver(answer, secret), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", one.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await stop.wait()
        one.hanging.set()
        await runner.cleanup()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield one
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


class MailServer:
    """Takes mail; the handler that aiosmtpd asks."""

    def __init__(self, answer: Callable[[str, int], str]) -> None:
        """Answer like this, given the Message-ID and how often it has come."""
        self.answer = answer
        self.refused_addresses: dict[str, str] = {}
        """With what they are refused."""
        self.url = ""
        self.accepted: list[EmailMessage] = []
        self._times: Counter[str] = Counter()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: ARG002, N802 - the interface of aiosmtpd
        """Take an address, or refuse it."""
        if address in self.refused_addresses:
            return self.refused_addresses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: ARG002, N802 - as above
        """Take a message, or refuse it."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.SMTP)
        assert isinstance(message, EmailMessage)
        name = str(message["Message-ID"])
        self._times[name] += 1
        said = self.answer(name, self._times[name])
        if said.startswith("250"):
            self.accepted.append(message)
        return said


@contextmanager
def mail_server(
    answer: Callable[[str, int], str] = lambda _, __: "250 OK", *, utf8: bool = True
) -> Iterator[MailServer]:
    """A mail server in a thread of its own, until the block ends; `utf8`: whether it takes addresses beyond ASCII."""
    one = MailServer(answer)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(one, hostname="127.0.0.1", port=port, enable_SMTPUTF8=utf8)
    controller.start()
    try:
        one.url = f"smtp-plain://127.0.0.1:{port}"
        yield one
    finally:
        controller.stop()


def mail_fails_at_random(share: float, seed: int) -> Callable[[str, int], str]:
    """Answers 451 so often; the same for the same message and number of attempts."""

    def answer(name: str, times: int) -> str:
        drawn = int.from_bytes(sha256(f"{seed}/{name}/{times}".encode()).digest()[:8]) / 2**64
        return "451 try again later" if drawn < share else "250 OK"

    return answer
