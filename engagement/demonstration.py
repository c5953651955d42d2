"""Streams simulated cohorts through the real pipeline: this process publishes, and a worker of its own folds them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from engagement.wiring import Wiring
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.calendar import uk_day
from learning.errors import EngagementError
from learning.events import Fact
from learning.plan import start_of
from producers.publisher import publish
from producers.simulator import Simulation, simulate
from stream_processors.day_clock import utc_now

INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
PARTICIPANTS = 3_300
PARTNERS = 12
SEED = 7
UNTIL = date(2026, 3, 13)
"""The simulation's last day; fixed, so that everybody sees the same figures."""

MARKER = ".engagement-demo"
"""A folder with this file was made by a demonstration and may be deleted by the next one."""

_LOOK_EVERY_SECONDS = 0.1
_STOPS_WITHIN_SECONDS = 20


class DemonstrationError(EngagementError):
    """The demonstration cannot run; the message says what is in the way."""


class Streamed(NamedTuple):
    """What a demonstration did."""

    facts: int
    seconds: float
    """From the first fact published to the last one processed."""


class Position(NamedTuple):
    """How far a demonstration is."""

    day: date
    """Simulated; facts up to here are published."""
    published: int
    processed: int


def simulation(participants: int) -> Simulation:
    """What is simulated: all programmes of the default catalogue, with a fixed seed."""
    return Simulation(seed=SEED, participants=participants, partners=PARTNERS, intakes=INTAKES, until=UNTIL)


def stream(wiring: Wiring, simulated: Simulation, watch: Callable[[Position], object]) -> Streamed:
    """Remake the data folder, and publish the simulation while a worker processes it; `watch` is told how far it is.

    Raises:
        DemonstrationError: The folder is not a demonstration's own, one runs in it, or the worker stopped.
    """
    _remake(wiring)
    with wiring.log_to_append() as log, _worker(wiring) as require_worker:
        began = time.monotonic()
        for day in _publish(log, simulate(simulated, wiring.curriculum()), simulated.until):
            require_worker()
            watch(Position(day, _published(log), _processed(wiring)))
        facts = _published(log)
        while (processed := _processed(wiring)) < facts:
            require_worker()
            watch(Position(simulated.until, facts, processed))
            time.sleep(_LOOK_EVERY_SECONDS)
        watch(Position(simulated.until, facts, facts))
        return Streamed(facts, time.monotonic() - began)


def _remake(wiring: Wiring) -> None:
    if wiring.settings.broker or wiring.settings.database:
        raise DemonstrationError(
            "invented participants do not belong on a Kafka or in a database that others use, and the demonstration "
            "needs none; unset ENGAGEMENT_BROKER and ENGAGEMENT_DATABASE for it"
        )
    folder = wiring.settings.data_dir
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise DemonstrationError(
            f"{folder} was not made by a demonstration and is left alone; "
            "move it away, or choose another place with --data-dir"
        )
    if wiring.worker_runs():
        raise DemonstrationError(f"a worker is running in {folder}; stop it, then start the demonstration again")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("Made by `engagement demo`, which deletes and remakes this folder.\n")


def _publish(log: EventLog, facts: Iterable[Fact], until: date) -> Iterator[date]:
    """Publish week by week as it became known, each begun by its Monday; yields the days reached."""
    for monday, week in groupby(facts, key=_monday):
        start_day(log, monday, start_of(monday))
        publish(log, week, now=utc_now())
        yield monday
    start_day(log, until, start_of(until))


def _monday(fact: Fact) -> date:
    day = uk_day(fact.recordedtime)
    return day - timedelta(days=day.weekday())


def _published(log: EventLog) -> int:
    return sum(log.end_offsets(FACTS_TOPIC).values())


def _processed(wiring: Wiring) -> int:
    return sum(each.next_offset for each in wiring.positions().values())


@contextmanager
def _worker(wiring: Wiring) -> Iterator[Callable[[], None]]:
    """A worker in a process of its own, stopped at the end; yields what makes sure that it still runs."""
    folder = wiring.settings.data_dir
    command = [sys.executable, "-m", "engagement", "--data-dir", str(folder), "worker"]
    # The days of the simulation are published with it; today would come long after them.
    environment = {**os.environ, "ENGAGEMENT_DAY_CLOCK": "false"}
    told = folder / "worker.txt"
    with told.open("wb") as file, _terminable():
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=file)  # noqa: S603 - our own command

        def require() -> None:
            if process.poll() is not None:
                raise DemonstrationError(f"the worker stopped: {_last_line(told)}")

        try:
            yield require
        finally:
            process.terminate()
            try:
                process.wait(_STOPS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the block like any error does, so that the worker does not outlive us."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it did not say why")
