"""Says which alerts are told now, to whom and how, by nothing but what it is given: no clock, no database.

Each alert goes its way once: first message, reminder, one escalation after the other, and word that it is resolved.
Nobody is told of the same alert in the same step twice, but for a first message of one that has become critical.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct, structs

from alerting import budget, windows
from alerting.book import Telling
from alerting.composing import Outgoing, notices_of
from alerting.history import History
from alerting.ladder import Directory, Rung
from alerting.model import Alert, Notice, Step
from alerting.policy import AlertPolicy
from alerting.raising import HIGHEST
from alerting.working_days import working_days_after
from learning.calendar import StudyCalendar, uk_day
from registry.contacts import Contact
from registry.endpoints import Endpoint
from registry.partners import WEEKLY_BUDGET

_UNANSWERED: Final = {"waiting", "held-back", "told"}
"""The states of alerts of which somebody is to be told first, or again."""

_ASKING: Final[tuple[Step, ...]] = ("first", "reminder", "escalation")


class Situation(Struct, frozen=True, kw_only=True):
    """All that counts for what is told now."""

    now: datetime
    dry: bool
    """Whether messages are composed only."""
    alerts: Sequence[Alert]
    """Those that are open, and those that were resolved lately."""
    tellings: Sequence[Telling]
    """What was told of these, and of all of which anybody was told first in this week."""
    contacts: Sequence[Contact]
    endpoints: Sequence[Endpoint]
    budgets: Mapping[str, int]
    """How many alerts a week partners are told of; of others as many as is usual."""
    digests: Mapping[str, date]
    """The latest day for which the digest of each contact was planned."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    notices: tuple[Notice, ...]
    alerts: tuple[Alert, ...]
    """Those that are changed by it."""
    digests: Mapping[str, date]
    """Of which contacts the digest of which day is done with, though there may be nothing to tell."""


def route(situation: Situation, terms: StudyCalendar, policy: AlertPolicy) -> Plan:
    """Say what is to be told now.

    Args:
        situation: All that counts.
        terms: When term is.
        policy: The figures of alerting.
    """
    return _Turn(situation, terms, policy).plan()


