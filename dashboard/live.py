"""Tells open pages that something changed: one look at the projections and alerts for all who watch, and no more.

A stream carries no data of anybody: a page that hears of a change asks for itself anew, by the rules of every request.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final, NamedTuple

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from sqlalchemy import select
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from dashboard.alerts_now import Look
from dashboard.freshness import Freshness
from dashboard.problems import NotReadyError
from dashboard.reading import Reading
from dashboard.rules import SignedIn
from learning.errors import EngagementError
from projections.schema import enrolment_progress

LOOK_EVERY: Final = 0.25
"""Seconds between two looks."""

APART: Final = 1.0
"""Seconds between two times that open pages are told of a change, at least: each of them then asks for itself."""

RESTS: Final = 4
"""How many times as long as counting for open pages took it is let be, so that it never takes most of a processor."""

MOST_STREAMS: Final = 1_000
"""Open at once; more are refused, so that streams do not crowd out pages."""

router = APIRouter(include_in_schema=False)
_table = enrolment_progress.c
_log = structlog.get_logger("engagement.dashboard")


class Seen(NamedTuple):
    """The projections at one look."""

    place: str
    freshness: Freshness

    def has_all_of(self, other: "Seen") -> bool:
        """Whether nothing has changed, the log aside."""
        return self.place == other.place and self.freshness.has_all_of(other.freshness)

    def concerns_everybody(self, before: "Seen") -> bool:
        """Whether what has changed is not that of single enrolments."""
        now, then = self.freshness, before.freshness
        return (self.place, now.as_of, now.stale) != (before.place, then.as_of, then.stale)


class Watch:
    """Looks at the projections, has counted anew what is in use, and wakes whom a change concerns."""

    def __init__(
        self,
        reading: Reading,
        clock: Callable[[], float] = time.monotonic,
        alerts: Callable[[], Look | None] = lambda: None,
    ) -> None:
        """Watch these projections and, as `alerts` tells of them, alerts; `run` does it. `clock` tells seconds."""
        self._reading = reading
        self._clock = clock
        self._alerts = alerts
        self._alerts_seen: Look | None = None
        self._waiting: dict[asyncio.Event, str | None] = {}
        self._touched = False
        self._told: Seen | None = None
        """What open pages were last told of."""

    def touch(self) -> None:
        """Have every open page look anew at the next look, because of something that is not in the projections.

        It may be called from any thread.
        """
        self._touched = True

    async def run(self) -> None:
        """Look again and again, until cancelled.

        Also while nobody watches: a page that opens its stream must not miss what happens before the next look.
        """
        next_at = self._clock()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            touched, self._touched = self._touched, False
            if touched:
                self._wake_everybody()
            try:
                seen = await run_in_threadpool(self._look)
                if (now := self._clock()) >= next_at and await self._tell(seen):
                    next_at = max(now + APART, (done := self._clock()) + RESTS * (done - now))
                await self._tell_of_alerts()
            except EngagementError as error:  # whatever it is, it may pass, and open pages must not wait for ever
                _log.debug("cannot look at the projections", error=str(error))

    async def _tell(self, seen: Seen) -> bool:
        """Wake who waits for what has changed, after what they will ask for was counted; whether anything has."""
        before = self._told
        concerns_everybody = before is None or seen.concerns_everybody(before)
        if before is not None and not concerns_everybody and seen.has_all_of(before):
            return False
        await run_in_threadpool(self._reading.recent.renew, seen.freshness)
        if before is None or concerns_everybody:
            self._wake_everybody()
        elif (moment := before.freshness.updated_at) != seen.freshness.updated_at:
            waiting = {partner for partner in self._waiting.values() if partner is not None}
            changed = await run_in_threadpool(self._changed_since, moment, waiting) if waiting else ()
            self._wake(changed)
        self._told = seen
        return True

    async def _tell_of_alerts(self) -> None:
        """Wake whom an alert that has changed concerns, or what was sent of one."""
        if not self._waiting:
            return
        before, seen = self._alerts_seen, await run_in_threadpool(self._alerts)
        if seen is not None and seen is not before:
            self._alerts_seen = seen
            if changed := seen.changed_since(before) if before else seen.standing.keys():
                self._wake(changed)

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

    def _wake(self, partners: Collection[str]) -> None:
        for event, partner in self._waiting.items():
            if partner is None or partner in partners:
                event.set()

    def changed_since(self, moment: datetime, partner: str | None) -> bool:
        """Whether anything of this partner's (None: of anybody's) has changed since a page was made."""
        query = select(_table.enrolment).where(_table.updated_at > moment).limit(1)
        if partner is not None:
            query = query.where(_table.partner == partner)
        with self._reading.store().connect() as connection:
            return connection.scalar(query) is not None

    def alerts_changed(self, stamp: str | None, partner: str | None) -> bool:
        """Whether alerts of this partner's (None: of anybody's) have changed since a page with this stamp was made."""
        seen = None if stamp is None else self._alerts()
        return seen is not None and seen.stamp(partner) != stamp

    def _look(self) -> Seen:
        store = self._reading.store()
        with store.connect() as connection:
            return Seen(str(store.place), self._reading.freshness(connection))

    def _changed_since(self, moment: datetime | None, partners: Collection[str]) -> Collection[str]:
        """Those of the partners of whose enrolments one has changed; where nothing had ever changed before, all.

        By the index over `updated_at`, so that it costs little where little has changed.
        """
        if moment is None:
            return partners
        query = select(_table.partner).where(_table.updated_at > moment, _table.partner.in_(partners)).distinct()
        with self._reading.store().connect() as connection:
            return frozenset(connection.scalars(query))


@router.get("/live")
async def live(
    request: Request,
    visitor: SignedIn,
    since: AwareDatetime | None = None,
    alerts: Annotated[str | None, Query(max_length=64)] = None,
) -> EventSourceResponse:
    """An event `change` whenever something that the visitor may see has changed, at first since a page was made."""
    watch: Watch = request.app.state.watch
    changes = _changes(watch, visitor.partner, since, alerts)
    return EventSourceResponse(changes, ping=15, headers={"Cache-Control": "no-store"})


async def _changes(
    watch: Watch, partner: str | None, since: datetime | None, stamp: str | None
) -> AsyncIterator[ServerSentEvent]:
    with watch.woken_for(partner) as woken:
        yield ServerSentEvent(event="open", data="", retry=2_000)
        if await run_in_threadpool(watch.alerts_changed, stamp, partner) or (
            since is not None and await run_in_threadpool(watch.changed_since, since, partner)
        ):
            woken.set()
        while True:
            await woken.wait()
            woken.clear()
            yield ServerSentEvent(event="change", data="")
