"""How alerts stand, looked up once a second at most: how many wait for an answer, and whether any of them changed."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Final, NamedTuple, Self

from sqlalchemy import Connection, func, literal, select, union_all

from alerting.model import OPEN
from alerting.schema import alert, notice
from dashboard.parts import Parts
from learning.errors import EngagementError

LOOK_EVERY: Final = timedelta(seconds=1)
"""How often the alert book is asked, whatever the number of requests."""

RESTS: Final = 20
"""How many times as long as that took it is let be at least, however many alerts are open."""

_STAMP_DIGITS: Final = 16

_alert, _notice = alert.c, notice.c
_latest = func.max(func.coalesce(_alert.last_told_at, _alert.state_since))
_standing = union_all(
    select(_alert.partner, _alert.state, func.count(), _latest, func.max(_alert.state_since))
    .where(_alert.state.in_(OPEN))
    .group_by(_alert.partner, _alert.state),
    select(_notice.partner, literal("message"), func.count(), func.max(_notice.next_at), func.max(_notice.planned_at))
    .where(_notice.state == "waiting")
    .group_by(_notice.partner),
)
"""What is open only, by its index: what is settled is never looked at again, however much there is of it."""


class Look(NamedTuple):
    """How the alerts of each delivery partner stand, and the messages that are on their way."""

    standing: Mapping[str, tuple[tuple[str, int, datetime, datetime], ...]]
    """By partner: each state with how many there are and what was latest."""

    def waiting(self, partner: str | None) -> int:
        """How many alerts of this partner (None: of all) somebody was told of and nobody has answered."""
        return sum(
            number
            for whose, states in self.standing.items()
            if partner in (None, whose)
            for state, number, *_ in states
            if state == "told"
        )

    def stamp(self, partner: str | None) -> str:
        """The same for as long as nothing of this partner (None: of anybody) has changed."""
        theirs = [each for each in sorted(self.standing.items()) if partner in (None, each[0])]
        return sha256(repr(theirs).encode()).hexdigest()[:_STAMP_DIGITS]

    def changed_since(self, before: Self) -> frozenset[str]:
        """The partners of which something has changed."""
        partners = self.standing.keys() | before.standing.keys()
        return frozenset(each for each in partners if self.standing.get(each) != before.standing.get(each))


class AlertsNow:
    """Looks at the alert book for all pages. Every method may be called from any thread."""

    def __init__(self, parts: Parts, cost: Callable[[], float] = time.thread_time) -> None:
        """Look at nothing yet; `cost` tells seconds that the calling thread has taken of a processor."""
        self._parts = parts
        self._cost = cost
        self._rest = LOOK_EVERY
        self._lock = Lock()
        self._looked_at: datetime | None = None
        self._look: Look | None = None

    def look(self) -> Look | None:
        """How they stand, as of about a second ago; None: no dispatcher has run yet, or its book does not answer."""
        now = self._parts.now()
        with self._lock:
            if self._looked_at is None or now - self._looked_at >= self._rest:
                began = self._cost()
                self._look = self._read()
                self._rest = max(LOOK_EVERY, RESTS * timedelta(seconds=self._cost() - began))
                self._looked_at = now
            return self._look

    def _read(self) -> Look | None:
        try:
            store = self._parts.alerts()
            if store is None:
                return None
            with store.reading() as book:
                return _look(book)
        except EngagementError:  # pages of alerts say so; the others are whole without it
            return None


def _look(book: Connection) -> Look:
    found: dict[str, list[tuple[str, int, datetime, datetime]]] = {}
    for partner, *rest in book.execute(_standing):
        state, number, latest, since = rest
        found.setdefault(partner, []).append((state, number, latest, since))
    return Look({partner: tuple(sorted(states)) for partner, states in found.items()})
