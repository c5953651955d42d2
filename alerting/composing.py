"""Gathers what is told now into messages: one for each receiver, kind and partner, and for programs one an alert."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from alerting.budget import urgency
from alerting.identity import notice_id
from alerting.model import Alert, AlertTold, Content, Notice, NoticeKind, Step
from registry.contacts import Contact
from registry.endpoints import Endpoint


class Outgoing(Struct, frozen=True, kw_only=True):
    """That somebody is told of an alert now."""

    alert: Alert
    step: Step
    receiver: Contact | Endpoint


class _Envelope(Struct, frozen=True, kw_only=True):
    """What makes one message of what is told."""

    kind: NoticeKind
    receiver: Contact | Endpoint
    partner: str
    scope: str
    """The day of a digest, the alert of a message that is about one, or empty."""


def notices_of(
    outgoing: Iterable[Outgoing], digests: Mapping[str, date], held_back: Mapping[str, int], now: datetime, *, dry: bool
) -> tuple[Notice, ...]:
    """The messages that tell it all.

    Args:
        outgoing: What is told now.
        digests: The contacts whose digest is planned now, and for which day.
        held_back: How many alerts of each partner wait because its budget is spent.
        now: The moment.
        dry: Whether they are composed only.
    """
    gathered: defaultdict[str, list[Outgoing]] = defaultdict(list)
    envelopes: dict[str, _Envelope] = {}
    for each in outgoing:
        envelope = _envelope(each, digests)
        key = notice_id(envelope.kind, envelope.receiver.id, envelope.partner, envelope.scope)
        envelopes[key] = envelope
        gathered[key].append(each)
    return tuple(
        _notice(envelope, gathered[key], held_back.get(envelope.partner, 0), now, dry=dry)
        for key, envelope in envelopes.items()
    )


def _envelope(told: Outgoing, digests: Mapping[str, date]) -> _Envelope:
    kind, scope = _kind(told, digests)
    return _Envelope(kind=kind, receiver=told.receiver, partner=told.alert.partner, scope=scope)


def _kind(told: Outgoing, digests: Mapping[str, date]) -> tuple[NoticeKind, str]:
    if told.step in ("reminder", "escalation"):
        return told.step, ""
    if isinstance(told.receiver, Endpoint):
        about = told.alert.id if told.receiver.channel == "webhook" else ""
        return ("resolved" if told.step == "resolved" else "at-once"), about
    # A digest is optional mail, so what reaches somebody who has unsubscribed comes in a message of its own.
    day = None if told.receiver.unsubscribed_at else digests.get(told.receiver.id)
    return ("at-once", "") if day is None else ("digest", day.isoformat())


def _notice(envelope: _Envelope, told: Sequence[Outgoing], held_back: int, now: datetime, *, dry: bool) -> Notice:
    first = sorted(told, key=lambda each: urgency(each.alert))
    alerts = tuple(_told(each) for each in first)
    scope = (
        [envelope.scope] if envelope.kind == "digest" else [f"{each.alert} {each.step} {each.level}" for each in alerts]
    )
    made = notice_id(envelope.kind, envelope.receiver.id, envelope.partner, *scope)
    return Notice(
        id=made,
        kind=envelope.kind,
        channel=envelope.receiver.channel if isinstance(envelope.receiver, Endpoint) else "email",
        receiver=envelope.receiver.id,
        partner=envelope.partner,
        content=Content(
            kind=envelope.kind,
            partner=envelope.partner,
            planned_at=now,
            alerts=alerts,
            held_back=held_back,
            link=f"/alerts/notices/{made}",
        ),
        state="dry-run" if dry else "waiting",
        planned_at=now,
        next_at=now,
    )


def _told(told: Outgoing) -> AlertTold:
    alert = told.alert
    return AlertTold(
        alert=alert.id,
        step=told.step,
        matter=alert.matter,
        enrolment=alert.enrolment,
        programme=alert.programme,
        intake=alert.intake,
        level=alert.level,
        raised_on=alert.raised_on,
    )
