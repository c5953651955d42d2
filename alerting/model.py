"""The words of alerting: what an alert is, where it stands, and the messages that tell of it."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from learning.policy import Level

Matter = Literal["flag", "withdrawal"]
"""What an alert is about: a flag that was raised, or a withdrawal that is recommended and waits for the partner."""

State = Literal[
    "waiting",  # nobody has been told yet
    "held-back",  # the partner's budget of the week is spent; it is told when there is room, the most urgent first
    "muted",  # somebody wants no alerts about this enrolment for now
    "told",  # a message about it is on its way or has arrived
    "acknowledged",  # somebody takes care of it
    "contacted",  # somebody tried to reach the participant, or noted more than that
    "resolved",  # the flag was cleared, or the withdrawal was decided
    "lapsed",  # nothing (more) is told: it was too old when it became known, or its participant was erased
]
"""Where an alert stands."""

OPEN: tuple[State, ...] = ("waiting", "held-back", "muted", "told", "acknowledged", "contacted")

Step = Literal["first", "reminder", "escalation", "resolved"]
"""Why a message is sent about an alert."""

Channel = Literal["email", "webhook", "chat"]

NoticeKind = Literal["at-once", "digest", "reminder", "escalation", "resolved", "test"]

NoticeState = Literal[
    "waiting",  # to be sent, at `next_at`
    "delivered",  # accepted by the receiver's server
    "dead",  # given up; it can be sent again by hand
    "dry-run",  # composed while alerts were switched off, and never sent
    "cancelled",  # what it tells is no longer so, or its receiver was removed
]


class Alert(Struct, frozen=True, kw_only=True):
    """That somebody is to be told about one enrolment."""

    id: str
    """`ENROLMENT/DAY` of a flag, by the day on which it was raised; `ENROLMENT/withdrawal/DAY`.

    See `alerting.identity.alert_id` for enrolments whose ids are too long for that.
    """
    matter: Matter
    enrolment: str
    participant: str
    partner: str
    provider: str
    programme: str
    intake: str
    level: Level
    """Of the flag now; the highest there is for a withdrawal that waits."""
    deadline: date | None = None
    """The last day on which reaching the gate counts; None: not known, or not looked up yet."""
    raised_on: date
    """The day (UK) of the decision."""
    noted_at: datetime
    """When the dispatcher learnt of it."""
    state: State
    state_since: datetime
    told_at: datetime | None = None
    """When the first message about it was planned."""
    last_told_at: datetime | None = None
    """When the latest was."""
    escalations: int = 0
    """To how many further contacts it went."""
    resolved_on: date | None = None
    risen_on: date | None = None
    """The day (UK) on which its flag was critical first; an answer from before does not count."""


class AlertTold(Struct, frozen=True, kw_only=True):
    """An alert as a message tells it: codes and ids, no name, no words of anybody."""

    alert: str
    step: Step
    matter: Matter
    enrolment: str
    programme: str
    intake: str
    level: Level
    raised_on: date


class Content(Struct, frozen=True, kw_only=True):
    """What a message says, before it has the form of its channel; never changed once it is planned."""

    kind: NoticeKind
    partner: str
    planned_at: datetime
    alerts: tuple[AlertTold, ...]
    """The most urgent first."""
    held_back: int = 0
    """How many alerts of this partner wait for the next week because its budget is spent."""
    link: str
    """Path and query on the dashboard, behind sign-in."""


class Notice(Struct, frozen=True, kw_only=True):
    """A message to one receiver over one channel."""

    id: str
    """`msg_` and a digest of what makes it this message, so planning it again is the same message."""
    kind: NoticeKind
    channel: Channel
    receiver: str
    """The contact or endpoint, by its id in the registry; its address is looked up when it is sent."""
    partner: str
    content: Content
    state: NoticeState
    planned_at: datetime
    next_at: datetime
    """Not to be tried before."""
    attempts: int = 0
    settled_at: datetime | None = None
    """When it was delivered, given up or cancelled."""
    error: str | None = None
    """Why the last attempt failed, without personal data."""
