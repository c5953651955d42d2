"""Tells open pages that something changed: one look at the projections for all who watch, and no more than that.

A stream carries no data of anybody: a page that hears of a change asks for itself anew, by the rules of every request.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from fastapi import APIRouter, Request
from pydantic import AwareDatetime
from sqlalchemy import select
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from dashboard.problems import NotReadyError
from dashboard.reading import Reading
from dashboard.rules import SignedIn
from learning.errors import EngagementError
from projections.schema import enrolment_progress

LOOK_EVERY: Final = 0.25
"""Seconds between two looks."""

MOST_STREAMS: Final = 1_000
"""Open at once; more are refused, so that streams do not crowd out pages."""

router = APIRouter(include_in_schema=False)
_table = enrolment_progress.c
_log = structlog.get_logger("engagement.dashboard")


class Seen(NamedTuple):
    """The projections at one look."""

    place: str
    updated_at: datetime | None
    stale: bool
    partners: frozenset[str]
    """Delivery partners of whose enrolments one has changed since the look before."""


class Watch:
    """Looks at the projections, and wakes whom a change concerns."""

    def __init__(self, reading: Reading) -> None:
        """Watch these projections; `run` does it."""
        self._reading = reading
        self._waiting: dict[asyncio.Event, str | None] = {}
        self._touched = False

    def touch(self) -> None:
        """Have every open page look anew at the next look, because of something that is not in the projections.

        It may be called from any thread.
        """
        self._touched = True

    async def run(self) -> None:
        """Look again and again, until cancelled.

        Also while nobody watches: a page that opens its stream must not miss what happens before the next look.
        """
        last: Seen | None = None
        while True:
            await asyncio.sleep(LOOK_EVERY)
            touched, self._touched = self._touched, False
            if touched:
                self._wake_everybody()
            try:
                seen = await run_in_threadpool(self._look, last)
            except EngagementError as error:  # whatever it is, it may pass, and open pages must not wait for ever
                _log.debug("cannot look at the projections", error=str(error))
                continue
            if seen != last:
                self._wake(seen, everybody=last is None or (seen.place, seen.stale) != (last.place, last.stale))
            last = seen._replace(partners=frozenset())

    @contextmanager
    def woken_for(self, partner: str | None) -> Iterator[asyncio.Event]:
        """An event that is set whenever something of this partner's (None: of anybody's) has changed.

        Raises:
            NotReadyError: Too many watch already.
        """
        if len(self._waiting) >= MOST_STREAMS:
            raise NotReadyError("Too many pages are open. Reload this one later to see what has changed.")
        event = asyncio.Event()
        self._waiting[event] = partner
        try:
            yield event
        finally:
            del self._waiting[event]

    def _wake_everybody(self) -> None:
        for event in self._waiting:
            event.set()

    def _wake(self, seen: Seen, *, everybody: bool) -> None:
        for event, partner in self._waiting.items():
            if everybody or partner is None or partner in seen.partners:
                event.set()

    def changed_since(self, moment: datetime, partner: str | None) -> bool:
        """Whether anything of this partner's (None: of anybody's) has changed since a page was made."""
        query = select(_table.enrolment).where(_table.updated_at > moment).limit(1)
        if partner is not None:
            query = query.where(_table.partner == partner)
        with self._reading.store().connect() as connection:
            return connection.scalar(query) is not None

    def _look(self, last: Seen | None) -> Seen:
        """By the index over `updated_at`, so that it costs little where little has changed."""
        store = self._reading.store()
        with store.connect() as connection:
            freshness = self._reading.freshness(connection)
            latest = freshness.updated_at
            changed: list[str] = []
            if last is not None and last.updated_at is not None and latest != last.updated_at:
                query = select(_table.partner).where(_table.updated_at > last.updated_at).distinct()
                changed = list(connection.scalars(query))
        return Seen(str(store.place), latest, freshness.stale, frozenset(changed))


@router.get("/live")
async def live(request: Request, visitor: SignedIn, since: AwareDatetime | None = None) -> EventSourceResponse:
    """An event `change` whenever something that the visitor may see has changed, at first since a page was made."""
    watch: Watch = request.app.state.watch
    changes = _changes(watch, visitor.partner, since)
    return EventSourceResponse(changes, ping=15, headers={"Cache-Control": "no-store"})


async def _changes(watch: Watch, partner: str | None, since: datetime | None) -> AsyncIterator[ServerSentEvent]:
    with watch.woken_for(partner) as woken:
        yield ServerSentEvent(event="open", data="", retry=2_000)
        if since is not None and await run_in_threadpool(watch.changed_since, since, partner):
            woken.set()
        while True:
            await woken.wait()
            woken.clear()
            yield ServerSentEvent(event="change", data="")
