"""What a webhook carries, word for word: codes, counts and a link; no name, no email address, no words of anybody."""

from collections import Counter
from datetime import UTC
from typing import Any, Final

import msgspec

from alerting.model import Content, Notice, NoticeKind

TYPES: Final[dict[NoticeKind, str]] = {
    "at-once": "engagement.alert.raised.v1",
    "digest": "engagement.alert.digest.v1",
    "reminder": "engagement.alert.reminder.v1",
    "escalation": "engagement.alert.escalated.v1",
    "resolved": "engagement.alert.resolved.v1",
    "test": "engagement.test.v1",
}

LARGEST: Final = 20_000
"""Bytes of a body, at most (Standard Webhooks 1.0.0, "Payload size")."""


def webhook_body(notice: Notice, public_url: str) -> bytes:
    """The body of a message; the same bytes at each attempt, for it was planned once.

    Args:
        notice: What it tells.
        public_url: Where the dashboard is, without a slash at its end.
    """
    content = notice.content
    alerts = [msgspec.to_builtins(each) for each in content.alerts]
    shown = alerts
    while len(body := _encoded(notice, public_url, shown)) > LARGEST:
        shown = alerts[: len(shown) * 9 // 10]
    return body


def counts(content: Content) -> dict[str, dict[str, int]]:
    """How many alerts a message tells of, by level, by what they are about, and by why it tells of them."""
    told = content.alerts
    return {
        "by_level": dict(sorted(Counter(each.level for each in told).items())),
        "by_matter": dict(sorted(Counter(each.matter for each in told).items())),
        "by_step": dict(sorted(Counter(each.step for each in told).items())),
    }


def link(content: Content, public_url: str) -> str:
    """The whole address of the page on the dashboard; who opens it signs in first."""
    return f"{public_url}{content.link}"


def _encoded(notice: Notice, public_url: str, shown: list[Any]) -> bytes:
    content = notice.content
    return msgspec.json.encode(
        {
            "type": TYPES[content.kind],
            "timestamp": content.planned_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "data": {
                "notice": notice.id,
                "partner": content.partner,
                "count": len(content.alerts),
                **counts(content),
                "held_back": content.held_back,
                "alerts": shown,
                "not_listed": len(content.alerts) - len(shown),
                "link": link(content, public_url),
            },
        }
    )
