"""What the address of a list of alerts or messages narrows it to, and the same as a query and as an address again."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final, Literal, Self, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from alerting.listing import ByDay, ByMoment, WantedAlerts, WantedNotices
from alerting.model import Alert, Channel, Matter, Notice, NoticeState, State
from dashboard.links import address
from dashboard.visitors import Visitor
from dashboard.wording import level, words
from learning.events import EARLIEST, LATEST
from learning.policy import Level

PAGE: Final = 50
"""Rows of a page."""

_LONGEST_ID: Final = 800


class _Filters(BaseModel):
    model_config = ConfigDict(frozen=True)

    partner: str | None = Field(None, max_length=_LONGEST_ID)
    after: str | None = Field(None, max_length=_LONGEST_ID)
    """The id of the last one of the page before."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given

    def address(self, path: str, **other: object) -> str:
        """The address of this list, with something else in places, from its first page on."""
        said = self.model_dump(exclude_defaults=True, exclude={"after", "from_"}, by_alias=True)
        return address(path, **{**said, **other})

    def _partner(self, visitor: Visitor) -> str | None:
        """Of nobody's where another one is asked for than the visitor's own."""
        if visitor.partner is not None and self.partner not in (None, visitor.partner):
            return ""
        wanted = visitor.partner or self.partner
        return wanted if wanted is None or wanted.isprintable() else ""


class AlertFilters(_Filters):
    """A list of alerts as its address asks for it. What is empty, as forms send it, was not asked for."""

    state: State | Literal["all"] | None = None
    """None: all that are open."""
    level: Level | None = None
    matter: Matter | None = None
    enrolment: str | None = Field(None, max_length=_LONGEST_ID)
    from_: date | None = Field(None, alias="from")
    """The day on which the last one of the page before was raised."""

    @property
    def narrows(self) -> bool:
        """Whether anything but what is settled is left out."""
        return any(each is not None for each in (self.partner, self.state, self.level, self.matter, self.enrolment))

    def wanted(self, visitor: Visitor) -> WantedAlerts:
        """The same for a query, held to what the visitor may see."""
        enrolment = self.enrolment if self.enrolment is None or self.enrolment.isprintable() else ""
        return WantedAlerts(
            partner=self._partner(visitor),
            state=None if self.state == "all" else self.state,
            only_open=self.state is None,
            level=self.level,
            matter=self.matter,
            enrolment=enrolment,
        )

    def everywhere(self) -> Self:
        """The same of every state, which is what the counts by state are of."""
        return self.model_copy(update={"state": "all"})

    @property
    def place(self) -> ByDay | None:
        """Where the page before ended."""
        if self.after is None or self.from_ is None:
            return None
        return ByDay(self.from_, self.after.replace("\0", ""))

    def next(self, path: str, last: Alert) -> str:
        """The address of the page after an alert."""
        return self.address(path, **{"from": last.raised_on, "after": last.id})


class NoticeFilters(_Filters):
    """A list of messages as its address asks for it."""

    state: NoticeState | None = None
    channel: Channel | None = None
    receiver: str | None = Field(None, max_length=_LONGEST_ID)
    from_: AwareDatetime | None = Field(None, alias="from")
    """When the last one of the page before was planned."""

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return any(each is not None for each in (self.partner, self.state, self.channel, self.receiver))

    def wanted(self, visitor: Visitor) -> WantedNotices:
        """The same for a query, held to what the visitor may see."""
        receiver = self.receiver if self.receiver is None or self.receiver.isprintable() else ""
        return WantedNotices(partner=self._partner(visitor), state=self.state, channel=self.channel, receiver=receiver)

    def everywhere(self) -> Self:
        """The same of every state, which is what the counts by state are of."""
        return self.model_copy(update={"state": None})

    @property
    def place(self) -> ByMoment | None:
        """Where the page before ended."""
        if self.after is None or self.from_ is None:
            return None
        return ByMoment(min(max(self.from_, EARLIEST), LATEST), self.after.replace("\0", ""))

    def next(self, path: str, last: Notice) -> str:
        """The address of the page after a message."""
        return self.address(path, **{"from": last.planned_at.isoformat(), "after": last.id})


def options(codes: Iterable[str], said: Callable[[str], str] = words) -> list[dict[str, str]]:
    """What a field of a form offers."""
    return [{"value": each, "text": said(each)} for each in codes]


def alert_choices(partners: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """What the fields of the form over alerts offer."""
    return {
        "state": [*options(get_args(State)), {"value": "all", "text": "All"}],
        "level": options(("critical", "at-risk"), level),
        "matter": [{"value": "flag", "text": "A flag"}, {"value": "withdrawal", "text": "A recommended withdrawal"}],
        "partner": options(partners, str),
    }


def notice_choices(partners: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """What the fields of the form over messages offer."""
    return {
        "state": options(get_args(NoticeState)),
        "channel": options(get_args(Channel)),
        "partner": options(partners, str),
    }
