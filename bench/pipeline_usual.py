"""The usual Faust pattern on the same log: one record a message, a JSON record model, a Table with its changelog.

It keeps the least that the same figures need: components done, sessions, status and last activity of an enrolment. It
runs until its speed no longer changes, for its lists grow at first.
"""

import asyncio
import shutil
import sys
from collections import deque
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any, NamedTuple

import faust
from faust.types import StreamT

from bench.measuring import answer
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC
from stream_processors.faust_app import EngagementApp
from stream_processors.transports.embedded import broker_url

STEADY_CHANGE = 0.05
"""Steady: the median time of the last windows differs from that of the windows before by at most this part."""

_GIVE_UP_AFTER_IDLE_SECONDS = 10.0


class Steady(NamedTuple):
    """When the speed is taken for steady."""

    window: int
    """Facts after which it is looked at."""
    compared: int
    """Windows, the last ones and as many before."""
    least: int
    """Facts before which it never is."""
    most: int
    """Facts at which it is taken as it is."""


STEADY = Steady(window=5_000, compared=5, least=75_000, most=250_000)


class LearningEvent(faust.Record, serializer="json"):
    """A fact as Faust's tutorial would model it."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    recordedtime: str
    partitionkey: str
    specversion: str
    data: dict[str, Any]


class Progress(faust.Record, serializer="json"):
    """The row of the Table."""

    completed: list[str] = []  # noqa: RUF012 - Faust copies the default
    absent: list[str] = []  # noqa: RUF012 - as above
    status: str = "active"
    last_activity: str = ""


class Usual:
    """The app, its Table and a stopwatch."""

    def __init__(self, app: faust.App, topic: str, steady: Steady) -> None:
        """Use an app that is known nowhere yet, so that its Table is empty; the facts stand on `topic`."""
        self.app = app
        self.table = app.Table("progress", value_type=Progress, key_type=str, partitions=DEFAULT_PARTITIONS)
        facts = app.topic(topic, value_type=LearningEvent, value_serializer="json", key_type=bytes)
        app.agent(facts, name="usual")(self._work)
        self.facts = 0
        self.began_at = 0.0
        self.cpu_us = 0.0
        """Microseconds of the processor that a fact took, from the first on."""
        self._is_steady = steady
        self.windows: deque[float] = deque(maxlen=2 * steady.compared)
        self.steady = asyncio.Event()

    async def _work(self, stream: StreamT[Any]) -> None:
        began = cpu_at_begin = 0.0
        async for event in stream:
            if not self.facts:
                self.began_at = began = monotonic()
                cpu_at_begin = process_time()
            self._apply(event)
            self.facts += 1
            if self.facts % self._is_steady.window == 0:
                now = monotonic()
                self.windows.append(now - began)
                began = now
                self.cpu_us = (process_time() - cpu_at_begin) / self.facts * 1e6
                self._look()

    def _apply(self, event: Any) -> None:
        row = self.table.get(event.subject) or Progress()
        kind = event.type
        if kind == "learning.component-completed.v1":
            row.completed = sorted({*row.completed, event.data["component"]})
        elif kind == "learning.attendance-recorded.v1":
            there = event.data["attendance"] != "absent"
            of = row.completed if there else row.absent
            of.append(event.data["component"])
        elif kind in {"learning.deferred.v1", "learning.withdrawn.v1", "learning.resumed.v1"}:
            row.status = kind.split(".")[1]
        row.last_activity = max(row.last_activity, event.time)
        self.table[event.subject] = row

    def _look(self) -> None:
        _, compared, least, most = self._is_steady
        if self.facts < least:
            return
        before, last = list(self.windows)[:compared], list(self.windows)[-compared:]
        if abs(median(last) / median(before) - 1) <= STEADY_CHANGE or self.facts >= most:
            self.steady.set()

    async def run(self) -> float:
        """Work until the speed is steady or the log is at its end; answer the seconds a window takes then."""
        await self.app.start()
        seen = -1
        while not self.steady.is_set() and self.facts != seen:
            seen = self.facts
            try:
                await asyncio.wait_for(self.steady.wait(), _GIVE_UP_AFTER_IDLE_SECONDS)
            except TimeoutError:
                continue
        await self.app.stop()
        return median(list(self.windows)[-self._is_steady.compared :])


def main(folder: Path, round_number: int) -> None:
    """Measure on a copy of the log in `folder`, since the changelog goes onto it."""
    copy = folder / f"usual-{round_number}"
    copy.mkdir()
    for file in folder.glob("log.db*"):
        shutil.copy(file, copy)

    async def measured() -> tuple[int, float]:
        app = EngagementApp(f"usual-{round_number}", broker=broker_url(copy / "log.db"))
        usual = Usual(app, FACTS_TOPIC, STEADY)
        seconds = await usual.run()
        return usual.facts, seconds

    facts, seconds = asyncio.run(measured())
    shutil.rmtree(copy)
    answer(STEADY.window, seconds, processed=facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
