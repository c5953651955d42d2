"""What tests of delivery share: messages in an alert book, a receiver of webhooks, and a mail server, both real."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from alerting import book, schema
from alerting.channels.email import EmailCarrier
from alerting.channels.smtp import SmtpMailer, SmtpServer
from alerting.channels.webhook import WebhookCarrier
from alerting.delivering import Deliverer
from alerting.model import Alert, AlertTold, Channel, Content, Notice, NoticeKind, NoticeState
from alerting.outcomes import Carrier
from alerting.receivers import Receivers
from alerting.store import AlertStore
from registry import contacts, endpoints
from registry.contacts import Contact
from registry.store import Registry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PUBLIC_URL = "https://engagement.example.org"
LOOPBACK = (ip_network("127.0.0.0/8"),)
PATIENCE = 60
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBhbGVydHM="  # of nothing but these tests
NAME, EMAIL = "Zebedee Quillfeather", "zebedee@quillfeather.example"
"""Of a contact: what must stand in no body and no alert book."""


def utc_now() -> datetime:
    """The time of this machine, which receivers compare with what was signed."""
    return datetime.now(UTC)


def seeded(seed: int) -> Callable[[], float]:
    """Chance that is the same each time."""
    return Random(seed).random


def an_alert(number: int, **changes: Any) -> Alert:
    """An alert that was told."""
    given: dict[str, Any] = {
        "id": f"e-{number}/2026-03-01",
        "matter": "flag",
        "enrolment": f"e-{number}",
        "participant": f"p-{number}",
        "partner": "partner-1",
        "provider": "provider-1",
        "programme": "npq-lt",
        "intake": "2025-autumn",
        "level": "critical",
        "raised_on": NOW.date(),
        "noted_at": NOW,
        "state": "told",
        "state_since": NOW,
    }
    return Alert(**{**given, **changes})


def told(alert: Alert) -> AlertTold:
    """An alert as a message tells it for the first time."""
    names = ("matter", "enrolment", "programme", "intake", "level", "raised_on")
    return AlertTold(alert=alert.id, step="first", **{name: getattr(alert, name) for name in names})


def a_notice(
    number: int,
    *alerts: Alert,
    receiver: str,
    channel: Channel = "webhook",
    kind: NoticeKind = "at-once",
    state: NoticeState = "waiting",
    at: datetime = NOW,
) -> Notice:
    """A message that waits."""
    alerts = alerts or (an_alert(number),)
    content = Content(
        kind=kind,
        partner="partner-1",
        planned_at=at,
        alerts=tuple(map(told, alerts)),
        link=f"/alerts/notices/msg_{number}",
    )
    return Notice(
        id=f"msg_{number}",
        kind=kind,
        channel=channel,
        receiver=receiver,
        partner="partner-1",
        content=content,
        state=state,
        planned_at=at,
        next_at=at,
    )


def put(store: AlertStore, *notices: Notice) -> None:
    """Write messages, with the alerts that they tell of."""
    numbers = {int(each.enrolment.removeprefix("e-")) for notice in notices for each in notice.content.alerts}
    with store.writing() as connection:
        book.put_alerts(connection, map(an_alert, sorted(numbers)))
        book.put_notices(connection, notices)


def found(store: AlertStore, notice_id: str) -> Notice:
    """A message as it stands."""
    with store.reading() as connection:
        notice = book.notice(connection, notice_id)
    assert notice is not None
    return notice


def states(store: AlertStore) -> Counter[str]:
    """How many messages are in each state."""
    with store.reading() as connection:
        return Counter(connection.scalars(select(schema.notice.c.state)))


def facts_left(store: AlertStore) -> list[str]:
    """The ids of the facts that wait for the log."""
    with store.reading() as connection:
        return sorted(connection.scalars(select(schema.fact_waiting.c.id)))


def webhook(registry: Registry, url: str, secret: str = SECRET) -> str:
    """An endpoint of a partner; answers its id."""
    with registry.writing() as connection:
        return endpoints.create(
            connection, partner="partner-1", channel="webhook", url=url, secret=secret, now=NOW, by="tests"
        ).id


def contact(registry: Registry, email: str = EMAIL, **wishes: Any) -> Contact:
    """A contact of a partner."""
    with registry.writing() as connection:
        return contacts.create(connection, partner="partner-1", label=NAME, email=email, now=NOW, by="tests", **wishes)


def carriers(receivers: Receivers, mail: str | None = None, *, timeout_seconds: float = 15.0) -> dict[Channel, Carrier]:
    """The ways to receivers on this machine."""
    mailer = None if mail is None else SmtpMailer(SmtpServer.parse(mail))
    return {
        "webhook": WebhookCarrier(
            receivers.signed_endpoint,
            public_url=PUBLIC_URL,
            clock=utc_now,
            allowed=LOOPBACK,
            timeout_seconds=timeout_seconds,
        ),
        "email": EmailCarrier(receivers.contact, mailer, sender="alerts@example.org", public_url=PUBLIC_URL),
    }


def deliverer(
    store: AlertStore, registry: Registry, mail: str | None = None, *, seed: int = 1, timeout_seconds: float = 15.0
) -> Deliverer:
    """A deliverer to receivers on this machine."""
    receivers = Receivers(registry, utc_now)
    ways = carriers(receivers, mail, timeout_seconds=timeout_seconds)
    return Deliverer(store, ways, receivers, chance=seeded(seed))


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
def mail_server(answer: Callable[[str, int], str] = lambda _, __: "250 OK") -> Iterator[MailServer]:
    """A mail server in a thread of its own, until the block ends."""
    one = MailServer(answer)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(one, hostname="127.0.0.1", port=port)
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


def later(**elapsed: float) -> datetime:
    """So long after `NOW`."""
    return NOW + timedelta(**elapsed)


def opened(folder: Path) -> tuple[AlertStore, Registry]:
    """An alert book and a registry in a folder."""
    return AlertStore(folder / "alerts.db"), Registry(folder / "registry.db")
