"""The forms of answers that all parts of the API share. Only what a model names ever leaves."""

from datetime import date, datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    """What is told of something: the fields that are named here and no others, each with what it means."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True, frozen=True)


class Freshness(Told):
    """How far the projections are that were read: everything in an answer belongs to one moment."""

    as_of: date | None
    """The day (UK) as of which figures are measured; null until a first day has started."""
    updated_at: datetime | None
    """When anything of an enrolment changed last."""
    behind: int
    """Records on the log that are not in the projections yet."""
    stale: bool
    """Whether they have been behind for so long that figures are not to be relied on."""


Row = TypeVar("Row", bound=Told)


class Listed(Told, Generic[Row]):
    """A list, or one page of it."""

    data: list[Row]
    """The rows."""
    next: str | None = None
    """Send it as `page[after]` to get the next page; null on the last one. The header `Link` has the whole address."""
    erased: int | None = None
    """How many enrolments totals count and this list leaves out, on all its pages, since their participants were
    erased; null where the rows are no enrolments."""
    freshness: Freshness | None = None
    """Of the projections; null where the answer does not rest on them."""


class Fault(Told):
    """One thing that is wrong with a request."""

    where: str
    """The part of the request."""
    what: str
    """What is wrong with it."""


class Problem(Told):
    """An error, as RFC 9457 has it."""

    type: str
    """Always `about:blank`: the status says of which kind it is."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened and what to do, in plain English."""
    errors: list[Fault] = []
    """What is wrong with the request, if that is known part by part."""
