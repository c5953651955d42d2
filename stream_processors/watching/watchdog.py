"""Ends a worker that stands still, from threads that no event loop and no hung call can hold up."""

import os
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from stream_processors.watching.progress import Progress, StalledError

LOOK_SECONDS = 2.0
_GRACE_SECONDS = 10.0
_OVERSLEPT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0

logger = structlog.get_logger()

Ends = Callable[[], Mapping[int, int]]
"""Answers where each partition of the log ends."""


class Periodic:
    """Does something again and again in a daemon thread of its own."""

    def __init__(self, name: str, act: Callable[[], object], seconds: float = LOOK_SECONDS) -> None:
        """Start; `act` must raise nothing."""
        self._act = act
        self._seconds = seconds
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._seconds):
            self._act()

    def close(self) -> None:
        """Stop; what is being done is waited for, but not for ever."""
        self._closed.set()
        self._thread.join(_CLOSE_SECONDS)


class Lookout:
    """Tells the progress where the log ends, for what the consumer knows of it stops when the consumer does."""

    def __init__(self, progress: Progress, ends: Ends) -> None:
        """Ask `ends` at every look; it is called from the lookout's thread."""
        self._progress = progress
        self._ends = ends
        self._sees = True

    def look(self) -> None:
        """Look once. While the log cannot be asked, nothing is known to wait: a new start would not help."""
        try:
            ends = self._ends()
        except Exception as error:  # noqa: BLE001 - whatever a log's client raises, the log could not be asked
            if self._sees:
                logger.warning("cannot see where the log ends", reason=str(error))
            ends = {}
        self._sees = bool(ends)
        self._progress.ends(ends)


class Watchdog:
    """Asks a worker that stands still to stop, and ends the process when it does not."""

    def __init__(
        self,
        progress: Progress,
        stop: Callable[[StalledError], object],
        *,
        end: Callable[[int], object] = os._exit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Call `stop` with the reason, in a thread of its own, and after ten seconds `end` with the exit code 1."""
        self._progress = progress
        self._stop = stop
        self._end = end
        self._clock = clock
        self._looked = clock()
        self._end_at: float | None = None

    @property
    def is_ending(self) -> bool:
        """Whether a stall was seen, so that the process ends."""
        return self._end_at is not None

    def look(self) -> None:
        """Look once, and act on what is seen."""
        now = self._clock()
        slept, self._looked = now - self._looked, now
        if self._end_at is not None:
            if now >= self._end_at:
                self._end(1)
            return
        if slept > _OVERSLEPT_SECONDS:  # this process itself was stopped or starved; give it time to wake up
            self._progress.restart()
        reason = self._progress.stall()
        if reason is not None:
            self._end_at = now + _GRACE_SECONDS
            logger.error("the worker stands still and is stopped", reason=reason)
            error = StalledError(f"The worker was stopped because it stood still; start it again. {reason}")
            threading.Thread(target=self._stop, args=(error,), name="stop", daemon=True).start()
