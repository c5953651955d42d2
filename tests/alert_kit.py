"""What tests of alerts share: receivers, alerts, decisions, and weeks that pass turn by turn without any waiting."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from msgspec import structs

from alerting import routing
from alerting.book import Telling
from alerting.following import Current
from alerting.model import Alert, Notice
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.raising import DecidedFlag, decided
from alerting.routing import Plan, Situation
from learning.calendar import UK, StudyCalendar, school_terms
from learning.changes import RiskData
from learning.policy import Level
from registry.contacts import Contact
from registry.endpoints import Endpoint

TERMS = school_terms()
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
"""In term; no bank holiday comes before 3 April."""


def uk(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A moment by a clock in the United Kingdom."""
    return datetime.combine(day, time(hour, minute), tzinfo=UK).astimezone(UTC)


def monday(days: int = 0, hour: int = 9) -> datetime:
    """So many days after `MONDAY`, at an hour."""
    return uk(MONDAY + timedelta(days=days), hour)


def contact(contact_id: str = "c-1", partner: str | None = "p-1", **wishes: Any) -> Contact:
    """Somebody with the usual wishes: a daily digest at 8, quiet from 19 to 7, critical alerts at once."""
    given = {"label": contact_id, "email": f"{contact_id}@example.org", "created_at": LONG_AGO, **wishes}
    return Contact(id=contact_id, partner=partner, **given)


def endpoint(endpoint_id: str = "w-1", partner: str | None = "p-1", **wishes: Any) -> Endpoint:
    """A webhook."""
    given = {"channel": "webhook", "url": "https://example.org/hook", "created_at": LONG_AGO, **wishes}
    return Endpoint(id=endpoint_id, partner=partner, **given)


def alert(enrolment: str = "e-1", day: date = MONDAY, level: Level = "at-risk", **values: Any) -> Alert:
    """An alert that waits, raised on a day and noted an hour after its beginning."""
    noted = uk(day, 1)
    given = {
        "id": f"{enrolment}/{day.isoformat()}",
        "matter": "flag",
        "participant": "person-1",
        "partner": "p-1",
        "provider": "provider-1",
        "programme": "small/course",
        "intake": "autumn",
        "noted_at": noted,
        "state": "waiting",
        "state_since": noted,
        **values,
    }
    return Alert(enrolment=enrolment, level=level, raised_on=day, **given)


def flag(day: date = MONDAY, level: Level = "at-risk", enrolment: str = "e-1", **values: Any) -> DecidedFlag:
    """What was decided on a day."""
    given = {
        "participant": "person-1",
        "programme": "small/course",
        "intake": "autumn",
        "provider": "provider-1",
        "partner": "p-1",
        **values,
    }
    return DecidedFlag(enrolment=enrolment, day=day, level=level, **given)


def message(decision: DecidedFlag, change: str = "raised") -> bytes:
    """A decision as it stands on the log."""
    data = RiskData(
        **structs.asdict(decision),
        status="active",
        previous_level="on-track",
        points=3,
        since=decision.day,
        flagged_since=decision.day,
        policy="test",
        reasons=(),
    )
    return msgspec.json.encode(
        {"id": f"{decision.enrolment}/{decision.day}", "type": f"risk.{change}.v1", "data": data}
    )


def current(enrolment: str = "e-1", **values: Any) -> Current:
    """An enrolment that is studied, with a flag that nobody has answered."""
    given: dict[str, Any] = dict.fromkeys(
        ("muted_until", "contacted_at", "withdrawal", "withdrawal_at", "stage_since", "deadline")
    )
    given |= {"participant": "person-1", "partner": "p-1", "provider": "provider-1", "programme": "small/course"}
    given |= {"intake": "autumn", "status": "active", "erased": False, "stage": "raised", **values}
    return Current(enrolment=enrolment, **given)


class Weeks:
    """Alerts and what is told of them, kept in memory, while an injected clock goes on."""

    def __init__(
        self,
        *receivers: Contact | Endpoint,
        alerts: Iterable[Alert] = (),
        budgets: Mapping[str, int] | None = None,
        policy: AlertPolicy = DEFAULT_POLICY,
        terms: StudyCalendar = TERMS,
    ) -> None:
        """Begin with these receivers and alerts."""
        self.receivers: dict[str, Contact | Endpoint] = {each.id: each for each in receivers}
        self.alerts = {each.id: each for each in alerts}
        self.budgets = dict(budgets or {})
        self.policy, self.terms = policy, terms
        self.dry = False
        self.notices: list[Notice] = []
        self.tellings: list[Telling] = []
        self.digests: dict[str, date] = {}
        self._newest: dict[str, date] = {}

    def turn(self, now: datetime) -> list[Notice]:
        """Look once at a moment; answer the messages that were planned."""
        plan = self.look(now)
        for notice in plan.notices:
            for told in notice.content.alerts:
                self.tellings.append(
                    Telling(
                        alert=told.alert,
                        partner=notice.partner,
                        receiver=notice.receiver,
                        step=told.step,
                        level=told.level,
                        at=now,
                        dry=notice.state == "dry-run",
                    )
                )
        self.alerts |= {each.id: each for each in plan.alerts}
        self.digests |= plan.digests
        self.notices += plan.notices
        return list(plan.notices)

    def look(self, now: datetime) -> Plan:
        """What would be done at a moment."""
        situation = Situation(
            now=now,
            dry=self.dry,
            alerts=[self.alerts[each] for each in sorted(self.alerts)],
            tellings=self.tellings,
            contacts=[each for each in self.receivers.values() if isinstance(each, Contact)],
            endpoints=[each for each in self.receivers.values() if isinstance(each, Endpoint)],
            budgets=self.budgets,
            digests=self.digests,
        )
        return routing.route(situation, self.terms, self.policy)

    def pass_by(self, start: datetime, end: datetime, step: timedelta = timedelta(hours=1)) -> list[Notice]:
        """Look again and again from one moment to before another; answer the messages."""
        return [notice for now in moments(start, end, step) for notice in self.turn(now)]

    def decide(self, decision: DecidedFlag, now: datetime) -> None:
        """Take a decision in."""
        if decision.day <= self._newest.get(decision.enrolment, date.min):
            return
        self._newest[decision.enrolment] = decision.day
        mine = [each for each in self.alerts.values() if each.enrolment == decision.enrolment]
        latest = max(mine, key=lambda each: each.raised_on, default=None)
        after = decided(latest, decision, now, self.policy)
        if after is not None:
            self.alerts[after.id] = after

    def change(self, alert_id: str, **values: Any) -> None:
        """Let something become of an alert."""
        self.alerts[alert_id] = structs.replace(self.alerts[alert_id], **values)


def moments(start: datetime, end: datetime, step: timedelta = timedelta(hours=1)) -> Iterator[datetime]:
    """The moments from one to before another."""
    while start < end:
        yield start
        start += step


def told(notices: Sequence[Notice]) -> list[tuple[str, str, str, str]]:
    """Messages in short: kind, receiver, step and enrolment, one for each alert."""
    return [(each.kind, each.receiver, of.step, of.enrolment) for each in notices for of in each.content.alerts]
