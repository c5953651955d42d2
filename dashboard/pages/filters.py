"""What the address of a list narrows it to, and the same in words, as a query and as an address again."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, get_args

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from dashboard.links import address
from dashboard.naming import search
from dashboard.visitors import Visitor
from dashboard.wording import day, words
from learning.changes import Change
from learning.flags import Stage
from learning.policy import Level, SignalCode
from learning.standing import Status
from projections.list_filters import PLACES, Wanted
from projections.list_order import Sort, SortBy

NOBODY: Final = Wanted(participants=frozenset())

_AS_THEY_ARE: Final = (
    *PLACES,
    "status",
    "level",
    "reason",
    "stage",
    "behind",
    "gate_reached",
    "withdrawn",
    "assessed",
    "deadline_from",
    "deadline_until",
    "status_since",
    "changed_on",
    "change",
)
_LONGEST_ID: Final = 256


class Filters(BaseModel):
    """A list as its address asks for it. What is empty, as forms send it, was not asked for."""

    model_config = ConfigDict(frozen=True)

    q: str | None = Field(None, max_length=128)
    """A part of a name, or of the id of the enrolment or the participant."""
    programme: str | None = Field(None, max_length=_LONGEST_ID)
    intake: str | None = Field(None, max_length=_LONGEST_ID)
    provider: str | None = Field(None, max_length=_LONGEST_ID)
    partner: str | None = Field(None, max_length=_LONGEST_ID)
    cohort: str | None = Field(None, max_length=_LONGEST_ID)
    status: Status | None = None
    level: Level | None = None
    reason: SignalCode | None = None
    stage: Stage | None = None
    behind: int | None = Field(None, ge=1, le=520)
    gate_reached: bool | None = None
    withdrawn: bool | None = None
    assessed: bool | None = None
    deadline_from: date | None = None
    deadline_until: date | None = None
    status_since: date | None = None
    changed_on: date | None = None
    change: Change | None = None
    sort: str = Field("-risk", pattern=rf"^-?({'|'.join(get_args(SortBy))})$")
    page: int = Field(1, ge=1, le=1_000_000)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given

    @property
    def order(self) -> Sort:
        """In what order the list stands."""
        by: Any = self.sort.removeprefix("-")
        return Sort(by, descending=self.sort.startswith("-"))

    @property
    def narrows(self) -> bool:
        """Whether anything is left out of the list."""
        return bool(self.model_dump(exclude={"sort", "page"}, exclude_none=True))

    def address(self, path: str, **other: object) -> str:
        """The address of this list, with something else in places; from another page on, the first page again."""
        said = self.model_dump(exclude_defaults=True, exclude={"page"})
        return address(path, **{**said, **other})

    def kept(self, fields: tuple[str, ...]) -> dict[str, Any]:
        """What else the address asks for than what a form has fields for; forms take it along."""
        said = self.model_dump(exclude_defaults=True, exclude={*fields, "page"}, mode="json")
        return {name: {True: "yes", False: "no"}.get(value, value) for name, value in said.items()}


class Asked(BaseModel):
    """What a list is to have, as a query, and what the visitor has to know of it."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    wanted: Wanted
    more_found: bool = False
    """Whether more people have that name than are listed."""


def asked(request: Request, visitor: Visitor, rows: Connection, filters: Filters, **besides: Any) -> Asked:
    """The query of a list, held to what the visitor may see."""
    if visitor.partner is not None and filters.partner not in (None, visitor.partner):
        return Asked(wanted=NOBODY)
    given = {name: getattr(filters, name) for name in _AS_THEY_ARE}
    narrow = {**given, **visitor.scope, **besides}
    if filters.q is None:
        return Asked(wanted=Wanted(**narrow))
    found = search(request, visitor, rows, filters.q)
    wanted = Wanted(**narrow, text=filters.q.strip(), participants=found.participants)
    return Asked(wanted=wanted, more_found=found.more)


_EITHER: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "gate_reached": ("gate reached", "gate not reached"),
        "withdrawn": ("status withdrawn", "any status but withdrawn"),
        "assessed": ("active and looked at by a day", "active and looked at by no day yet"),
    }
)
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "provider": "lead provider {}",
        "cohort": "cohort {}",
        "stage": "flag {}",
        "behind": "{} study weeks or more behind the plan",
        "deadline_from": "deadline on {} or later",
        "deadline_until": "deadline on {} or earlier",
        "status_since": "of this status since {} or later",
        "change": "flag {}",
        "changed_on": "decided as {} began",
        "programme": "programme {}",
        "intake": "intake {}",
        "partner": "delivery partner {}",
        "status": "{}",
        "level": "{}",
        "reason": "reason {}",
    }
)


def in_words(filters: Filters, fields: tuple[str, ...]) -> Iterator[str]:
    """What the address asks for and the form has no field for."""
    for name, (yes, no) in _EITHER.items():
        value = getattr(filters, name)
        if value is not None and name not in fields:
            yield yes if value else no
    for name, said in _WORDS.items():
        value = getattr(filters, name)
        if value is not None and name not in fields:
            yield said.format(_told(name, value))


def _told(name: str, value: Any) -> str:
    if isinstance(value, date):
        return day(value)
    return words(value).lower() if name in {"stage", "change", "status", "level", "reason"} else str(value)
