"""Which store is the live one: a pointer to a numbered place, so that a rebuilt store takes over in one step."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol, Self

from sqlalchemy import Connection

from projections.storage.live_database import LiveDatabase
from projections.storage.live_folder import LiveFolder
from projections.storage.places import Database, Place
from projections.storage.store_errors import RebuildRunningError
from projections.store import Store

__all__ = ["LiveProjections", "RebuildRunningError"]


class Home(Protocol):
    """Has places for stores, by name, and a pointer to one of them."""

    def prepare(self) -> None:
        """Make what a pointer needs."""

    def live(self) -> str | None:
        """The name that the pointer says; None where there was no store yet."""

    def is_live(self, store: Store) -> bool:
        """Whether the pointer says this store."""

    def name(self, number: int) -> str:
        """The name of a store by its number."""

    def place(self, name: str) -> Place:
        """The place of a store by its name."""

    def clear(self, live: str) -> list[int]:
        """Remove what is left of other stores; answer the numbers that are taken."""

    def point_to(self, name: str) -> None:
        """Make a store the live one."""

    def point_first(self, name: str) -> None:
        """Make a store the live one where there is none."""

    def check(self, name: str) -> Callable[[Connection], None]:
        """What every transaction that writes to a store begins with, so that none ends in one that was replaced."""

    def steady(self) -> AbstractContextManager[None]:
        """The pointer does not move until the block ends, as far as `check` does not see to that."""

    def swapping(self) -> AbstractContextManager[None]:
        """Nobody writes until the block ends."""

    def rebuilding(self) -> AbstractContextManager[None]:
        """Be the only one who rebuilds until the block ends."""


class LiveProjections:
    """Numbered stores in a folder or in a database, of which one is live.

    A rebuild takes over when nobody is in the middle of a transaction that writes.
    """

    def __init__(self, home: Path | Database) -> None:
        """Use a folder, made when it is not there, or a database."""
        self._home: Home = LiveFolder(home) if isinstance(home, Path) else LiveDatabase(home)
        self._store: Store | None = None
        self._opening = Lock()

    def __enter__(self) -> Self:
        """The projections, let go of at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    @property
    def place(self) -> Place:
        """The place of the live store, which may not exist yet."""
        return self._home.place(self._live())

    def exists(self) -> bool:
        """Whether there is a live store: a worker has run, or a rebuild."""
        return self._home.live() is not None

    def next_place(self) -> Place:
        """Where a store is built that is to take over; leftovers of earlier ones are removed."""
        live = self._live()
        return self._home.place(self._home.name(max(self._home.clear(live)) + 1))

    def open(self) -> Store:
        """Open the live store for reading; open again to see one that took over.

        In a folder it stays readable when another takes over, in a database until the next rebuild after that begins.
        """
        with self._home.steady():  # else a swap in between would leave us with a place that is gone
            return self._open()

    def rebuilding(self) -> AbstractContextManager[None]:
        """Be the only rebuild until the block ends: two would build in the same place.

        Raises:
            RebuildRunningError: At once, when another process (or this one) is rebuilding already.
        """
        return self._home.rebuilding()

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """The live store. In a folder it stays the live one until the block ends.

        In a database it does so during each transaction, since locks are to end with the connection that writes.

        Raises:
            StaleWriteError: From a transaction in the block, when another store has taken over; nothing was written.
        """
        with self._home.steady():
            yield self._writable()

    def _writable(self) -> Store:
        """The live store, opened anew where another took over; by one thread at a time."""
        with self._opening:
            if self._store is None or not self._home.is_live(self._store):
                self._let_go()
                self._store = self._open()
                self._home.point_first(self._store.place.name)
            return self._store

    def swapping(self) -> AbstractContextManager[None]:
        """Nobody writes to the live store until the block ends, which stands within `rebuilding`."""
        return self._home.swapping()

    def swap(self, place: Place) -> None:
        """Make a finished, closed store the live one when the block of `swapping` ends, if not at once."""
        self._home.point_to(place.name)

    def close(self) -> None:
        """Let go of the store that was written to."""
        with self._opening:
            self._let_go()

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _live(self) -> str:
        return self._home.live() or self._home.name(1)

    def _open(self) -> Store:
        self._home.prepare()
        name = self._live()
        return Store(self._home.place(name), self._home.check(name))
