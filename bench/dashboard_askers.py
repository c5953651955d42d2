"""People at the dashboard: who ask for pages, who leave one open, and who wait for what they have noted to be shown."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any

import httpx2

from bench.dashboard_site import Enrolment, made
from engagement.wiring import Wiring
from learning.events import Fact
from learning.facts import ContactMade
from producers.publisher import publish
from projections import enrolment_progress
from projections.store import Store

PAGES = {"overview": "/", "at_risk": "/at-risk"}
_PAUSE_SECONDS = 0.5
_LOOK_SECONDS = 0.02
"""Between two looks into the projections, which cost next to nothing; the page is asked for once they have the fact."""

_SHOWN_WITHIN_SECONDS = 30


class Askers:
    """Everybody who looks at one dashboard during a run."""

    def __init__(self, address: str, key: str, wiring: Wiring, enrolments: Sequence[Enrolment]) -> None:
        """Ask there, with a key of staff."""
        self._client = httpx2.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            limits=httpx2.Limits(max_connections=None),
        )
        self._wiring = wiring
        self._enrolments = enrolments
        self._ended = asyncio.Event()
        self._alive = 0
        self._events = 0

    async def measure(self, seconds: int, streams: int) -> dict[str, Any]:
        """Ask for so long, with so many streams open; answer the figures."""
        with self._wiring.store() as store:
            return await self._measure(store, seconds, streams)

    async def _measure(self, store: Store, seconds: int, streams: int) -> dict[str, Any]:
        async with self._client, asyncio.TaskGroup() as tasks:
            for page in PAGES.values():
                (await self._client.get(page)).raise_for_status()
            following = [tasks.create_task(self._follow()) for _ in range(streams)]
            asking = {name: tasks.create_task(self._ask(path)) for name, path in PAGES.items()}
            noting = tasks.create_task(self._note(store))
            await asyncio.sleep(seconds)
            alive = self._alive
            self._ended.set()
            found = {name: await each for name, each in asking.items()}
            shown = await noting
            for each in following:
                each.cancel()
        pages = {
            f"{name}_{figure}": value for name, times in found.items() for figure, value in _figures(times).items()
        }
        screen = {f"fact_to_screen_{figure}": value for figure, value in _figures(shown).items()}
        return {**pages, **screen, "streams": streams, "streams_held": alive, "stream_events": self._events}

    async def _ask(self, path: str) -> list[float]:
        times = []
        while not self._ended.is_set():
            began = time.perf_counter()
            (await self._client.get(path)).raise_for_status()
            times.append(time.perf_counter() - began)
            await asyncio.sleep(_PAUSE_SECONDS)
        return times

    async def _follow(self) -> None:
        async with self._client.stream("GET", "/live", timeout=None) as answer:
            answer.raise_for_status()
            self._alive += 1
            try:
                async for line in answer.aiter_lines():
                    self._events += line == "event: change"
            finally:
                self._alive -= 1

    async def _note(self, store: Store) -> list[float]:
        """Note contacts one by one; each time from when the log has the fact until the person's page shows it."""
        times = []
        for number, enrolment in enumerate(self._enrolments):
            if self._ended.is_set():
                break
            by = f"bench/adviser-{number}"
            contact = made(ContactMade(channel="phone", outcome="reached", by=by), enrolment, number, datetime.now(UTC))
            await asyncio.to_thread(self._append, contact)
            began = time.perf_counter()
            await asyncio.to_thread(_wait_until_folded, store, contact)
            if by not in (await self._client.get(f"/enrolments/{enrolment.id}")).text:
                raise RuntimeError(f"the page of {enrolment.id} does not show what the projections have")
            times.append(time.perf_counter() - began)
            await asyncio.sleep(_PAUSE_SECONDS)
        return times

    def _append(self, contact: Fact) -> None:
        with self._wiring.log_to_append() as log:
            publish(log, [contact], now=datetime.now(UTC))


def _wait_until_folded(store: Store, contact: Fact) -> None:
    until = time.monotonic() + _SHOWN_WITHIN_SECONDS
    while time.monotonic() < until:
        with store.connect() as connection:
            found = enrolment_progress.find(connection, contact.subject)
        if found is not None and found["contacted_at"] == contact.time:
            return
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"the projections did not have the fact within {_SHOWN_WITHIN_SECONDS} s")


def _figures(times: Sequence[float]) -> dict[str, float | int]:
    """Median and 95th percentile in milliseconds, and of how many."""
    p95 = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
    return {"n": len(times), "median_ms": round(1_000 * median(times)), "p95_ms": round(1_000 * p95)}
