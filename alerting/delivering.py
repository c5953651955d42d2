"""Sends what is due: each receiver by itself, so that one which hangs holds up nobody else.

What has come back is noted, and what is sent next is taken, in one transaction: a thousand messages cost far fewer than
a thousand of them, and still nothing is sent that was not taken, or forgotten that was sent.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from alerting import queue
from alerting.model import Channel, Notice
from alerting.outcomes import Carrier, Outcome
from alerting.queue import Attempt, Settled
from alerting.receivers import Receivers
from alerting.retrying import Chance
from alerting.store import AlertStore

EACH: Final = 4
"""Messages that are on their way to one server at the same time."""

OVERALL: Final = 64

ATTEMPT_SECONDS: Final = 60.0
"""After which an attempt is broken off whatever its channel does; shorter by far than the lease."""

_log = structlog.get_logger("engagement.alerts")

Now = Callable[[], datetime]


class Deliverer:
    """Sends messages; used by one event loop."""

    def __init__(
        self, store: AlertStore, carriers: Mapping[Channel, Carrier], receivers: Receivers, *, chance: Chance
    ) -> None:
        """Send nothing yet.

        Args:
            store: The alert book.
            carriers: By the channel of a message, how it is sent.
            receivers: Are told how it went.
            chance: Spreads what is tried again.
        """
        self._store, self._carriers, self._receivers, self._chance = store, carriers, receivers, chance
        self._flying: dict[asyncio.Task[Attempt], str] = {}
        """What is on its way, with its lane."""
        self._lanes: dict[str, deque[str]] = {}
        """Messages that are due, by lane."""

    async def deliver(self, now: Now, seconds: float | None = None) -> Counter[str]:
        """Send what is due, until nothing is left; answer how many messages came to stand where.

        Args:
            now: The time by which messages are due.
            seconds: Afterwards it answers anyway; what is on its way then is noted by the next call.
        """
        noted: list[Settled] = []
        await asyncio.to_thread(self._look, now())
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        done: Sequence[Attempt] = ()
        while True:
            settled, taken = await asyncio.to_thread(self._settle_and_take, done, now())
            noted += settled
            for notice in taken:
                self._start(notice, now)
            left = None if until is None else until - asyncio.get_running_loop().time()
            if not self._flying or (left is not None and left <= 0):
                break
            done = await self._arrived(left)
        await asyncio.to_thread(self._receivers.note, [each.attempt for each in noted])
        return Counter(each.state for each in noted)

    async def close(self) -> None:
        """Break off what is on its way; it is sent again when its lease has ended."""
        for each in self._flying:
            each.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        for carrier in self._carriers.values():
            await carrier.close()

    def _look(self, now: datetime) -> None:
        with self._store.reading() as connection:
            found = queue.due(connection, now)
        self._lanes = {}
        for each in found:
            lane = self._carriers[each.channel].lane(each.receiver)
            self._lanes.setdefault(lane, deque()).append(each.id)

    def _settle_and_take(self, done: Sequence[Attempt], now: datetime) -> tuple[list[Settled], list[Notice]]:
        wanted = self._next()
        if not done and not wanted:
            return [], []
        self._receivers.note_gone(done)
        with self._store.writing() as connection:
            settled = queue.settle(connection, done, self._chance)
            return settled, queue.claim(connection, wanted, now)

    def _next(self) -> list[str]:
        """What can be sent beside what is on its way: one of each lane, then another, while there is room."""
        busy = Counter(self._flying.values())
        room = OVERALL - len(self._flying)
        found: list[str] = []
        while len(found) < room and (free := [lane for lane in self._lanes if busy[lane] < EACH]):
            for lane in free[: room - len(found)]:
                found.append(self._lanes[lane].popleft())
                busy[lane] += 1
                if not self._lanes[lane]:
                    del self._lanes[lane]
        return found

    def _start(self, notice: Notice, now: Now) -> None:
        task = asyncio.create_task(self._send(notice, now))
        self._flying[task] = self._carriers[notice.channel].lane(notice.receiver)

    async def _send(self, notice: Notice, now: Now) -> Attempt:
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                outcome = await self._carriers[notice.channel].send(notice)
        except TimeoutError:
            outcome = Outcome(result="failed", error=f"not done within {ATTEMPT_SECONDS:g} s", slow=True)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one message, the others are sent
            _log.exception("a message could not be sent", notice=notice.id, channel=notice.channel)
            outcome = Outcome(result="failed", error=f"an error of ours ({type(error).__name__})")
        return Attempt(notice, outcome, now())

    async def _arrived(self, seconds: float | None) -> list[Attempt]:
        """Wait until at least one has come back."""
        arrived, _ = await asyncio.wait(self._flying, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in arrived:
            del self._flying[each]
        return [each.result() for each in arrived]