class _Turn:
    """One look at all alerts, in which what is to be told is collected."""

    def __init__(self, situation: Situation, terms: StudyCalendar, policy: AlertPolicy) -> None:
        self._situation, self._now = situation, situation.now
        self._today = uk_day(situation.now)
        self._terms, self._policy = terms, policy
        self._history = History(situation.tellings, dry=situation.dry)
        self._directory = Directory(situation.contacts, situation.endpoints)
        self._digests = self._due_digests()
        self._after = {alert.id: alert for alert in situation.alerts}
        self._out: list[Outgoing] = []

    def plan(self) -> Plan:
        """Collect everything."""
        unanswered = [alert for alert in self._situation.alerts if alert.state in _UNANSWERED]
        self._tell_first(unanswered)
        told_now = {each.alert.id for each in self._out}
        for alert in unanswered:
            if not (alert.state == "held-back" or alert.id in told_now or self._history.only_dry(alert)):
                self._remind(alert)
                self._escalate(alert)
        for alert in self._situation.alerts:
            if alert.state == "resolved":
                self._tell_resolved(alert)
        held: defaultdict[str, int] = defaultdict(int)
        for alert in self._after.values():
            held[alert.partner] += alert.state == "held-back"
        return Plan(
            notices=notices_of(self._out, self._digests, held, self._now, dry=self._situation.dry),
            alerts=tuple(self._after[each.id] for each in self._situation.alerts if self._after[each.id] != each),
            digests=self._digests,
        )

    def _due_digests(self) -> dict[str, date]:
        found = {}
        for contact in self._directory.contacts.values():
            day = windows.digest_window(contact, self._situation.digests.get(contact.id), self._now, self._terms)
            if day is not None:
                found[contact.id] = day
        return found

    def _tell_first(self, alerts: Sequence[Alert]) -> None:
        wanted = {alert.id: found for alert in alerts if (found := self._to_tell_first(alert))}
        new = [alert for alert in alerts if alert.id in wanted and not self._history.is_admitted(alert)]
        budgets = {alert.partner: self._situation.budgets.get(alert.partner, WEEKLY_BUDGET) for alert in new}
        told = [each for each in self._situation.tellings if self._situation.dry or not each.dry]
        _, held = budget.admit(new, budgets, budget.spent(told, budget.week_of(self._now)))
        for alert in alerts:
            if alert.state == "held-back" and not self._has_receiver(alert):
                self._change(alert, state="waiting", state_since=self._now)  # it is held back from nobody any more
        for alert in held:
            del wanted[alert.id]
            if alert.state == "waiting":
                self._change(alert, state="held-back", state_since=self._now)
        for alert in alerts:
            for receiver in wanted.get(alert.id, ()):
                self._tell(alert, "first", receiver)
            if alert.state == "waiting" and self._history.is_admitted(alert):  # of an enrolment that came back
                self._change(alert, state="told", state_since=self._now, told_at=self._now)

    def _has_receiver(self, alert: Alert) -> bool:
        ladder = self._directory.ladder(alert)
        return bool(ladder.first or ladder.endpoints)

    def _to_tell_first(self, alert: Alert) -> list[Contact | Endpoint]:
        """Who can be told of an alert now, and was not; who was added later is spared what others know already."""
        ladder, known = self._directory.ladder(alert), self._history.is_admitted(alert)
        receivers: tuple[Contact | Endpoint, ...] = (*ladder.first, *ladder.endpoints)
        return [
            each
            for each in receivers
            if not self._history.was_told(alert, each.id, "first")
            and not (known and each.created_at > alert.noted_at)
            and self._may_tell(each, urgent=alert.level == HIGHEST)
        ]

    def _may_tell(self, receiver: Contact | Endpoint, *, urgent: bool) -> bool:
        if isinstance(receiver, Endpoint):
            return receiver.channel == "webhook" or windows.may_chat(self._policy, self._now)
        at_once = urgent and receiver.at_once and windows.may_tell_at_once(receiver, self._now)
        return at_once or receiver.id in self._digests

    def _remind(self, alert: Alert) -> None:
        firsts = self._history.told(alert, "first")
        for contact in self._directory.ladder(alert).first if firsts else ():
            mine = [each.at for each in firsts if each.receiver == contact.id]
            is_new = contact.created_at > alert.noted_at  # then it takes over what others were told
            if self._history.was_told(alert, contact.id, "reminder") or not (mine or is_new):
                continue
            since = max(alert.state_since, *(mine or [each.at for each in firsts]))
            if self._is_due(since, self._policy.reminder_days) and self._may_remind(contact):
                self._tell(alert, "reminder", contact)

    def _escalate(self, alert: Alert) -> None:
        asked = self._history.told(alert, *_ASKING)
        days = self._days_until_escalation(alert, asked)
        if days is None:
            return
        for rung in self._directory.ladder(alert).further:
            missing = [each for each in rung if not self._history.was_told(alert, each.id, "escalation")]
            if not missing:
                continue
            since = max([alert.noted_at, alert.state_since, *(each.at for each in asked)])
            if len(missing) < len(rung) or self._is_due(since, days):
                self._tell_rung(alert, rung, missing)
            return

    def _tell_rung(self, alert: Alert, rung: Rung, missing: Sequence[Contact]) -> None:
        """Tell those of a rung who may be told now; the others as soon as they may."""
        reachable = [contact for contact in missing if self._may_remind(contact)]
        if reachable and len(missing) == len(rung):
            self._change(alert, escalations=alert.escalations + 1)
        for contact in reachable:
            self._tell(alert, "escalation", contact)

    def _days_until_escalation(self, alert: Alert, asked: Sequence[Telling]) -> int | None:
        """Working days from the latest message, or from when the alert was noted; None: it is not its turn yet."""
        ladder = self._directory.ladder(alert)
        if any(each.step != "first" for each in asked):
            return self._policy.escalation_days
        if ladder.unreached:
            return self._policy.reminder_days
        if ladder.first or not asked:
            return None
        return self._policy.reminder_days + self._policy.escalation_days  # a system was told, which nobody reminds

    def _tell_resolved(self, alert: Alert) -> None:
        for receiver_id in sorted({each.receiver for each in self._history.told(alert, *_ASKING)}):
            if self._history.was_told(alert, receiver_id, "resolved"):
                continue
            endpoint = self._directory.endpoints.get(receiver_id)
            contact = self._directory.contacts.get(receiver_id)
            if endpoint is not None and self._may_tell(endpoint, urgent=False):
                self._tell(alert, "resolved", endpoint)
            elif contact is not None and not contact.unsubscribed_at and contact.id in self._digests:
                self._tell(alert, "resolved", contact)

    def _may_remind(self, contact: Contact) -> bool:
        return windows.may_remind(contact, self._now, self._terms)

    def _is_due(self, since: datetime, days: int) -> bool:
        return self._today >= working_days_after(uk_day(since), days)

    def _tell(self, alert: Alert, step: Step, receiver: Contact | Endpoint) -> None:
        self._out.append(Outgoing(alert=alert, step=step, receiver=receiver))
        if step == "resolved":
            self._change(alert, last_told_at=self._now)
            return
        before = self._after[alert.id]
        self._change(
            alert,
            told_at=alert.told_at or self._now,
            last_told_at=self._now,
            state="told",
            state_since=before.state_since if before.state == "told" else self._now,
        )

    def _change(self, alert: Alert, **values: object) -> None:
        self._after[alert.id] = structs.replace(self._after[alert.id], **values)
