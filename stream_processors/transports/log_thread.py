"""A thread of its own for a log, so that reading and appending never hold up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from eventlog.base import LogError
from eventlog.embedded import EmbeddedLog

_Answer = TypeVar("_Answer")


class LogThread:
    """Opens, uses and closes one log in one thread; calls are answered in the order they were made."""

    def __init__(self, name: str, open_log: Callable[[], EmbeddedLog]) -> None:
        """Prepare; `open` starts the thread. The name is what the thread is called in a debugger."""
        self._name = name
        self._open_log = open_log
        self._thread: ThreadPoolExecutor | None = None
        self._log: EmbeddedLog | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are answered."""
        return self._log is not None

    async def open(self) -> None:
        """Start the thread and open the log in it; nothing happens when it is open."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
            self._log = await asyncio.get_running_loop().run_in_executor(self._thread, self._open_log)

    async def call(self, act: Callable[[EmbeddedLog], _Answer]) -> _Answer:
        """Run `act` with the log in the thread and answer what it answers.

        Raises:
            LogError: When the log is not open, and whatever `act` raises.
        """
        if self._thread is None or self._log is None:
            raise LogError(f"The log is not open for the {self._name}; start the app before using it.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, self._log)

    async def close(self) -> None:
        """Close the log after the calls made so far and end the thread; nothing happens when it is closed."""
        thread, self._thread = self._thread, None
        log, self._log = self._log, None
        if thread is None:
            return
        if log is not None:
            await asyncio.get_running_loop().run_in_executor(thread, log.close)
        thread.shutdown()
