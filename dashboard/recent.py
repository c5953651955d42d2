"""Keeps what costs much to count and many ask for, so that a busy pipeline and many open pages share the machine.

What nothing has changed of is not counted again. While facts come in without a break that would never spare anything:
then it is counted ahead, once a second or less often, and whoever asks in between is shown that, with its own
freshness.

It is kept by the very call that counted it, with all its arguments, so what was counted for one delivery partner is
never shown to another.
"""

import time
from collections.abc import Callable, Hashable
from math import inf
from threading import Lock
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import Connection

from dashboard.freshness import Freshness

OLDEST: Final = 5.0
"""Seconds after which what has changed is counted anew for whoever asks, if nobody is at it."""

LONGEST: Final = 10.0
"""Seconds that it is shown for at most while somebody counts, which takes its time on a machine that is too busy."""

SPARE: Final = 0.1
SPARE_A_SECOND: Final = 0.0005
"""Seconds of processor time that whoever asks may take for one thing to have it as of this moment: so much at once, and
so much more in each second. Who asks now and then never uses it up."""

IN_USE: Final = 10.0
"""Seconds for which something is counted ahead after somebody asked for it."""

MOST: Final = 8
"""What is counted ahead, the latest asked for: open pages are told of a change only after that."""

_MOST_KEPT: Final = 64

_Answer = TypeVar("_Answer")


class Counted(NamedTuple, Generic[_Answer]):
    """What was counted and how fresh it is, both of one moment. Many share it, so nobody may change it."""

    answer: _Answer
    freshness: Freshness


class _Kept:
    """One call, and what it answered last."""

    def __init__(self, now: float, every: float) -> None:
        self.every = every
        self.counting = Lock()
        self.counted: Counted[Any] | None = None
        self.begun_at = -inf
        self.asked_at = self._spare_at = now
        self._spare = SPARE

    def has(self, freshness: Freshness) -> bool:
        """Whether it would be the same by now."""
        return self.counted is not None and self.counted.freshness.has_all_of(freshness)

    def is_due(self, now: float) -> bool:
        """Whether it is in use, and time to count it ahead if it has changed."""
        return self.asked_at >= now - IN_USE and self.begun_at <= now - self.every

    def spares(self, now: float) -> bool:
        """Whether something is left of the time that whoever asks may take."""
        self._spare = min(SPARE, self._spare + (now - self._spare_at) * SPARE_A_SECOND)
        self._spare_at = now
        return self._spare > 0

    def take(self, seconds: float) -> None:
        """Take of that time."""
        self._spare -= seconds


class Recent:
    """What was counted lately. Every method may be called from any thread."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        freshness: Callable[[Connection], Freshness],
        clock: Callable[[], float] = time.monotonic,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        """Keep nothing yet.

        Args:
            connect: Makes a connection that sees the projections as of now.
            freshness: How far the projections of a connection are.
            clock: Tells seconds.
            cost: Tells seconds that the calling thread has taken of a processor.
        """
        self._connect = connect
        self._freshness = freshness
        self._clock = clock
        self._cost = cost
        self._lock = Lock()
        self._kept: dict[Hashable, _Kept] = {}

    def of(
        self, now: Freshness, count: Callable[..., _Answer], *given: Hashable, every: float = 0.0
    ) -> Counted[_Answer]:
        """What `count` answers to a connection and what is `given`.

        Args:
            now: How far the projections are.
            count: A function of a module, which counts by nothing but its arguments.
            given: The other arguments: above all whose enrolments they are.
            every: Seconds between two times that it is counted ahead, at least. What seldom comes out differently may
                be older while facts come in without a break.
        """
        kept = self._find((count, given), every)
        if not kept.has(now):
            self._bring_up(kept, now, count, given)
        return cast(Counted[_Answer], kept.counted)

    def _bring_up(self, kept: _Kept, now: Freshness, count: Callable[..., Any], given: tuple[Hashable, ...]) -> None:
        """Count anew, unless what is kept is to be shown once more; of many who ask at once one counts."""
        asked_at = self._clock()
        age = asked_at - kept.begun_at
        is_spared = kept.spares(asked_at)
        if not (is_spared or age >= OLDEST + kept.every) or not kept.counting.acquire(
            blocking=is_spared or age >= LONGEST
        ):
            return
        try:
            if not kept.has(now) and kept.begun_at < asked_at:
                began = self._cost()
                self._count(kept, count, given)
                kept.take(self._cost() - began)
        finally:
            kept.counting.release()

    def renew(self, now: Freshness) -> None:
        """Count ahead what is in use and has changed; until it is counted, what was before can be shown."""
        for (count, given), kept in self._in_use():
            with kept.counting:
                if not kept.has(now):
                    self._count(kept, count, given)

    def _in_use(self) -> list[tuple[Any, _Kept]]:
        now = self._clock()
        with self._lock:
            found = [each for each in self._kept.items() if each[1].is_due(now)]
        return sorted(found, key=lambda each: -each[1].asked_at)[:MOST]

    def _find(self, key: Hashable, every: float) -> _Kept:
        now = self._clock()
        with self._lock:
            if key not in self._kept and len(self._kept) >= _MOST_KEPT:
                del self._kept[min(self._kept, key=lambda each: self._kept[each].asked_at)]
            kept = self._kept.setdefault(key, _Kept(now, every))
            kept.asked_at = now
            return kept

    def _count(self, kept: _Kept, count: Callable[..., Any], given: tuple[Hashable, ...]) -> None:
        begun_at = self._clock()
        with self._connect() as connection:
            kept.counted = Counted(count(connection, *given), self._freshness(connection))
        kept.begun_at = begun_at
