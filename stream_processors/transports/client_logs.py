"""Keeps aiokafka's log readable: while a broker is away it says the same thing several times a second, as an error."""

import logging
import time
from collections.abc import Callable

_SECONDS = 30.0

_LOGGERS = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
)

_USUAL = frozenset({"Heartbeat failed for group %s because it is rebalancing"})
"""What is told as a warning although it happens whenever a worker comes or goes."""


class Seldom(logging.Filter):
    """Lets a warning or error pass once in so many seconds, whatever node or group it names."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._last: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log this."""
        if record.levelno < logging.WARNING:
            return True
        if record.msg in _USUAL:
            return False
        now, last = self._clock(), self._last.get(record.msg)
        if last is not None and now - last < self._seconds:
            return False
        self._last[record.msg] = now
        return True


_seldom = Seldom(_SECONDS)


def quieten() -> None:
    """Have aiokafka repeat itself seldom, from now on, in this process."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_seldom)
