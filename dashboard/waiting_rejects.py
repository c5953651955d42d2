"""How many rejects wait for somebody, counted anew only when there are more or fewer of them."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from dashboard.parts import Parts
from eventlog.rejects import REJECTS_TOPIC, parked

LOOK_EVERY: Final = timedelta(seconds=5)
"""How often the log is asked whether there are new ones, whatever the number of requests."""


class WaitingRejects:
    """The number of rejects that wait."""

    def __init__(self, parts: Parts) -> None:
        """Count nothing yet."""
        self._parts = parts
        self._lock = Lock()
        self._looked_at: datetime | None = None
        self._end = 0
        self._waiting = 0

    def count(self) -> int:
        """How many wait, as of a few seconds ago."""
        now = self._parts.now()
        with self._lock:
            if self._looked_at is None or now - self._looked_at >= LOOK_EVERY:
                self._look()
                self._looked_at = now
            return self._waiting

    def _look(self) -> None:
        with self._parts.log() as log:
            if REJECTS_TOPIC not in log.topics():
                return
            end = sum(log.end_offsets(REJECTS_TOPIC).values())
            if end != self._end:
                self._waiting = len(parked(log))
                self._end = end
