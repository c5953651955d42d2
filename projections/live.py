"""Which store is the live one: a pointer to a numbered file, so that a rebuilt store takes over in one step."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learning.errors import EngagementError
from projections.store import Store


class RebuildRunningError(EngagementError):
    """A second rebuild was started beside one that has not ended."""


class LiveProjections:
    """The folder of the projections: `store-000001.db`, `store-000002.db` ..., and `current`, which names one of them.

    Writers hold the swap lock together while they write; a rebuild takes it alone for the moment of the swap.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`, made when it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._pointer = folder / "current"
        self._store: Store | None = None

    @property
    def path(self) -> Path:
        """The file of the live store, which may not exist yet."""
        try:
            return self.folder / self._pointer.readlink()
        except FileNotFoundError:
            return self._numbered(1)

    def next_path(self) -> Path:
        """Where a store is built that is to take over; leftovers of an attempt that was cut off are removed."""
        for path in self.folder.glob("store-*.db"):
            if path != self.path:
                _remove(path)
        return self._numbered(int(self.path.stem.removeprefix("store-")) + 1)

    def open(self) -> Store:
        """Open the live store for reading. It stays readable when another takes over; open again to see that one."""
        with self._lock(fcntl.LOCK_SH):  # else a swap in between would leave us with a path that is gone
            return Store(self.path)

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Be the only rebuild until the block ends: two would build in the same file.

        Raises:
            RebuildRunningError: At once, when another process (or this one) is rebuilding already.
        """
        with (self.folder / ".rebuild.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RebuildRunningError(
                    f"The projections in {self.folder} are being rebuilt already; wait until that rebuild has ended."
                ) from error
            yield

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """The live store, which stays the live one until the block ends."""
        with self._lock(fcntl.LOCK_SH):
            if self._store is None or self._store.path != self.path:
                self.close()
                self._store = Store(self.path)
                self._point_to(self._store.path)
            yield self._store

    @contextmanager
    def swapping(self) -> Iterator[None]:
        """Nobody writes to the live store until the block ends."""
        with self._lock(fcntl.LOCK_EX):
            yield

    def swap(self, path: Path) -> None:
        """Make a finished, closed store the live one, and remove the one before."""
        before = self.path
        self._point_to(path)
        if before != path:
            _remove(before)

    def close(self) -> None:
        """Let go of the store that was written to."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _numbered(self, number: int) -> Path:
        return self.folder / f"store-{number:06}.db"

    def _point_to(self, path: Path) -> None:
        if self._pointer.is_symlink() and self.path == path:
            return
        fresh = self.folder / f".current-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(path.name)
        fresh.replace(self._pointer)

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        with (self.folder / ".swap.lock").open("a") as file:
            fcntl.flock(file, kind)
            yield


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
