"""What can be asked for: forms, pages and filters, under the names that DfE's own API gives them.

Lead providers have programs that read DfE's API (version 3): `filter[updated_since]`, `page[per_page]` and its default
of 100 are as there. Pages go on from a place instead of by number, so that none is missed while rows move.
"""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.paging import bounded
from dashboard.visitors import Visitor
from learning.changes import Change
from learning.flags import Stage
from learning.policy import Level, SignalCode
from learning.standing import Status
from projections.list_filters import Wanted
from projections.list_order import Sort, SortBy

DEFAULT_ROWS: Final = 100
MOST_ROWS: Final = 1_000

_Id = Annotated[str | None, Field(max_length=256)]
_AS_THEY_ARE: Final = (
    *("cohort", "status", "level", "reason", "stage", "text", "behind", "gate_reached", "withdrawn", "assessed"),
    *("deadline_from", "deadline_until", "status_since", "changed_on", "change"),
)


class Form(BaseModel):
    """How to answer. A parameter that is not known is refused: a slip would answer more than was asked for."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)

    format: Literal["json", "csv"] | None = None
    """`json` or `csv`. Without it the header `Accept` says which; else it is JSON."""


class Paged(Form):
    """Which part of a list."""

    per_page: int = Field(DEFAULT_ROWS, alias="page[per_page]", ge=1, le=MOST_ROWS)
    """Rows of a page: 100 unless told, 1,000 at most."""
    after: str | None = Field(None, alias="page[after]", max_length=1_000)
    """`next` of the page before."""


class Where(BaseModel):
    """Enrolments by where they are."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)

    programme: _Id = Field(None, alias="filter[programme]")
    """Only of this programme, such as `ambition-2024/npqsl`."""
    intake: _Id = Field(None, alias="filter[intake]")
    """Only of this intake."""
    provider: _Id = Field(None, alias="filter[provider]")
    """Only of this lead provider."""
    partner: _Id = Field(None, alias="filter[partner]")
    """Only of this delivery partner. An account of a partner sees its own participants only, whatever it asks for."""

    def places(self, visitor: Visitor) -> dict[str, Any] | None:
        """Columns and the value that each must have; None: nothing that the visitor may see has them."""
        given = {name: getattr(self, name) for name in ("programme", "intake", "provider", "partner")}
        wanted = {name: value for name, value in given.items() if value is not None}
        if not "".join(wanted.values()).isprintable():
            return None
        if visitor.partner is not None and wanted.get("partner", visitor.partner) != visitor.partner:
            return None
        return {**wanted, **visitor.scope}


class Places(Form, Where):
    """Counts of enrolments by where they are."""


class Enrolments(Paged, Where):
    """Enrolments by how they stand."""

    cohort: _Id = Field(None, alias="filter[cohort]")
    """Only of this cohort of DfE's, such as `2025a`."""
    status: Status | None = Field(None, alias="filter[status]")
    """Only of this status."""
    level: Level | None = Field(None, alias="filter[level]")
    """Only at this level of risk."""
    reason: SignalCode | None = Field(None, alias="filter[reason]")
    """Only those with this reason, by its code."""
    stage: Stage | None = Field(None, alias="filter[stage]")
    """Only those about whose flag this was done last."""
    text: str | None = Field(None, alias="filter[id]", min_length=1, max_length=128)
    """Only those whose id, or whose participant's id, has this in it."""
    behind: int | None = Field(None, alias="filter[behind]", ge=0, le=520)
    """Only active ones that are at least so many study weeks behind the plan."""
    gate_reached: bool | None = Field(None, alias="filter[gate_reached]")
    """Only those that have reached the gate, or have not."""
    withdrawn: bool | None = Field(None, alias="filter[withdrawn]")
    """Only those whose status is withdrawn, or is not: who is not, counts for completion, the plan and the gate."""
    assessed: bool | None = Field(None, alias="filter[assessed]")
    """Only active ones at which a day has looked, or none has yet."""
    deadline_from: date | None = Field(None, alias="filter[deadline_from]")
    """Only those whose deadline is on this day or later."""
    deadline_until: date | None = Field(None, alias="filter[deadline_until]")
    """Only those whose deadline is on this day or earlier."""
    status_since: date | None = Field(None, alias="filter[status_since]")
    """Only those whose status, another one than active, holds from this day or from a later one."""
    changed_on: date | None = Field(None, alias="filter[changed_on]")
    """Only those whose flag was raised, changed or cleared as this day began."""
    change: Change | None = Field(None, alias="filter[change]")
    """With `filter[changed_on]`, only those to whose flag this happened."""

    def wanted(self, visitor: Visitor, **besides: Any) -> Wanted:
        """The same for a query, held to what the visitor may see."""
        places = self.places(visitor)
        if places is None:
            return Wanted(participants=frozenset())
        return Wanted(**places, **{name: getattr(self, name) for name in _AS_THEY_ARE}, **besides)


class Changed(Enrolments):
    """Enrolments by when they changed."""

    updated_since: AwareDatetime | None = Field(None, alias="filter[updated_since]")
    """Only those of which anything changed at this moment or later, such as `2026-11-22T09:00:00Z`. Whoever asks again
    and again asks from two rounds back, so that nothing that came late is missed."""

    def since(self) -> datetime | None:
        """The moment, within the years there are: before them everything has changed, after them nothing."""
        return self.updated_since and bounded(self.updated_since)


class Risks(Enrolments):
    """Enrolments that are flagged, in an order."""

    sort: str = Field("-risk", pattern=rf"^-?({'|'.join(get_args(SortBy))})$")
    """By what they are sorted, with `-` before it from the greatest down. `risk` is the level, then the points."""

    @property
    def order(self) -> Sort:
        """The same for a query."""
        by: Any = self.sort.removeprefix("-")
        return Sort(by, descending=self.sort.startswith("-"))


class Day(BaseModel):
    """A past day."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)

    as_of: date | None = None
    """A day, such as `2025-11-03`: tells besides what was known and said as it began in the UK, and what is known of it
    now."""


DayQuery = Annotated[Day, Query()]
FormQuery = Annotated[Form, Query()]
PagedQuery = Annotated[Paged, Query()]
WhereQuery = Annotated[Where, Query()]
PlacesQuery = Annotated[Places, Query()]
RiskQuery = Annotated[Risks, Query()]
ChangedQuery = Annotated[Changed, Query()]
