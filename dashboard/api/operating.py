"""How the pipeline is, for programs: how fresh the figures are, and what could not be understood."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Meta

from dashboard.api.answering import answer, answer_list
from dashboard.api.asking import PagedQuery
from dashboard.api.models import Freshness, Listed, Told
from dashboard.api.paging import place_of, place_token
from dashboard.reading import Rows
from dashboard.rules import AllPartners, SignedIn
from dashboard.visitors import parts_of
from eventlog.rejects import parked
from learning.events import Instant
from projections import checkpoints

router = APIRouter(tags=["Operation"])

_RejectId = Annotated[str, Meta(max_length=64)]


class Partition(Told):
    """One partition of the log, as far as it was processed."""

    partition: int
    """Its number."""
    next_offset: int
    """The offset of the first record that is not in the projections yet."""
    day: date | None
    """The latest day that has started in it."""
    policy: str | None
    """The version of the risk policy in force on that day."""


class Status(Freshness):
    """How far the projections have come."""

    policy: str | None
    """The version of the risk policy in force on the day as of which figures are measured."""
    partitions: list[Partition]
    """Each partition that was read from."""


class Reject(Told):
    """A message that could not be understood: it was set aside, with why."""

    id: str
    """Its id, for `engagement rejects`."""
    at: datetime
    """When it was set aside."""
    origin: str
    """Where it came from: topic, partition and offset, or file and line."""
    reason: str
    """Why, and what to do."""
    original: str
    """What was sent; bytes that are no text are escaped."""


@router.get("/status", response_model=Status, summary="How fresh the figures are")
def status(request: Request, rows: Rows, _: SignedIn) -> Response:
    """How far the projections have come, and by which policy."""
    partitions = [
        {
            "partition": each,
            "next_offset": found.next_offset,
            "day": found.day,
            "policy": found.policy,
        }
        for each, found in sorted(checkpoints.every(rows).items())
    ]
    told = {**request.state.freshness._asdict(), "policy": request.state.policy, "partitions": partitions}
    return answer(request, Status.model_validate(told))


@router.get("/rejects", response_model=Listed[Reject], summary="What could not be understood")
def rejects(request: Request, asked: PagedQuery, _: AllPartners) -> Response:
    """The messages that wait, in the order in which they were set aside; for accounts that see all partners.

    Nothing is lost: `engagement rejects retry` takes them up again once the cause is mended.
    """
    after = place_of(asked.after, tuple[Instant, _RejectId])
    with parts_of(request).log() as log:
        waiting = sorted(parked(log).values(), key=lambda each: (each.at, each.id))
    some = [each for each in waiting if after is None or (each.at, each.id) > after]
    page = [
        {
            "id": each.id,
            "at": each.at,
            "origin": each.origin,
            "reason": each.reason,
            "original": each.original.decode("utf-8", "backslashreplace"),
        }
        for each in some[: asked.per_page]
    ]
    more = place_token(page[-1]["at"], page[-1]["id"]) if len(some) > len(page) else None
    return answer_list(request, asked, Reject, page, after=more)
