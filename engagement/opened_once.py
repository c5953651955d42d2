"""What a process opens once and many of its threads use from then on, such as the log of a dashboard."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Lock
from typing import Generic, TypeVar

Opened = TypeVar("Opened")


class OpenedOnce(Generic[Opened]):
    """Something for many threads: opened when it is first asked for, and anew where that failed."""

    def __init__(self, opening: Callable[[], AbstractContextManager[Opened]]) -> None:
        """Open it like this."""
        self._opening = opening
        self._lock = Lock()
        self._opened: list[Opened] = []
        self._open = ExitStack()

    @contextmanager
    def __call__(self) -> Iterator[Opened]:
        """It; it stays open after the block."""
        yield self.get()

    def get(self) -> Opened:
        """It, open until `close`."""
        with self._lock:
            if not self._opened:
                self._opened.append(self._open.enter_context(self._opening()))
            return self._opened[0]

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            self._open.close()
            self._opened.clear()
