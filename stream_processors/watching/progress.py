"""Whether a worker gets on with its work: all silent stops have one sign in common, lag that does not move."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

from learning.errors import EngagementError

_ROUNDS = 10
"""Rounds of chunks in which a partition may have no turn; in a fair one, every partition with lag has a turn."""

_ARRIVALS_KEPT = 500


class StalledError(EngagementError):
    """The worker had work and did none of it for so long that only a new start can help."""


class Standing(NamedTuple):
    """Where the worker stands in a partition that it holds."""

    partition: int
    lag: int
    """Records on the log, as last seen, that the projections do not have."""
    age: float
    """Seconds since the oldest of these was first seen; 0 when there is none."""


class Progress:
    """What a worker has done and what it has to do, told by its parts from any thread.

    Seconds are those of the clock, which must be monotonic.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Call it a stall when there is work and nothing of it was done for `patience` seconds."""
        self._patience = patience
        self._clock = clock
        self._lock = Lock()
        self._held: dict[int, _Partition] | None = None
        self._life = clock()
        self._moves = 0
        self._is_open = False

    def opened(self) -> None:
        """The log and the projections are open, and everything was checked."""
        self._is_open = True

    def assigned(self, positions: Mapping[int, int]) -> None:
        """The worker now holds exactly these partitions, each to be read on from this offset; all clocks start anew.

        Do not tell when partitions are revoked: a worker that is never given new ones is then seen to stand still.
        """
        with self._lock:
            self._life = self._clock()
            before, self._held = self._held or {}, {}
            for number, position in positions.items():
                each = before.get(number)
                if each is None or each.position > position:
                    each = _Partition(position)
                each.move(position, self._life, self._moves)
                self._held[number] = each

    def moved(self, partition: int, position: int) -> None:
        """Everything before this offset is in the projections, durably."""
        with self._lock:
            each = (self._held or {}).get(partition)
            if each is not None and position > each.position:
                self._life = self._clock()
                self._moves += 1
                each.move(position, self._life, self._moves)

    def alive(self, partition: int) -> None:
        """A piece of the chunk of this partition that is in hand is done, though nothing is durable yet."""
        with self._lock:
            self._life = self._clock()
            if partition in (held := self._held or {}):
                held[partition].since = self._life

    def restart(self) -> None:
        """Give the worker the whole time of patience from now on."""
        with self._lock:
            self._life = self._clock()
            for each in (self._held or {}).values():
                each.since = self._life

    def ends(self, ends: Mapping[int, int]) -> None:
        """Where the log ends, as just seen; a partition left out could not be seen, which is no reason to stop."""
        with self._lock:
            now = self._clock()
            for number, each in (self._held or {}).items():
                each.see(ends.get(number), now, self._moves)

    def stall(self) -> str | None:
        """Why the worker is not healthy, as a sentence; None while it is."""
        with self._lock:
            now = self._clock()
            stood = {number: self._stood_still(each, now) for number, each in (self._held or {}).items()}
            if not stood or max(stood.values()) < self._patience:
                return None
            worst = max(stood, key=stood.__getitem__)
            each = (self._held or {})[worst]
            return f"Partition {worst} stands at offset {each.position} of {each.end} for {stood[worst]:.0f} s."

    def unready(self) -> str | None:
        """What the worker still waits for before it can work, as a sentence; None when it can."""
        if not self._is_open:
            return "The log and the projections are being opened and checked."
        if self._held is None:
            return "No partitions have been assigned to this worker yet."
        return None

    def standings(self) -> list[Standing]:
        """Where the worker stands in each partition that it holds."""
        with self._lock:
            now = self._clock()
            return [
                Standing(number, each.lag, 0.0 if each.waiting_since is None else now - each.waiting_since)
                for number, each in sorted((self._held or {}).items())
            ]

    def _stood_still(self, each: "_Partition", now: float) -> float:
        """Seconds for which a partition with work has had no turn, nor, while it is not passed over, any other."""
        if not each.is_known or each.waiting_since is None:
            return 0.0
        since = max(each.since, each.waiting_since)
        is_passed_over = self._moves - each.moves > _ROUNDS * len(self._held or {})
        return now - (since if is_passed_over else max(since, self._life))


class _Partition:
    """A partition that is held: where it stands, and when what waits in it was first seen."""

    def __init__(self, position: int) -> None:
        """Begin at a position; `move` there says since when."""
        self.position = position
        self.end = position
        """The end of the log when it was seen last."""
        self.is_known = False
        """Whether the last look at the log could see the end."""
        self.since = 0.0
        """From when on standing still counts."""
        self.moves = 0
        """The worker's moves when this partition moved last, or began to wait."""
        self._arrivals: deque[tuple[int, float]] = deque()
        """(offset, when seen): records from this offset up to that of the next entry were first seen then."""

    @property
    def lag(self) -> int:
        return max(self.end - self.position, 0)

    @property
    def waiting_since(self) -> float | None:
        """When the oldest record that is not done was first seen."""
        return self._arrivals[0][1] if self._arrivals else None

    def move(self, position: int, now: float, moves: int) -> None:
        self.position, self.since, self.moves = position, now, moves
        while len(self._arrivals) > 1 and self._arrivals[1][0] <= position:
            self._arrivals.popleft()
        if position >= self.end:
            self.end = position
            self._arrivals.clear()

    def see(self, end: int | None, now: float, moves: int) -> None:
        """Take note of the end of the log; None: it could not be seen."""
        if end is None:
            self.is_known = False
            return
        if not self.is_known:
            self.is_known, self.since = True, now
        first_new = max(self.end, self.position)
        self.end = end
        if end <= self.position:
            self._arrivals.clear()
            return
        while self._arrivals and self._arrivals[-1][0] >= end:  # the log is shorter than it was
            self._arrivals.pop()
        if end > first_new:
            if not self._arrivals:
                self.moves = moves
            self._arrivals.append((first_new, now))
        if (
            len(self._arrivals) > _ARRIVALS_KEPT
        ):  # half as fine: what loses its entry counts as seen with the one before
            self._arrivals = deque(list(self._arrivals)[::2])
