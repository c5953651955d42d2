"""What can be asked about alerts and messages, and what is told of them."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, Field

from alerting.listing import WantedAlerts, WantedNotices
from alerting.model import Channel, Matter, NoticeKind, NoticeState, State, Step
from dashboard.api.asking import Paged, Where
from dashboard.api.models import Told
from dashboard.api.paging import bounded
from dashboard.visitors import Visitor
from learning.flags import Stage
from learning.policy import Level

_NOBODYS = ""
"""No alert is of this partner."""

_Id = Annotated[str | None, Field(max_length=800)]


class Alerts(Paged, Where):
    """Alerts by how they stand."""

    state: State | None = Field(None, alias="filter[state]")
    """Only in this state."""
    only_open: bool = Field(default=False, alias="filter[open]")
    """Only those that neither are resolved nor have lapsed."""
    level: Level | None = Field(None, alias="filter[level]")
    """Only at this level of risk."""
    matter: Matter | None = Field(None, alias="filter[matter]")
    """Only about flags, or only about recommended withdrawals."""
    enrolment: _Id = Field(None, alias="filter[enrolment]")
    """Only about this enrolment."""
    updated_since: AwareDatetime | None = Field(None, alias="filter[updated_since]")
    """Only those that changed at this moment or later, such as `2026-11-22T09:00:00Z`. Whoever asks again and again
    asks from two rounds back, so that nothing that came late is missed."""

    def wanted(self, visitor: Visitor) -> WantedAlerts:
        """The same for a query, held to what the visitor may see."""
        places = self.places(visitor)
        if places is None or not (self.enrolment or "").isprintable():
            return WantedAlerts(partner=_NOBODYS)
        names = ("state", "only_open", "level", "matter", "enrolment")
        since = self.updated_since and bounded(self.updated_since)
        return WantedAlerts(**places, **{name: getattr(self, name) for name in names}, updated_since=since)


class Notices(Paged):
    """Messages by what became of them."""

    partner: _Id = Field(None, alias="filter[partner]")
    """Only for this delivery partner. An account of a partner sees its own messages only, whatever it asks for."""
    state: NoticeState | None = Field(None, alias="filter[state]")
    """Only in this state."""
    channel: Channel | None = Field(None, alias="filter[channel]")
    """Only by this channel."""
    kind: NoticeKind | None = Field(None, alias="filter[kind]")
    """Only of this kind."""
    alert: _Id = Field(None, alias="filter[alert]")
    """Only those that tell of this alert."""

    def wanted(self, visitor: Visitor) -> WantedNotices:
        """The same for a query, held to what the visitor may see."""
        said = (self.partner or "") + (self.alert or "")
        if not said.isprintable() or (visitor.partner is not None and self.partner not in (None, visitor.partner)):
            return WantedNotices(partner=_NOBODYS)
        names = ("state", "channel", "kind", "alert")
        given = {name: getattr(self, name) for name in names}
        return WantedNotices(partner=visitor.partner or self.partner, **given)


class Alert(Told):
    """That somebody is to be told about one enrolment."""

    alert: str
    """Its id."""
    matter: Matter
    """A `flag` that was raised, or a `withdrawal` that is recommended."""
    enrolment: str
    """The enrolment."""
    participant: str
    """The participant."""
    partner: str
    """The delivery partner."""
    provider: str
    """The lead provider."""
    programme: str
    """The programme."""
    intake: str
    """The intake."""
    level: Level
    """The level of risk that it tells of."""
    raised_on: date
    """The day (UK) on which the flag was raised, or the withdrawal recommended."""
    state: State
    """Where it stands: `waiting` (nobody has been told yet), `held-back` (the budget of the week is spent), `muted`,
    `told`, `acknowledged`, `contacted`, `resolved`, or `lapsed` (too old when it became known; nobody was told)."""
    state_since: datetime
    """Since when it is in this state."""
    step: Step | None
    """Why the latest message about it was composed; null without one."""
    told_at: datetime | None
    """When the first message about it was composed."""
    last_told_at: datetime | None
    """When the latest was."""
    escalations: int
    """To how many further contacts it went."""
    resolved_on: date | None
    """The day (UK) on which the flag was cleared, or the withdrawal decided."""
    updated_at: datetime
    """When it changed last: its state, or that somebody was told."""


class Message(Told):
    """A message that tells of an alert."""

    notice: str
    """Its id."""
    step: Step
    """Why it tells of the alert."""
    channel: Channel
    """How it goes."""
    receiver: str
    """The contact or endpoint, by its id."""
    state: NoticeState
    """What became of it."""
    planned_at: datetime
    """When it was composed."""
    settled_at: datetime | None
    """When it was delivered, given up or cancelled."""


class AlertDetail(Alert):
    """An alert with the messages that tell of it."""

    stage: Stage | None
    """What was done about the flag last; null where there is none now."""
    messages: list[Message]
    """The first first."""


class AlertNotice(Told):
    """A message about alerts to one receiver."""

    notice: str
    """Its id, the same at each attempt: of a webhook, its `webhook-id`."""
    kind: NoticeKind
    """Why it was composed."""
    channel: Channel
    """How it goes."""
    receiver: str
    """The contact or endpoint, by its id."""
    partner: str
    """The delivery partner whose participants it tells of."""
    state: NoticeState
    """`waiting`, `delivered`, `dead` (given up; it can be sent again), `dry-run` (composed while alerts were switched
    off, and never sent), or `cancelled`."""
    planned_at: datetime
    """When it was composed."""
    next_at: datetime
    """When it is tried next, while it waits."""
    attempts: int
    """How often it was tried."""
    settled_at: datetime | None
    """When it was delivered, given up or cancelled."""
    error: str | None
    """Why the last attempt failed."""
    held_back: int
    """How many alerts were held back when it was composed, because the budget of the week was spent."""
    alerts: list[str]
    """The alerts that it tells of, by their ids, the most urgent first; without those of enrolments that are with
    another delivery partner by now, or erased."""
    link: str
    """The page that it leads to."""


AlertsQuery = Annotated[Alerts, Query()]
NoticesQuery = Annotated[Notices, Query()]
