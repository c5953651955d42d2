"""What a new day costs: everybody who can have changed is measured, assessed and decided anew.

So many active enrolments of the simulator stand in a store of 12 partitions. Three days start one after the other:

- `everybody`: a Monday on which all are looked at, because nothing is known of when each can change;
- `monday`: the Monday after it, when a study week has ended and nearly everybody is due;
- `tuesday`: the day after that, when hardly anybody is.

Each round has a process and a store of its own. The ratio of a Tuesday to a Monday shows what knowing beforehand who
can change saves; the seconds are printed for orientation, for machines differ.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from eventlog.facts import CALENDAR, DAY_CLOCK, DEFAULT_PARTITIONS
from learning.curriculum import Curriculum
from learning.events import encode, fact
from learning.facts import DayStarted
from learning.measures import measure
from learning.plan import start_of
from learning.progress import State, encode_state, fold
from producers.simulator import Simulation, simulate
from projections import enrolment_states
from projections.enrolment_states import StoredState
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Checkpoint, Store

INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
MONDAY = date(2026, 3, 2)
DAYS = {"everybody": MONDAY, "monday": MONDAY + timedelta(days=7), "tuesday": MONDAY + timedelta(days=8)}
_PEOPLE = 3_300
_ROWS_AT_ONCE = 5_000


def active_states() -> list[bytes]:
    """The states of the simulated enrolments that are active on the first day."""
    curriculum = Curriculum.shipped()
    states: dict[str, State] = {}
    simulation = Simulation(seed=11, participants=_PEOPLE, partners=12, intakes=INTAKES, until=MONDAY)
    for each in simulate(simulation, curriculum):
        fold(states.setdefault(each.subject, State()), each)
    measured = ((state, measure(state, curriculum, MONDAY)) for state in states.values())
    return [encode_state(state) for state, found in measured if found and found.standing.status == "active"]


def fill(store: Store, enrolments: int) -> None:
    """Put so many enrolments into the store, the simulated ones again and again under other ids."""
    states = enumerate(islice(cycle(active_states()), enrolments))
    rows = ((f"e-{number:07}", StoredState(number % DEFAULT_PARTITIONS, state)) for number, state in states)
    while some := dict(islice(rows, _ROWS_AT_ONCE)):
        with store.changing() as connection:
            enrolment_states.put(connection, some)


def one_round(enrolments: int) -> dict[str, float]:
    """Seconds of each day, and the peak memory, on a new store."""
    with TemporaryDirectory(prefix="new-day-") as folder, Store(Path(folder) / "store.db") as store:
        fill(store, enrolments)
        projector = Projector(store, Rulebook(Curriculum.shipped()), park=_refuse, now=_now)
        seconds: dict[str, float] = {}
        for name, day in DAYS.items():
            began = monotonic()
            for partition, checkpoint in _positions(store):
                projector.apply(partition, [(checkpoint.next_offset, _day_started(day))], b"")
            seconds[name] = monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**seconds, "peak_mb": peak}


def _positions(store: Store) -> Iterator[tuple[int, Checkpoint]]:
    known = store.checkpoints()
    return ((partition, known.get(partition, Checkpoint())) for partition in range(DEFAULT_PARTITIONS))


def _day_started(day: date) -> bytes:
    started = fact(
        DayStarted(day=day),
        id=day.isoformat(),
        source=DAY_CLOCK,
        subject=CALENDAR,
        time=start_of(day),
        partitionkey=CALENDAR,
    )
    return encode(started)


def _refuse(rejects: object) -> None:
    raise AssertionError(rejects)


def _now() -> datetime:
    return datetime.now(UTC)


def run(enrolments: int, rounds: int) -> dict[str, Any]:
    """Medians over rounds, each in a process of its own."""
    command = [sys.executable, "-m", "bench.new_day", "--enrolments", str(enrolments), "--one"]
    found = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603 - this very file
        for _ in range(rounds)
    ]
    medians = {f"{name}_s": round(median(each[name] for each in found), 2) for name in DAYS}
    ratios = [each["tuesday"] / each["monday"] for each in found]
    return {
        "enrolments": enrolments,
        "rounds": rounds,
        **medians,
        "tuesday_of_monday": round(median(ratios), 3),
        "peak_mb": round(max(each["peak_mb"] for each in found)),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enrolments", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", action="store_true", help="one round, in this process")
    given = parser.parse_args()
    print(json.dumps(one_round(given.enrolments) if given.one else run(given.enrolments, given.rounds), indent=2))


if __name__ == "__main__":
    main()
