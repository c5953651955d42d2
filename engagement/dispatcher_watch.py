"""What a running dispatcher shows of itself: whether it does its turns, and what became of messages."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import choose_encoder

from alerting import queue
from alerting.dispatcher import Turn
from alerting.store import AlertStore
from engagement.dispatcher_metric_names import ATTEMPTS, DECISIONS, MESSAGES, TURNS
from stream_processors.watching.metric_names import Declared
from stream_processors.watching.pages import Answer, Page, ProbeServer

PATIENCE_SECONDS = 120.0
"""Without a turn that came to its end for so long, beyond the time between two, a dispatcher is not healthy."""


class DispatcherWatch:
    """Counts turns. Tell it what each did; its pages can be asked from any thread."""

    def __init__(self, store: AlertStore, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing has been done yet; `every` is the time between two turns, in seconds."""
        self._store, self._patience, self._clock = store, every + PATIENCE_SECONDS, clock
        self._done_at = clock()
        self._registry = CollectorRegistry()
        self._turns = self._counter(TURNS)
        self._decisions = self._counter(DECISIONS)
        self._attempts = self._counter(ATTEMPTS)
        self._messages = Gauge(MESSAGES.name, MESSAGES.meaning, MESSAGES.labels, registry=self._registry)

    def _counter(self, declared: Declared) -> Counter:
        return Counter(declared.name, declared.meaning, declared.labels, registry=self._registry)

    def note(self, turn: Turn | None) -> None:
        """Count a turn; None: it broke off."""
        self._turns.labels("broken-off" if turn is None else "done").inc()
        if turn is None:
            return
        self._done_at = self._clock()
        self._decisions.inc(turn.decisions)
        for result in ("delivered", "failed", "dead", "cancelled"):
            self._attempts.labels(result).inc(getattr(turn, result))

    def pages(self) -> Mapping[str, Page]:
        """`/healthz` and `/metrics`."""
        return {"/healthz": self._health, "/metrics": self._metrics}

    @contextmanager
    def answering(self, host: str, port: int | None) -> Iterator[int | None]:
        """Serve the pages for the length of the block, and yield on which port; no port, no pages.

        Raises:
            ProbeServerError: Nobody can listen there.
        """
        if port is None:
            yield None
            return
        server = ProbeServer(host, port, self.pages())
        try:
            yield server.port
        finally:
            server.close()

    def _health(self, _: str) -> Answer:
        silent = self._clock() - self._done_at
        if silent > self._patience:
            return Answer(f"no turn for {silent:.0f} s\n".encode(), HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer(b"ok\n")

    def _metrics(self, accept: str) -> Answer:
        with self._store.reading() as connection:
            states = queue.counts(connection)
        self._messages.clear()
        for state, count in states.items():
            self._messages.labels(state).set(count)
        encode, content_type = choose_encoder(accept)
        return Answer(encode(self._registry), content_type=content_type)
