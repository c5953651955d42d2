"""What a worker shows of itself while it runs: the one thing that its parts tell what they did."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from http import HTTPStatus
from typing import Self

from eventlog.base import LogAwayError
from projections.storage.store_errors import StoreAwayError
from stream_processors.watching.metrics import Metrics, Retry
from stream_processors.watching.pages import Answer, Page, ProbeServer
from stream_processors.watching.progress import Progress, StalledError
from stream_processors.watching.watchdog import LOOK_SECONDS, Ends, Lookout, Periodic, Watchdog


class Monitor:
    """Progress, metrics, watchdog and pages of one worker. Until it is entered, it only takes note."""

    def __init__(
        self,
        stop: Callable[[StalledError], object],
        *,
        patience: float = 60.0,
        host: str = "127.0.0.1",
        port: int | None = None,
        seconds: float = LOOK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        """Prepare.

        Args:
            stop: Called from a thread of its own with the reason when the worker stands still; has ten seconds.
            patience: Seconds without progress, while there is work, after which the worker stands still.
            host: Where the pages are answered.
            port: Their port; 0 takes a free one, None serves no pages.
            seconds: Time between two looks.
            clock: Seconds by which patience is measured, monotonic.
            end: Ends the process with an exit code, whatever it does.
        """
        self._progress = Progress(patience, clock)
        self._metrics = Metrics(self._progress)
        self._watchdog = Watchdog(self._progress, stop, end=end, clock=clock)
        self._address = (host, port)
        self._seconds = seconds
        self._server: ProbeServer | None = None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Answer the pages and watch the progress.

        Raises:
            ProbeServerError: When the pages cannot be served there.
        """
        host, port = self._address
        if port is not None:
            self._server = ProbeServer(host, port, self._pages())
            self._running.callback(self._server.close)
        self._running.callback(self._call_off, Periodic("watchdog", self._watchdog.look, self._seconds))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, when the worker has."""
        self._running.close()

    def _call_off(self, watching: Periodic) -> None:
        """Watch no longer, unless the process is to end: a hung thread could keep it alive."""
        if not self._watchdog.is_ending:
            watching.close()

    @property
    def port(self) -> int | None:
        """The port on which the pages are answered."""
        return None if self._server is None else self._server.port

    @contextmanager
    def opened(self, ends: Ends, last_day: date | None = None) -> Iterator[None]:
        """Log and projections are open, and the work can begin.

        Args:
            ends: Asked where the log ends, until the block ends, from a thread of its own.
            last_day: The latest day that has started, where one is known.
        """
        if last_day is not None:
            self._metrics.last_day(last_day)
        lookout = Periodic("lookout", Lookout(self._progress, ends).look, self._seconds)
        self._progress.opened()
        try:
            yield
        finally:
            lookout.close()

    def assigned(self, positions: Mapping[int, int]) -> None:
        """The worker holds exactly these partitions now, each to be read on from this offset."""
        self._progress.assigned(positions)

    def alive(self, partition: int) -> None:
        """A chunk of this partition was begun, or a piece of it is done."""
        self._progress.alive(partition)

    def applied(
        self, partition: int, next_offset: int, *, records: int, facts: int, rejects: int, seconds: float
    ) -> None:
        """A chunk is durable, so many seconds after it was handed over; the partition goes on at `next_offset`."""
        self._progress.moved(partition, next_offset)
        self._metrics.applied(records=records, facts=facts, rejects=rejects, seconds=seconds)

    def day_started(self, day: date, *, enrolments: int, seconds: float) -> None:
        """A day has started in a partition, where so many enrolments were looked at in so many seconds."""
        self._metrics.day_started(day, enrolments=enrolments, seconds=seconds)

    def relayed(self, messages: int) -> None:
        """So many messages were put on their topics."""
        self._metrics.relayed(messages)

    def archived(self, facts: int) -> None:
        """So many facts were written to the lake."""
        self._metrics.archived(facts)

    def lake_lags(self, lags: Mapping[int, int]) -> None:
        """So many records of exactly these partitions are in the projections, but not in the lake."""
        self._metrics.lake_lags(lags)

    def lake_failed(self) -> None:
        """The lake could not be written; that is no standing still."""
        self._metrics.lake_failed()

    def failed(self, partition: int, error: Exception) -> None:
        """A chunk could not be done for a reason that passes; waiting for another worker is no standing still."""
        reason = _reason(error)
        if reason == "contended":
            self._progress.alive(partition)
        self._metrics.retried(reason)

    def _pages(self) -> dict[str, Page]:
        return {
            "/healthz": lambda _: _verdict(self._progress.stall()),
            "/readyz": lambda _: _verdict(self._progress.unready()),
            "/metrics": self._scrape,
        }

    def _scrape(self, accept: str) -> Answer:
        body, content_type = self._metrics.scrape(accept)
        return Answer(body, content_type=content_type)


def _reason(error: Exception) -> Retry:
    if isinstance(error, LogAwayError):
        return "log_away"
    return "store_away" if isinstance(error, StoreAwayError) else "contended"


def _verdict(reason: str | None) -> Answer:
    if reason is None:
        return Answer(b"ok\n")
    return Answer(f"{reason}\n".encode(), HTTPStatus.SERVICE_UNAVAILABLE)
