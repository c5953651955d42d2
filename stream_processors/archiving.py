"""When facts go into the lake: many together, never before the projections have them, and again after a failure."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from eventlog.lake.manifest import StaleLakeError
from learning.errors import EngagementError
from stream_processors.persistence import PASSING

TOGETHER = 50_000
"""Records of a partition that are written without waiting for more, and at most at once."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
"""Seconds between a failure and the next attempt, doubled from one to the other."""

_LAST_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 0.0)
"""Seconds after each attempt of `complete`; somebody waits for its end."""

logger = structlog.get_logger()


class ArchiveError(EngagementError):
    """The lake could not be brought up to the projections."""


class Target(Protocol):
    """What facts are written to, and where it stands."""

    def positions(self) -> Mapping[int, int]:
        """The offset that is written next, by partition."""

    def write(self, partition: int, until: int) -> int:
        """Write the facts of a partition from its position to just before an offset; answer how many were written.

        Raises:
            StaleLakeError: The partition is not where `positions` last said.
        """


class Watching(Protocol):
    """What is told how the archive gets on."""

    def archived(self, facts: int) -> None:
        """So many facts were written."""

    def lake_lags(self, lags: Mapping[int, int]) -> None:
        """So many records of each partition are not written yet."""

    def lake_failed(self) -> None:
        """An attempt failed."""


class Archiver:
    """Brings a lake up to where it may come. `look` never raises: the work on the projections must not hear of it.

    For one thread at a time; only `reassigned` and `stop` may be called from others.
    """

    def __init__(
        self, lake: Target, seconds: float, watching: Watching, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write what has waited for `seconds`, by a monotonic clock."""
        self._lake = lake
        self._seconds = seconds
        self._watching = watching
        self._clock = clock
        self._stopping = threading.Event()
        self._positions: dict[int, int] | None = None
        self._is_sure = False
        """Whether nobody else can have moved these positions."""
        self._waiting_since: dict[int, float] = {}
        self._pause = _FIRST_PAUSE
        self._again_at = clock()

    def look(self, until: Mapping[int, int]) -> None:
        """Write what is due of what stands before these offsets, unless the last attempt failed a moment ago."""
        if self._clock() >= self._again_at:
            self._try(lambda: self._write(self._due(until), self._stopping.is_set))
        self._watching.lake_lags(self._lags(until))

    def flush(self, until: Mapping[int, int], seconds: float) -> None:
        """Write what waits, due or not, for about so many seconds at most; what is left comes with the next start."""
        give_up_at = self._clock() + seconds
        self._try(lambda: self._write(self._waiting(until), lambda: self._clock() >= give_up_at))

    def complete(self, until: Mapping[int, int]) -> None:
        """Write everything that waits, unless it is told to stop.

        Raises:
            ArchiveError: It cannot be written; the message says why.
        """
        for pause in _LAST_PAUSES:
            try:
                self._write(self._waiting(until), self._stopping.is_set)
            except (StaleLakeError, *PASSING) as error:
                failure: Exception = error
            except Exception as error:  # noqa: BLE001 - whatever the lake's writer raises, it becomes one sentence
                failure = error
                break
            else:
                return
            self._is_sure = False
            if self._stopping.wait(pause):
                return
        raise ArchiveError(f"The projections have every fact, but the lake has not. {reason_of(failure)}") from failure

    def reassigned(self) -> None:
        """Other partitions than before are this worker's: whose they were has written to them."""
        self._is_sure = False

    def stop(self) -> None:
        """Have `look` and `complete` end after the piece at hand."""
        self._stopping.set()

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - nothing that happens to the lake may stop the projections
            self._is_sure = False
            self._again_at = self._clock() + self._pause
            self._watching.lake_failed()
            logger.warning(
                "the lake was not written; it is tried again", reason=reason_of(error), again_in_s=round(self._pause)
            )
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        else:
            self._pause = _FIRST_PAUSE

    def _write(self, wanted: Mapping[int, int], enough: Callable[[], bool]) -> None:
        """Write piece by piece, so that no piece takes long or much memory."""
        positions = self._known()
        for partition, until in wanted.items():
            while (position := positions.get(partition, 0)) < until:
                if enough():
                    return
                piece = min(position + TOGETHER, until)
                facts = self._lake.write(partition, piece)
                positions[partition] = piece
                self._watching.archived(facts)
            self._waiting_since.pop(partition, None)

    def _due(self, until: Mapping[int, int]) -> dict[int, int]:
        """Everything, when something has waited long enough: few moments with many files are easier on readers."""
        now = self._clock()
        waiting = self._waiting(until)
        self._waiting_since = {each: self._waiting_since.get(each, now) for each in waiting}
        if any(now - since >= self._seconds for since in self._waiting_since.values()):
            return waiting
        lags = self._lags(waiting)
        return {each: offset for each, offset in waiting.items() if lags[each] >= TOGETHER}

    def _waiting(self, until: Mapping[int, int]) -> dict[int, int]:
        positions = self._known()
        return {each: offset for each, offset in until.items() if offset > positions.get(each, 0)}

    def _lags(self, until: Mapping[int, int]) -> dict[int, int]:
        """As far as is known; nothing before it was known once."""
        if self._positions is None:
            return {}
        return {each: max(offset - self._positions.get(each, 0), 0) for each, offset in until.items()}

    def _known(self) -> dict[int, int]:
        """Where the lake stands; asked at the start, and when another worker may have written."""
        if self._positions is None or not self._is_sure:
            self._is_sure = True
            self._positions = dict(self._lake.positions())
        return self._positions


def reason_of(error: Exception) -> str:
    """One sentence; of what is no error of ours, with its kind, without which it says little."""
    return str(error) if isinstance(error, EngagementError) else f"{type(error).__name__}: {error}"
