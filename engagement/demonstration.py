"""Streams simulated cohorts through the real pipeline: this process publishes, and a worker of its own folds them."""

import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from engagement.parts import worker_part
from engagement.processes import PartProcess
from engagement.supervising import Part, Supervisor
from engagement.wiring import Wiring
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.calendar import uk_day
from learning.errors import EngagementError
from learning.events import Fact
from learning.facts import Enrolled, ParticipantMerged
from learning.plan import start_of
from producers.publisher import publish
from producers.simulation.names import invented
from producers.simulator import Simulation, simulate
from registry import people
from registry.people import Profile
from stream_processors.day_clock import utc_now

INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
PARTICIPANTS = 3_300
PARTNERS = 12
SEED = 7
UNTIL = date(2026, 3, 13)
"""The simulation's last day; fixed, so that everybody sees the same figures."""

LIVE_FROM = UNTIL - timedelta(weeks=8)
"""The first day that arrives while people watch, where they do."""

MARKER = ".engagement-demo"
"""A folder with this file was made by a demonstration and may be deleted by the next one."""

_LOOK_EVERY_SECONDS = 0.1
_DAY = timedelta(days=1)


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
    until: date
    """The day up to which they go."""
    published: int
    processed: int


Watch = Callable[[Position], object]


def simulation(participants: int) -> Simulation:
    """What is simulated: all programmes of the default catalogue, with a fixed seed."""
    return Simulation(seed=SEED, participants=participants, partners=PARTNERS, intakes=INTAKES, until=UNTIL)


def stream(wiring: Wiring, simulated: Simulation, watch: Watch) -> Streamed:
    """Remake the data folder, and publish the simulation while a worker processes it; `watch` is told how far it is.

    Raises:
        DemonstrationError: The folder is not a demonstration's own, or one runs in it.
        PartFailedError: The worker cannot run.
    """
    with running(wiring, simulated) as demonstration:
        return demonstration.stream(simulated.until, watch)


@contextmanager
def running(wiring: Wiring, simulated: Simulation) -> "Iterator[Demonstration]":
    """A demonstration in a folder that is remade, with a worker that runs until the block ends.

    Raises:
        DemonstrationError: The folder is not a demonstration's own, or one runs in it.
    """
    _remake(wiring)
    with _terminable(), wiring.log_to_append() as log, Supervisor(lambda part: _launched(part, wiring)) as supervisor:
        supervisor.start(worker_part(wiring))
        yield Demonstration(wiring, log, supervisor, simulate(simulated, wiring.curriculum()))


class Demonstration:
    """Publishes the facts of a simulation in the order in which they became known: first at full speed, then by day."""

    def __init__(self, wiring: Wiring, log: EventLog, supervisor: Supervisor, facts: Iterator[Fact]) -> None:
        """Publish nothing yet."""
        self._wiring = wiring
        self._log = log
        self.supervisor = supervisor
        """Looks after the worker, and after what is started besides."""
        self._facts = facts
        self._next = next(facts, None)
        self._names = _Names(wiring)

    def stream(self, until: date, watch: Watch) -> Streamed:
        """Publish all up to a day, that day included, and wait until it is processed.

        Raises:
            PartFailedError: The worker cannot run.
        """
        began = time.monotonic()
        for day in self._publish_weeks(until):
            self.supervisor.look()
            watch(Position(day, until, self._published(), self._processed()))
        facts = self.catch_up(lambda published, processed: watch(Position(until, until, published, processed)))
        watch(Position(until, until, facts, facts))
        return Streamed(facts, time.monotonic() - began)

    def catch_up(self, watch: Callable[[int, int], object] = lambda _published, _processed: None) -> int:
        """Wait until all that is on the log now is processed; answers how much that is.

        Raises:
            PartFailedError: The worker cannot run.
        """
        published = self._published()
        while (processed := self._processed()) < published:
            self.supervisor.look()
            watch(published, processed)
            time.sleep(_LOOK_EVERY_SECONDS)
        return published

    def publish_day(self, day: date) -> int:
        """Have a day start, and publish what became known on it; answers how many facts that was."""
        start_day(self._log, day, start_of(day))
        return self._publish(self._until(day))

    def _publish_weeks(self, until: date) -> Iterator[date]:
        """Publish week by week, each begun by its Monday; yields the days reached."""
        for monday, week in groupby(self._until(until), key=_monday):
            start_day(self._log, monday, start_of(monday))
            self._publish(week)
            yield monday
        start_day(self._log, until, start_of(until))

    def _until(self, day: date) -> Iterator[Fact]:
        """The facts that come next, up to the end of a day."""
        end = start_of(day + _DAY)
        while self._next is not None and self._next.recordedtime < end:
            fact, self._next = self._next, next(self._facts, None)
            yield fact

    def _publish(self, facts: Iterable[Fact]) -> int:
        some = list(facts)
        self._names.give(some)  # first, so that nobody is seen without a name
        publish(self._log, some, now=utc_now())
        return len(some)

    def _published(self) -> int:
        return sum(self._log.end_offsets(FACTS_TOPIC).values())

    def _processed(self) -> int:
        return sum(each.next_offset for each in self._wiring.positions().values())


class _Names:
    """Puts an invented person into the registry for each participant."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._first_ids: dict[str, str] = {}
        """Of participants whose id was replaced: by the new one, the one that they had first."""

    def give(self, facts: Iterable[Fact]) -> None:
        """Name whoever appears in these facts for the first time, also under another id."""
        profiles = []
        for fact in facts:
            match fact.data:
                case Enrolled(participant=participant):
                    profiles.append(self._profile(participant))
                case ParticipantMerged(retired=retired, into=into):
                    self._first_ids[into] = self._first_ids.get(retired, retired)
                    profiles.append(self._profile(into))
        if profiles:
            with self._wiring.registry() as registry, registry.writing() as connection:
                people.put(connection, profiles, utc_now())

    def _profile(self, participant: str) -> Profile:
        person = invented(self._first_ids.get(participant, participant))
        return Profile(participant=participant, name=person.name, email=person.email)


def _launched(part: Part, wiring: Wiring) -> PartProcess:
    """The process of a part; what it says goes into a file, for people watch the terminal."""
    path = wiring.settings.data_dir / f"{part.name}.txt"

    def keep(_: str, line: str) -> None:
        with path.open("a") as file:
            file.write(f"{line}\n")

    # The days of the simulation are published with it; today would come long after them.
    return PartProcess(part, wiring.settings.data_dir, keep, environment={"ENGAGEMENT_DAY_CLOCK": "false"})


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


def _monday(fact: Fact) -> date:
    day = uk_day(fact.recordedtime)
    return day - timedelta(days=day.weekday())


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the block like any error does, so that the worker ends in good order."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
