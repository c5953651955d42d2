"""Locks between processes that the operating system gives back when a process dies, however it dies."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from eventlog.base import LogError


class WorkerRunningError(LogError):
    """A second worker was started on a log that one is reading already."""


class FileLock:
    """One holder at a time, among all threads of all processes that lock this path.

    Not for use across a fork: make it in the process that uses it.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._file = path.open("a")
        self._path = path

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except ValueError as error:
            self._threads.release()
            raise LogError(f"The lock {self._path} was closed; open the log again.") from error
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Let go of the file, after whoever holds the lock."""
        with self._threads:
            self._file.close()


@contextmanager
def worker_lock(data_dir: Path) -> Iterator[None]:
    """Be the one worker of a data folder for the length of the `with` block.

    Raises:
        WorkerRunningError: At once, when another process (or this one) is the worker already.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "worker.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise WorkerRunningError(
                f"Another worker (process {holder}) is already reading the log in {data_dir}; stop it first."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
