"""What tests of delivery share: messages in an alert book, who they are for, and the ways on which they leave."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

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
from tests.receiving_kit import SECRET

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PUBLIC_URL = "https://engagement.example.org"
LOOPBACK = (ip_network("127.0.0.0/8"),)
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


def later(**elapsed: float) -> datetime:
    """So long after `NOW`."""
    return NOW + timedelta(**elapsed)


def opened(folder: Path) -> tuple[AlertStore, Registry]:
    """An alert book and a registry in a folder."""
    return AlertStore(folder / "alerts.db"), Registry(folder / "registry.db")
