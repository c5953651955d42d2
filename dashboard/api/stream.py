"""Tells programs at once which enrolments have changed: an event for each, in the scope of the account.

A stream tells what is new and is no record: whoever must not miss anything also polls `/enrolments`.
"""

from asyncio import wait_for
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import datetime
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from dashboard.api.models import Told
from dashboard.api.paging import changed_place, place_token
from dashboard.live import Watch
from dashboard.problems import NotReadyError, ProblemError
from dashboard.reading import Reading, reading_of
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, find_visitor
from learning.policy import Level
from learning.standing import Status
from projections import enrolment_list
from projections.enrolment_list import Cursor
from projections.list_filters import Wanted
from projections.store import StoreAwayError
from registry.errors import RegistryError

MOST_OF_AN_ACCOUNT: Final = 5
"""Streams that one account may have open; all accounts and pages together are bounded in `dashboard.live`."""

AT_ONCE: Final = 500
"""Changes that are read at a time."""

LOOK_EVERY_SECONDS: Final = 5
"""How often a stream looks by itself, though nothing has woken it: access may have been revoked, a call been missed."""

_HEARTBEAT_SECONDS: Final = 15
_AGAIN_MS: Final = 2_000

router = APIRouter(tags=["Enrolments"])


class Change(Told):
    """The data of an event `enrolment`."""

    enrolment: str
    """Its id."""
    updated_at: datetime
    """When it changed."""
    level: Level | None
    """Its level of risk now."""
    status: Status
    """Its status now."""


class Streams:
    """Counts the open streams of each account."""

    def __init__(self, most: int = MOST_OF_AN_ACCOUNT) -> None:
        """None is open."""
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_of(self, account: str) -> Iterator[None]:
        """One more, for as long as the block runs.

        Raises:
            NotReadyError: The account has too many already.
        """
        if self._open[account] >= self._most:
            raise NotReadyError(f"Your account has {self._most} streams open already; close one first.")
        self._open[account] += 1
        try:
            yield
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]


class Changes(NamedTuple):
    """Reads what has changed in the scope of one account."""

    reading: Reading
    wanted: Wanted

    def latest(self) -> Cursor | None:
        """The place after everything that has changed so far."""
        with self.reading.store().connect() as connection:
            updated_at = self.reading.freshness(connection).updated_at
        return None if updated_at is None else Cursor(updated_at, _AFTER_ALL)

    def after(self, place: Cursor | None) -> list[Change]:
        """Up to `AT_ONCE` changes after a place."""
        with self.reading.store().connect() as connection:
            found = enrolment_list.changes(connection, self.wanted, place, size=AT_ONCE)
        return [Change.model_validate(row) for row in found.rows]


_AFTER_ALL: Final = chr(0x10FFFF)
"""Comes after every id that changed at the same moment."""


@router.get(
    "/stream",
    summary="Changes as they happen",
    response_class=EventSourceResponse,
    responses={200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}},
)
async def stream(
    request: Request,
    visitor: SignedIn,
    last_event_id: Annotated[str | None, Header(description="Go on after this event.", max_length=1_000)] = None,
) -> EventSourceResponse:
    """Server-sent events: `open`, then an event `enrolment` for each enrolment that has changed since.

    The data of an event are the enrolment, `updated_at`, `level` and `status` as JSON. With the header `Last-Event-ID`
    a stream goes on after that event. It is no record: what must not be missed is also asked for at `/enrolments`.

    Up to five streams of an account are open at once. After a rebuild of the projections every enrolment counts as
    changed.
    """
    changes = Changes(reading_of(request), Wanted(partner=visitor.partner))
    place = changed_place(last_event_id) or await run_in_threadpool(changes.latest)
    told = _told(request, visitor, changes, place)
    first = await anext(told)  # so that a refusal is an answer of its own, and not a stream that breaks off
    return EventSourceResponse(_again(first, told), ping=_HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"})


async def _again(first: ServerSentEvent, others: AsyncGenerator[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    async with aclosing(others):
        yield first
        async for each in others:
            yield each


async def _told(
    request: Request, visitor: Visitor, changes: Changes, place: Cursor | None
) -> AsyncGenerator[ServerSentEvent]:
    watch: Watch = request.app.state.watch
    streams: Streams = request.app.state.streams
    with streams.one_of(visitor.account.id), watch.woken_for(visitor.partner) as woken:
        yield ServerSentEvent(event="open", data="", id=_token(place), retry=_AGAIN_MS)
        woken.set()  # what has changed since the place comes at once
        while True:
            with suppress(TimeoutError):
                await wait_for(woken.wait(), LOOK_EVERY_SECONDS)
            woken.clear()
            if not await _is_let_in(request):
                return
            found = await _after(changes, place)
            if found is None:
                return  # the program comes back, with the last event that it has
            for each in found:
                place = Cursor(each.updated_at, each.enrolment)
                yield ServerSentEvent(event="enrolment", data=each.model_dump_json(), id=_token(place))
            if len(found) == AT_ONCE:
                woken.set()


async def _after(changes: Changes, place: Cursor | None) -> list[Change] | None:
    """Some changes after a place; None where the projections do not answer."""
    try:
        return await run_in_threadpool(changes.after, place)
    except (ProblemError, StoreAwayError):
        return None


async def _is_let_in(request: Request) -> bool:
    """Whether the key or session still holds: it may have been revoked since the stream was opened."""
    del request.state.visitor
    try:
        return await find_visitor(request) is not None
    except (ProblemError, RegistryError):
        return False


def _token(place: Cursor | None) -> str | None:
    return None if place is None else place_token(*place)
