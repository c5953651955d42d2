"""The comparison on one machine: the embedded log and SQLite."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.pipeline_facts import DAY, NOW, simulated
from bench.pipeline_runs import Answer, highest, measure, middle, ratios, times
from eventlog.embedded import EmbeddedLog
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC, start_day
from producers.publisher import publish

CONTENDERS = ("this", "usual", "floor")


def write_log(folder: Path, count: int) -> int:
    """Put the day and so many facts on a new log; answer how many facts there are."""
    with EmbeddedLog(folder / "log.db") as log:
        log.create_topic(FACTS_TOPIC, DEFAULT_PARTITIONS)
        start_day(log, DAY, NOW)
        return publish(log, simulated(count), now=NOW).appended


def compare(count: int, rounds: int, chunk_records: int) -> dict[str, Any]:
    """Run all contenders in turn, `rounds` times, and answer medians; chunks have at most so many records."""
    settings = {"chunk_records": str(chunk_records)}
    results: dict[str, list[Answer]] = {contender: [] for contender in CONTENDERS}
    with TemporaryDirectory(prefix="engagement-bench-") as folder:
        facts = write_log(Path(folder), count)
        for round_number in range(rounds):
            for contender in CONTENDERS:
                results[contender].append(measure(contender, folder, round_number, settings=settings))
    return {
        "facts": facts,
        "rounds": rounds,
        **{f"{contender}_per_s": round(middle(results[contender], "per_s")) for contender in CONTENDERS},
        **times("times_usual", ratios(results["this"], results["usual"])),
        "share_of_floor": round(median(ratios(results["this"], results["floor"])), 3),
        "peak_mb": highest(results["this"], "peak_mb"),
        "usual_peak_mb": highest(results["usual"], "peak_mb"),
        "usual_facts": min(each["processed"] for each in results["usual"]),
    }
