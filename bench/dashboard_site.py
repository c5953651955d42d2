"""A data folder with many active enrolments, and facts that keep coming."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any, NamedTuple

from bench.new_day import MONDAY, fill
from engagement.wiring import Wiring
from eventlog.facts import DEFAULT_PARTITIONS, start_day
from eventlog.partitioner import partition_of
from eventlog.rejects import park
from learning.events import Fact, fact
from learning.facts import ActivitySeen, Data
from learning.plan import start_of
from producers.publisher import publish
from projections.projector import Projector
from projections.rebuild import replay
from registry import accounts, credentials

_BATCHES_PER_SECOND = 10


class Enrolment(NamedTuple):
    """One that facts can be published of."""

    id: str
    partitionkey: str
    """A key of the partition that its state is at home in."""


def make(wiring: Wiring, enrolments: int) -> Sequence[Enrolment]:
    """Fill the folder: so many enrolments, looked at on one day."""
    with wiring.log_to_append() as log, wiring.live_or_new().writing() as store:
        fill(store, enrolments)
        start_day(log, MONDAY, start_of(MONDAY))
        projector = Projector(
            store, wiring.rulebook(), park=lambda rejects: park(log, rejects), now=lambda: datetime.now(UTC)
        )
        replay(log, projector, store)
    keys = _keys()
    return [Enrolment(f"e-{number:07}", keys[number % DEFAULT_PARTITIONS]) for number in range(enrolments)]


def _keys() -> dict[int, str]:
    """A key for each partition."""
    found: dict[int, str] = {}
    for number in count():
        found.setdefault(partition_of(f"p-{number}".encode(), DEFAULT_PARTITIONS), f"p-{number}")
        if len(found) == DEFAULT_PARTITIONS:
            return found
    raise AssertionError


def key(wiring: Wiring) -> str:
    """An API key of staff."""
    now = datetime.now(UTC)
    with wiring.registry() as registry, registry.writing() as connection:
        account = accounts.create(connection, label="Bench", role="staff", now=now)
        return credentials.issue(connection, account.id, "key", now).token


def made(data: Data, enrolment: Enrolment, number: int, time: datetime) -> Fact:
    """A fact of an enrolment."""
    return fact(
        data,
        id=f"{number:012}-{data.TYPE}",
        source="/bench",
        subject=enrolment.id,
        time=time,
        partitionkey=enrolment.partitionkey,
    )


class Published:
    """How many facts were put on the log, and how fast."""

    def __init__(self) -> None:
        """Begin to count."""
        self.facts = 0
        self._began = time.monotonic()

    def per_second(self) -> float:
        """Facts a second until now."""
        return self.facts / (time.monotonic() - self._began)


@contextmanager
def publish_steadily(wiring: Wiring, enrolments: Sequence[Enrolment], per_second: int) -> Iterator[Published]:
    """Visits of random enrolments, so many a second, until the block ends."""
    published, ended = Published(), threading.Event()
    batch = max(1, per_second // _BATCHES_PER_SECOND)

    def go_on() -> None:
        random, due = Random(5), time.monotonic()  # noqa: S311 - a load needs no cryptography
        with wiring.log_to_append() as log:
            while not ended.is_set():
                now: Any = datetime.now(UTC)
                some = (random.choice(enrolments) for _ in range(batch))
                visits = [
                    made(ActivitySeen(clicks=1), each, published.facts + number, start_of(MONDAY))
                    for number, each in enumerate(some)
                ]
                publish(log, visits, now=now)
                published.facts += batch
                due += 1 / _BATCHES_PER_SECOND
                ended.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield published
    finally:
        ended.set()
        thread.join()
