"""Keeps parts of the program running as processes of their own: starts again what dies, and stops all in order."""

import re
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

import structlog

from learning.errors import EngagementError

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
"""Before a part is started again it waits 1 s, and twice as long each time, up to this."""

STEADY_SECONDS = 60.0
"""A part that ran for so long starts with the first wait again."""

START_SECONDS = 10.0
"""A part that dies within this time may never be able to start."""

MOST_FALSE_STARTS = 5
"""Deaths in a row within `START_SECONDS`, all for the same reason, after which nobody hopes any longer."""

LOOK_SECONDS = 0.1

_log = structlog.get_logger("engagement.supervising")

Pause = Callable[[float], bool]
"""Waits for so many seconds; answers at once, with True, when everything is to stop."""


class PartFailedError(EngagementError):
    """A part cannot start, however often it is tried; the message has the last line that it said."""


class Part(NamedTuple):
    """Something that runs in a process of its own."""

    name: str
    arguments: tuple[str, ...]
    """After `engagement --data-dir DIR`."""
    is_ready: Callable[[], bool] = lambda: True
    """Whether it does its work; asked only while its process runs."""


class Process(Protocol):
    """A part's process."""

    def exit_code(self) -> int | None:
        """How it ended, negative by a signal; None while it runs."""

    def last_line(self) -> str:
        """What it said last."""

    def stop(self) -> None:
        """Have it end, and wait until it has."""


class Supervisor:
    """Looks after parts in the order in which they are started; stops them in the opposite order at its end."""

    def __init__(self, launch: Callable[[Part], Process], clock: Callable[[], float] = time.monotonic) -> None:
        """Start nothing yet; `launch` starts the process of a part, `clock` tells seconds, monotonic."""
        self._launch = launch
        self._clock = clock
        self._watched: list[_Watched] = []

    def __enter__(self) -> Self:
        """The supervisor; at the end of the block everything that it started has stopped."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, the last one first: what people see goes before what it stands on."""
        while self._watched:
            self._watched.pop().stop()

    def start(self, part: Part) -> None:
        """Start a part, without waiting for it."""
        self._watched.append(_Watched(part, self._launch, self._clock))

    def bring_up(self, part: Part, pause: Pause) -> bool:
        """Start a part and wait until it is ready; answers False when all is to stop before.

        Raises:
            PartFailedError: It or another part cannot start.
        """
        self.start(part)
        watched = self._watched[-1]
        while not watched.is_ready():
            if pause(LOOK_SECONDS):
                return False
            self.look()
        return True

    def look(self) -> None:
        """Note which parts have died, and start those again whose wait is over.

        Raises:
            PartFailedError: One cannot start.
        """
        for each in self._watched:
            each.look()

    def keep(self, pause: Pause, seconds: float = float("inf")) -> bool:
        """Look after the parts for so long; answers False when all is to stop before.

        Raises:
            PartFailedError: One cannot start again.
        """
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            if pause(min(LOOK_SECONDS, left)):
                return False
            self.look()
        return True


class _Watched:
    """A part with its process, and with what is known of those before it."""

    def __init__(self, part: Part, launch: Callable[[Part], Process], clock: Callable[[], float]) -> None:
        self._part = part
        self._launch = launch
        self._clock = clock
        self._wait = FIRST_WAIT_SECONDS
        self._again_at = 0.0
        self._false_starts: list[object] = []
        """Why it died right after its start, of the last times in a row that were for the same reason."""
        self._start()

    def is_ready(self) -> bool:
        return self._process is not None and self._process.exit_code() is None and self._part.is_ready()

    def look(self) -> None:
        if self._process is None:
            if self._clock() >= self._again_at:
                self._start()
        elif (code := self._process.exit_code()) is not None:
            self._note_death(code, self._process.last_line())

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def _start(self) -> None:
        self._process: Process | None = self._launch(self._part)
        self._started_at = self._clock()

    def _note_death(self, code: int, said: str) -> None:
        now = self._clock()
        ran = now - self._started_at
        self._process = None
        if ran >= STEADY_SECONDS:
            self._wait = FIRST_WAIT_SECONDS
        self._count(ran, (code, _without_figures(said)))
        if len(self._false_starts) >= MOST_FALSE_STARTS:
            raise PartFailedError(
                f"the {self._part.name} does not stay up: it ended {MOST_FALSE_STARTS} times right after its start. "
                f"{_last_words(said)}"
            )
        _log.warning(
            "a part has ended and is started again",
            ended=self._part.name,
            exit_code=code,
            said=said,
            wait_seconds=self._wait,
        )
        self._again_at = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT_SECONDS)

    def _count(self, ran: float, why: object) -> None:
        if ran >= START_SECONDS:
            self._false_starts = []
        elif self._false_starts and self._false_starts[-1] == why:
            self._false_starts.append(why)
        else:
            self._false_starts = [why]


def _without_figures(said: str) -> str:
    """A line without what differs from one time to the next: times, process ids."""
    return re.sub(r"\d+", "", said)


def _last_words(said: str) -> str:
    return f"The last it said was: {said}" if said else "It did not say why."
