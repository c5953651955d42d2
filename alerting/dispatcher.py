"""The dispatcher: turn by turn it decides who is told of what, tells them, and tells the log that they were told."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

import structlog
from msgspec import Struct

from alerting.delivering import Deliverer
from alerting.model import Channel
from alerting.outcomes import Carrier
from alerting.receivers import Receivers
from alerting.retrying import Chance
from alerting.store import AlertStore
from alerting.telling import tell_log
from eventlog.base import EventLog
from learning.errors import EngagementError

_log = structlog.get_logger("engagement.alerts")


class Prepared(Struct, frozen=True, kw_only=True):
    """What was read and planned before messages are sent."""

    decisions: int = 0
    """That were read from the log."""
    planned: int = 0
    """Messages, also those that are only composed while alerts are a dry run."""


class Prepare(Protocol):
    """Takes decisions in, follows what became of alerts, and plans messages; all in the alert book."""

    def __call__(self, log: EventLog, now: datetime) -> Prepared:
        """Do so, as of now."""


@dataclass(frozen=True, kw_only=True)
class DispatcherParts:
    """What a dispatcher stands on."""

    store: AlertStore
    receivers: Receivers
    log: Callable[[], AbstractContextManager[EventLog]]
    prepare: Prepare
    carriers: Callable[[], Mapping[Channel, Carrier]]
    """Makes the ways out, inside the event loop that uses them."""
    chance: Chance
    """Spreads over time what is tried again."""


class Turn(Struct, frozen=True, kw_only=True):
    """What one turn did."""

    decisions: int = 0
    planned: int = 0
    delivered: int = 0
    failed: int = 0
    """Attempts after which a message waits again."""
    dead: int = 0
    cancelled: int = 0
    facts: int = 0
    """Put onto the log about what was sent."""

    @property
    def did_something(self) -> bool:
        """Whether there was anything to do."""
        return any(getattr(self, name) for name in self.__struct_fields__)


class Dispatcher:
    """Does turns, one after the other. Use it in one thread, and only one dispatcher for an alert book at a time."""

    def __init__(self, parts: DispatcherParts) -> None:
        """Do nothing yet."""
        self._parts = parts
        self._runner = asyncio.Runner()
        self._deliverer: Deliverer | None = None

    def turn(self, now: Callable[[], datetime], seconds: float | None = None) -> Turn:
        """Take in, plan, send what is due, and tell the log.

        Args:
            now: The time; it may move while the turn goes on.
            seconds: How long it sends at most; what is on its way then is noted by the next turn. None: until nothing
                that is due is left.

        Raises:
            EngagementError: The log, the registry or the alert book cannot be used; another turn does what this did
                not.
        """
        parts = self._parts
        with parts.log() as log:
            prepared = parts.prepare(log, now())
            facts = tell_log(parts.store, log)  # what was left by one that broke off
            stands = self._runner.run(self._deliver(now, seconds))
            facts += tell_log(parts.store, log)
        return Turn(
            decisions=prepared.decisions,
            planned=prepared.planned,
            delivered=stands["delivered"],
            failed=stands["waiting"],
            dead=stands["dead"],
            cancelled=stands["cancelled"],
            facts=facts,
        )

    def close(self) -> None:
        """Break off what is on its way, which is sent again later, and let go of connections."""
        if self._deliverer is not None:
            self._runner.run(self._deliverer.close())
        self._runner.close()

    def __enter__(self) -> Self:
        """The dispatcher, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    async def _deliver(self, now: Callable[[], datetime], seconds: float | None) -> Counter[str]:
        if self._deliverer is None:
            parts = self._parts
            self._deliverer = Deliverer(parts.store, parts.carriers(), parts.receivers, chance=parts.chance)
        return await self._deliverer.deliver(now, seconds)


def keep_dispatching(
    dispatcher: Dispatcher,
    now: Callable[[], datetime],
    every: float,
    *,
    pause: Callable[[float], bool],
    told: Callable[[Turn | None], object] = lambda _: None,
) -> None:
    """Do a turn every so many seconds, until told to stop; what cannot be reached is tried again by the next.

    Args:
        dispatcher: Does the turns.
        now: The time.
        every: Seconds from the start of one turn to the start of the next.
        pause: Waits for so many seconds; answers at once, with True, when to stop.
        told: Gets what each turn did; None where it broke off.
    """
    while True:
        began = time.monotonic()
        try:
            turn = dispatcher.turn(now, every)
        except EngagementError as error:
            _log.warning("a turn broke off and is tried again", error=str(error), kind=type(error).__name__)
            told(None)
        else:
            if turn.did_something:
                _log.info("alerts", **{name: getattr(turn, name) for name in turn.__struct_fields__})
            told(turn)
        if pause(max(0.0, every - (time.monotonic() - began))):
            return
