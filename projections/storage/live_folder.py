"""The stores of a folder: `store-000001.db`, `store-000002.db` ..., and `current`, a link that names one of them."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import get_ident
from typing import TextIO

from sqlalchemy import Connection

from projections.storage.store_errors import RebuildRunningError
from projections.store import Store


class LiveFolder:
    """Writers hold the swap lock together while they write; a rebuild takes it alone for the moment of the swap."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when something in it is locked."""
        self._folder = folder
        self._pointer = folder / "current"

    def prepare(self) -> None:
        """A pointer needs nothing but the folder."""

    def live(self) -> str | None:
        """What the link names."""
        try:
            return self._pointer.readlink().name
        except FileNotFoundError:
            return None

    def is_live(self, store: Store) -> bool:
        """Whether the link names this store."""
        return store.place.name == self.live()

    def name(self, number: int) -> str:
        """The name of a store's file."""
        return f"store-{number:06}.db"

    def place(self, name: str) -> Path:
        """A store's file."""
        return self._folder / name

    def clear(self, live: str) -> list[int]:
        """Remove the files of other stores."""
        for path in self._folder.glob("store-*.db"):
            if path.name != live:
                _remove(path)
        return [int(Path(live).stem.removeprefix("store-"))]

    def point_to(self, name: str) -> None:
        """Move the link, and remove the store that it named: who has it open reads on from it."""
        before = self.live()
        self._link(name)
        if before not in {None, name}:
            _remove(self.place(str(before)))

    def point_first(self, name: str) -> None:
        """Make the link where there is none."""
        if self.live() is None:
            self._link(name)

    def check(self, _name: str) -> Callable[[Connection], None]:
        """Nothing: the swap lock keeps the link where it is."""
        return lambda _: None

    def steady(self) -> AbstractContextManager[None]:
        """Hold the swap lock with others."""
        return self._lock(fcntl.LOCK_SH)

    def swapping(self) -> AbstractContextManager[None]:
        """Hold the swap lock alone."""
        return self._lock(fcntl.LOCK_EX)

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Hold the lock of rebuilds, which is free or taken by another.

        Raises:
            RebuildRunningError: It is taken.
        """
        with self._lock_file(".rebuild.lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RebuildRunningError(self._folder) from error
            yield

    def _link(self, name: str) -> None:
        fresh = self._folder / f".current-{os.getpid()}-{get_ident()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(self._pointer)

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        with self._lock_file(".swap.lock") as file:
            fcntl.flock(file, kind)
            yield

    def _lock_file(self, name: str) -> TextIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        return (self._folder / name).open("a")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
