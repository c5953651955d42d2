"""Notes in the audit trail who looked at what; a page that refreshes itself is noted once, not every second."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from types import MappingProxyType
from typing import Final

from fastapi import Request

from dashboard.visitors import Visitor, parts_of
from registry import audit
from registry.audit import Action, Entry
from registry.codes import is_code

ONE_LOOK: Final = timedelta(minutes=15)
"""Somebody who looks at the same thing again within this time is still looking."""

_MOST: Final = 10_000
"""Looks that are remembered at once; beyond it, all are forgotten, so some are noted twice."""


class Looks:
    """Which looks have been noted lately."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._lock = Lock()
        self._noted: dict[tuple[str, Action, str], datetime] = {}

    def is_new(self, account: str, action: Action, thing: str, now: datetime) -> bool:
        """Whether it is to be noted; then it counts as noted."""
        key = (account, action, thing)
        with self._lock:
            last = self._noted.get(key)
            if last is not None and now - last < ONE_LOOK:
                return False
            if len(self._noted) >= _MOST:
                self._noted.clear()
            self._noted[key] = now
            return True

    def forget(self, account: str, action: Action, thing: str) -> None:
        """Note it again next time, because it could not be noted."""
        with self._lock:
            self._noted.pop((account, action, thing), None)


def note_look(request: Request, visitor: Visitor, action: Action, thing: str) -> None:
    """Note that somebody looks at something, unless they have been for a while; `thing` is `enrolment:ID` or a page."""
    looks: Looks = request.app.state.looks
    account, now = visitor.account.id, parts_of(request).now()
    if not looks.is_new(account, action, thing, now):
        return
    try:
        note(request, visitor, action, thing)
    except BaseException:
        looks.forget(account, action, thing)
        raise


def note(
    request: Request,
    visitor: Visitor,
    action: Action,
    thing: str | None = None,
    details: Mapping[str, str | int] = MappingProxyType({}),
) -> None:
    """Put an entry into the audit trail; an id that is no code, which other sources may send, is not repeated there."""
    parts = parts_of(request)
    if thing is not None and not is_code(thing):
        thing = f"{thing.partition(':')[0]}:not-a-code"
    with parts.registry.writing() as connection:
        audit.append(connection, parts.now(), Entry(visitor.account.id, action, thing, details))
