"""Gives each request the projections as of one moment, and says how fresh they are."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection, func, select

from dashboard.freshness import Freshness
from dashboard.parts import Parts
from dashboard.problems import NotReadyError, NotThereError
from dashboard.recent import Recent
from dashboard.visitors import Visitor, parts_of
from eventlog.facts import FACTS_TOPIC
from projections import checkpoints, enrolment_progress
from projections.schema import enrolment_progress as progress_table
from projections.store import Store

LOOK_EVERY: Final = timedelta(seconds=1)
"""How often the log is asked where it ends, whatever the number of requests."""

STALE_AFTER: Final = timedelta(seconds=30)
"""How long the projections may have been behind the log before pages say that they are stale."""

_Answer = TypeVar("_Answer")


class Reading:
    """The live projections for many requests at once: opened once, and anew when a rebuilt store takes over."""

    def __init__(self, parts: Parts) -> None:
        """Open nothing yet."""
        self._parts = parts
        self._lock = Lock()
        self._store: Store | None = None
        self._ends: Mapping[int, int] = {}
        self._looked_at: datetime | None = None
        self._behind_since: datetime | None = None
        self.recent = Recent(lambda: self.store().connect(), self.freshness)
        """What many ask for and costs much to count."""

    def store(self) -> Store:
        """The live store.

        Raises:
            NotReadyError: Nothing has been processed yet.
        """
        live = self._parts.live
        with self._lock:
            if self._store is None or self._store.place != live.place:
                if not live.exists():
                    raise NotReadyError("Nothing has been processed yet. The worker has to run first.")
                self._store = live.open()  # whoever still reads from the one before does so to its end
            return self._store

    def freshness(self, connection: Connection) -> Freshness:
        """How fresh what the connection reads is."""
        done = checkpoints.every(connection)
        days = [each.day for each in done.values()]
        ends = self._log_ends()
        behind = sum(max(0, end - (done[each].next_offset if each in done else 0)) for each, end in ends.items())
        return Freshness(
            as_of=min((day for day in days if day is not None), default=None),
            updated_at=connection.scalar(select(func.max(progress_table.c.updated_at))),
            behind=behind,
            stale=self._is_stale(behind),
            records=sum(each.next_offset for each in done.values()),
        )

    def _log_ends(self) -> Mapping[int, int]:
        now = self._parts.now()
        with self._lock:
            if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
                return self._ends
            self._looked_at = now
        with self._parts.log() as log:
            self._ends = log.end_offsets(FACTS_TOPIC)
        return self._ends

    def _is_stale(self, behind: int) -> bool:
        now = self._parts.now()
        if behind == 0:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        return self._behind_since is not None and now - self._behind_since > STALE_AFTER


def reading_of(request: Request) -> Reading:
    """The reading that the app was made with."""
    found: Reading = request.app.state.reading
    return found


def recent(request: Request, count: Callable[..., _Answer], *given: Hashable) -> _Answer:
    """What `count` answers to a connection and what is `given` (see `Recent.of`); the page says how fresh that is."""
    now: Freshness = request.state.freshness
    counted = reading_of(request).recent.of(now, count, *given)
    _tell(request, counted.freshness.seen_from(now))
    return counted.answer


def _rows(request: Request) -> Iterator[Connection]:
    with reading_of(request).store().connect() as connection:
        _tell(request, reading_of(request).freshness(connection))
        yield connection


def _tell(request: Request, freshness: Freshness) -> None:
    request.state.freshness = freshness
    as_of = freshness.as_of
    request.state.policy = as_of and parts_of(request).rulebook().policies.on(as_of).version


Rows = Annotated[Connection, Depends(_rows)]
"""A connection to the projections: everything that is read in one request belongs to one moment."""


def own_enrolment(connection: Connection, visitor: Visitor, enrolment: str) -> dict[str, Any]:
    """The row of an enrolment that the visitor may see.

    Raises:
        NotThereError: There is none, or it is another delivery partner's: which of the two is not told.
    """
    row = enrolment_progress.find(connection, enrolment)
    if row is None or (visitor.partner is not None and row["partner"] != visitor.partner):
        raise NotThereError("There is no such enrolment, or it is not with your organisation.")
    return row
