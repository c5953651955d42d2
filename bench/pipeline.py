"""How fast facts get from the durable log through the Faust agent into durable projections, beside two yardsticks.

All three work on the same facts in the same run, in turn, each in a process of its own:

- `this`: the pipeline as it runs: chunks, one transaction each with states, read models and checkpoint;
- `usual`: the Faust pattern that its tutorial teaches: one record a message, a JSON record model, a Table;
- `floor`: decoding and folding in a plain loop, with no log, no Faust and no store.

The ratios are the result; facts per second are printed for orientation, for machines differ and drift.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from eventlog.embedded import EmbeddedLog
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC, publish, start_day
from learning.curriculum import Curriculum
from learning.events import Fact
from producers.simulator import Simulation, simulate

INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
DAY = date(2026, 3, 13)
"""The day as of which everything is measured against the plan."""

FACTS_A_PARTICIPANT = 45
"""Fewer than the simulated participants really have, so that there are enough of them for any number of facts."""

CONTENDERS = ("this", "usual", "floor")


def simulated(count: int) -> Iterator[Fact]:
    """So many facts of simulated participants, in the order in which they became known."""
    simulation = Simulation(
        seed=11, participants=count // FACTS_A_PARTICIPANT + 1, partners=12, intakes=INTAKES, until=DAY
    )
    for number, fact in enumerate(simulate(simulation, Curriculum.shipped())):
        if number == count:
            return
        yield fact


def write_log(folder: Path, count: int) -> int:
    """Put the day and so many facts on a new log; answer how many facts there are."""
    now = datetime(2026, 3, 13, tzinfo=UTC)
    with EmbeddedLog(folder / "log.db") as log:
        log.create_topic(FACTS_TOPIC, DEFAULT_PARTITIONS)
        start_day(log, DAY, now)
        return publish(log, simulated(count), now=now).appended


def measure(contender: str, folder: Path, round_number: int) -> dict[str, Any]:
    """Run one contender in a process of its own."""
    command = [sys.executable, "-m", f"bench.pipeline_{contender}", str(folder), str(round_number)]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answer


def compare(count: int, rounds: int) -> dict[str, Any]:
    """Run all contenders in turn, `rounds` times, and answer medians."""
    results: dict[str, list[dict[str, Any]]] = {contender: [] for contender in CONTENDERS}
    with TemporaryDirectory(prefix="engagement-bench-") as folder:
        facts = write_log(Path(folder), count)
        for round_number in range(rounds):
            for contender in CONTENDERS:
                results[contender].append(measure(contender, Path(folder), round_number))
    rates = {contender: [each["per_s"] for each in results[contender]] for contender in CONTENDERS}
    times_usual = [this / usual for this, usual in zip(rates["this"], rates["usual"], strict=True)]
    of_floor = [this / floor for this, floor in zip(rates["this"], rates["floor"], strict=True)]
    return {
        "facts": facts,
        "rounds": rounds,
        **{f"{contender}_per_s": round(median(rates[contender])) for contender in CONTENDERS},
        "times_usual": round(median(times_usual), 1),
        "times_usual_range": [round(min(times_usual), 1), round(max(times_usual), 1)],
        "share_of_floor": round(median(of_floor), 3),
        "peak_mb": round(max(each["peak_mb"] for each in results["this"])),
        "usual_peak_mb": round(max(each["peak_mb"] for each in results["usual"])),
        "usual_facts": min(each["processed"] for each in results["usual"]),
    }


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000, help="facts on the log (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds whose medians are printed (default 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    result = compare(arguments.facts, arguments.rounds)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:20} {value}")


if __name__ == "__main__":
    main()
