"""The life of one alert as people read it: raised, told, reminded, escalated, and what was done about it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fastapi import Request

from alerting.listing import Telling
from alerting.model import Alert
from dashboard.naming import actors
from dashboard.pages.enrolment_story import told as in_words
from dashboard.reading import reading_of
from dashboard.visitors import Visitor
from dashboard.wording import day, level, moment, words
from learning.facts import (
    AlertsMuted,
    ContactMade,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.plan import start_of
from projections.timeline import Entry, timeline

_DONE: Final = frozenset(
    each.TYPE
    for each in (
        FlagAcknowledged,
        ContactMade,
        ImprovementSeen,
        AlertsMuted,
        Deferred,
        WithdrawalRecommended,
        WithdrawalObjected,
        Withdrawn,
    )
)
"""What people do about an alert, as facts."""

_STEPS: Final = {
    "first": "Told",
    "reminder": "Reminded",
    "escalation": "Told the next contact",
    "resolved": "Told that it is resolved",
}
_NOT_SENT: Final = {
    "waiting": "On its way",
    "dead": "Not delivered, and given up",
    "dry-run": "Composed in a dry run; it never left",
    "cancelled": "Cancelled before it was sent",
}


def life(
    request: Request, visitor: Visitor, alert: Alert, told: Sequence[Telling], receivers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What happened to an alert, the latest first, for `parts/lists.html`."""
    found = [
        *_raised(alert),
        *(_telling(each, receivers) for each in told),
        *_done(request, visitor, alert),
        *_resolved(alert),
    ]
    found.sort(key=lambda each: each[0], reverse=True)
    return [entry for _, entry in found]


def _raised(alert: Alert) -> Iterator[tuple[datetime, dict[str, Any]]]:
    what = f"Flag raised: {level(alert.level).lower()}" if alert.matter == "flag" else "Withdrawal recommended"
    details = [] if alert.told_at or alert.state not in ("held-back", "muted", "lapsed") else [_why[alert.state]]
    yield start_of(alert.raised_on), {"what": what, "when": day(alert.raised_on), "details": details, "important": True}


_why: Final = {
    "held-back": "Held back: the budget of the week is spent, and others are more urgent.",
    "muted": "Muted: somebody wants no alerts about this enrolment for now.",
    "lapsed": "It was too old when it became known, so nobody was told.",
}


def _telling(each: Telling, receivers: Mapping[str, str]) -> tuple[datetime, dict[str, Any]]:
    notice = each.notice
    at = notice.settled_at or notice.planned_at
    details = [_NOT_SENT[notice.state]] if notice.state in _NOT_SENT else []
    if notice.error and notice.state != "delivered":
        details.append(f"Last error: {notice.error}")
    to = receivers.get(notice.receiver, notice.receiver)
    return at, {
        "what": f"{_STEPS[each.step]}: {to}, by {words(notice.channel).lower()}",
        "when": moment(at),
        "details": details,
    }


def _done(request: Request, visitor: Visitor, alert: Alert) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """What people noted about the enrolment since the alert was raised, until it was resolved."""
    until = alert.state_since if alert.state == "resolved" else None
    entries = [each for each in timeline(reading_of(request).store(), alert.enrolment) if _belongs(each, alert, until)]
    for entry, shown in zip(reversed(entries), in_words(entries, {}, actors(request, visitor)), strict=True):
        yield entry.time, shown


def _belongs(each: Entry, alert: Alert, until: datetime | None) -> bool:
    return each.what in _DONE and each.time >= start_of(alert.raised_on) and (until is None or each.time <= until)


def _resolved(alert: Alert) -> Iterator[tuple[datetime, dict[str, Any]]]:
    if alert.state == "resolved":
        what = "Resolved: the flag was cleared" if alert.matter == "flag" else "Resolved: the withdrawal was decided"
        shown = day(alert.resolved_on) if alert.resolved_on else moment(alert.state_since)
        yield alert.state_since, {"what": what, "when": shown, "important": True}
