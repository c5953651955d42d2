"""What a decision about a flag does to the alert of its enrolment: raises it, opens it again, lets it rise, ends it.

The newest decision counts. One that is read late, or again, changes nothing, so in whichever order the partitions of
the log are read, an enrolment has one open alert exactly if its newest decision says that it has a flag.
"""

from datetime import date, datetime
from typing import Final, Literal

from msgspec import Struct, structs

from alerting.identity import alert_id
from alerting.model import OPEN, Alert, State
from alerting.policy import AlertPolicy
from learning.calendar import uk_day
from learning.policy import FLAGGED, LEVELS, Level

HIGHEST: Final = LEVELS[-1]


class DecidedFlag(Struct, frozen=True, kw_only=True):
    """What of the data of a decision matters here; see `learning.changes.RiskData`."""

    enrolment: str
    participant: str
    programme: str
    intake: str
    provider: str
    partner: str
    day: date
    level: Level

    @property
    def flagged(self) -> bool:
        """Whether somebody is to act."""
        return LEVELS.index(self.level) >= FLAGGED


class Decision(Struct, frozen=True, kw_only=True):
    """A message that a flag was raised, changed or cleared."""

    type: Literal["risk.raised.v1", "risk.changed.v1", "risk.cleared.v1"]
    data: DecidedFlag


def decided(alert: Alert | None, flag: DecidedFlag, now: datetime, policy: AlertPolicy) -> Alert | None:
    """The alert after a decision that is newer than all before; None where there is none to be.

    Args:
        alert: The latest alert about the flag of the enrolment, open or not.
        flag: What was decided.
        now: When it is read.
        policy: The figures of alerting.
    """
    if not flag.flagged:
        return alert and _cleared(alert, flag.day, now)
    if alert is None or _is_over(alert, flag.day, policy):
        return _raised(flag, now, policy)
    return _still_up(alert, flag, now, policy)


def reopened(alert: Alert, now: datetime) -> Alert:
    """The alert open again, told or to be told."""
    state: State = "waiting" if alert.told_at is None else "told"
    return structs.replace(alert, state=state, state_since=now, resolved_on=None)


def _is_over(alert: Alert, day: date, policy: AlertPolicy) -> bool:
    """Whether a flag on a day is another one than that of the alert."""
    return alert.resolved_on is not None and day > max(alert.resolved_on, alert.raised_on) + policy.flap_window


def _raised(flag: DecidedFlag, now: datetime, policy: AlertPolicy) -> Alert:
    return Alert(
        id=alert_id(flag.enrolment, flag.day.isoformat()),
        matter="flag",
        enrolment=flag.enrolment,
        participant=flag.participant,
        partner=flag.partner,
        provider=flag.provider,
        programme=flag.programme,
        intake=flag.intake,
        level=flag.level,
        raised_on=flag.day,
        noted_at=now,
        state="lapsed" if _is_old(flag.day, now, policy) else "waiting",
        state_since=now,
        risen_on=flag.day if flag.level == HIGHEST else None,
    )


def _still_up(alert: Alert, flag: DecidedFlag, now: datetime, policy: AlertPolicy) -> Alert:
    """Of a flag that goes on, or came back so soon that it is the same alert."""
    rises = flag.level == HIGHEST and alert.risen_on is None
    after = structs.replace(alert, level=flag.level, risen_on=flag.day if rises else alert.risen_on)
    if alert.state in OPEN:
        return reopened(after, now) if rises and alert.state in {"acknowledged", "contacted"} else after
    if alert.state == "lapsed":  # its flag is old news unless it rises now
        after = structs.replace(after, resolved_on=None)
        is_news = (rises or alert.resolved_on is not None) and not _is_old(flag.day, now, policy)
        return reopened(after, now) if is_news else after
    return reopened(after, now)


def _cleared(alert: Alert, day: date, now: datetime) -> Alert:
    if alert.state in OPEN:
        return structs.replace(alert, state="resolved", state_since=now, resolved_on=day)
    return alert if alert.resolved_on is not None else structs.replace(alert, resolved_on=day)


def _is_old(day: date, now: datetime, policy: AlertPolicy) -> bool:
    return uk_day(now) - day > policy.lapse
