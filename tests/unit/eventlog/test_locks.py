"""One worker at a time, one writer at a time."""

import threading
from pathlib import Path

import pytest

from eventlog.base import LogError
from eventlog.locks import FileLock, WorkerRunningError, worker_lock


def test_the_worker_lock_can_be_taken_again(tmp_path: Path) -> None:
    """A worker that has stopped leaves room for the next; the folder is made if need be."""
    for _ in range(2):
        with worker_lock(tmp_path / "data"):
            pass


def test_a_second_worker_of_one_process_is_refused_too(tmp_path: Path) -> None:
    """The lock is not lenient with its own process."""
    with worker_lock(tmp_path), pytest.raises(WorkerRunningError), worker_lock(tmp_path):
        pass


def test_a_file_lock_has_one_holder_among_openings_and_threads(tmp_path: Path) -> None:
    """Two openings shared by four threads never hold the lock at once."""
    locks = [FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")]
    inside: list[int] = []
    overlaps: list[int] = []

    def take(lock: FileLock) -> None:
        for _ in range(50):
            with lock:
                inside.append(1)
                if len(inside) > 1:
                    overlaps.append(1)
                inside.pop()

    threads = [threading.Thread(target=take, args=(lock,)) for lock in locks * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not overlaps
    for lock in locks:
        lock.close()


def test_a_closed_lock_says_so(tmp_path: Path) -> None:
    """Taking a lock that was closed is an error with a remedy, and leaves nobody waiting."""
    lock = FileLock(tmp_path / "lock")
    lock.close()

    for _ in range(2):
        with pytest.raises(LogError, match="was closed"), lock:
            pass
