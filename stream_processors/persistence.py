"""Doing something again that failed for a reason which passes by itself: another worker in the way, a server away."""

from collections.abc import Callable, Iterator
from random import uniform
from typing import TypeVar

import structlog

from eventlog.base import LogAwayError
from projections.storage.store_errors import ContendedError, StaleWriteError, StoreAwayError

PASSING = (ContendedError, StaleWriteError, StoreAwayError, LogAwayError)
"""What is worth another try: nothing was written, and nobody has to do anything about it."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
"""Seconds between two tries: doubled from one to the other, less up to a half, so that two do not stay in step."""

_Answer = TypeVar("_Answer")

logger = structlog.get_logger()


def persist(
    act: Callable[[], _Answer], wait: Callable[[float], bool], failed: Callable[[Exception], object] = lambda _: None
) -> _Answer:
    """Do it until it succeeds or fails for good, or until `wait`, which waits so many seconds, says to give up.

    Whoever watches for progress ends a worker that tries for too long. `failed` is told of every failure.

    Raises:
        EngagementError: The last failure, when given up; at once, when it does not pass by itself.
    """
    for pause in _pauses():
        try:
            return act()
        except PASSING as error:
            failed(error)
            if isinstance(error, StoreAwayError | LogAwayError):
                logger.warning("waiting for a server", reason=str(error), again_in_s=round(pause, 2))
            if wait(pause):
                raise
    raise AssertionError("the pauses never end")


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause * uniform(0.5, 1)  # noqa: S311 - spreads retries, guards no secret
        pause = min(pause * 2, _LONGEST_PAUSE)
