"""The comparison on Kafka and PostgreSQL: one worker and two, beside the usual pattern on the same broker."""

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from bench.pipeline_embedded import write_log
from bench.pipeline_facts import DAY, NOW, simulated
from bench.pipeline_runs import Answer, highest, measure, measure_together, middle, ratios, times
from bench.pipeline_servers import Servers, database, servers
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC, start_day
from eventlog.kafka import KafkaLog
from eventlog.rejects import REJECTS_TOPIC
from producers.publisher import publish
from projections.decisions import RISK_TOPIC

CONTENDERS = ("this", "this_2", "usual", "floor", "embedded")


class Contest:
    """The contenders on one broker, which has the facts."""

    def __init__(self, found: Servers, folder: Path, chunk_records: int) -> None:
        """Use these servers, a folder for all that is on this machine, and chunks of at most so many records."""
        self._servers = found
        self._folder = folder
        cluster = found.cluster
        self._chunks = {"chunk_records": str(chunk_records)}
        self._settings = {
            **self._chunks,
            "stall_seconds": "600",  # however slow the machine is, it is measured to the end
            "broker": f"kafka://{','.join(cluster.servers)}",
            "topic_prefix": cluster.topic_prefix,
            "replication": str(cluster.replication),
            "min_insync_replicas": str(cluster.min_insync_replicas),
        }

    def publish(self, count: int) -> tuple[int, float]:
        """Put the day and so many facts on new topics; answer how many facts there are and how many a second went."""
        facts = list(simulated(count))
        with KafkaLog(self._servers.cluster, self._folder / "identities.db") as log:
            log.create_topic(FACTS_TOPIC, DEFAULT_PARTITIONS)
            log.create_topic(REJECTS_TOPIC, 1)
            log.create_topic(RISK_TOPIC, DEFAULT_PARTITIONS)
            start_day(log, DAY, NOW)
            began = monotonic()
            published = publish(log, facts, now=NOW).appended
            return published, published / (monotonic() - began)

    def run(self, contender: str, round_number: int) -> Answer:
        """One turn of a contender."""
        cluster = self._servers.cluster
        reached = (",".join(cluster.servers), cluster.topic_prefix)
        match contender:
            case "this":
                return self.workers(1)
            case "this_2":
                return self.workers(2)
            case "usual":
                return measure("usual_kafka", *reached, round_number)
            case "floor":
                return measure("floor_kafka", *reached)
            case _:
                return measure("this", self._folder / "embedded", settings=self._chunks)

    def workers(self, number: int) -> Answer:
        """So many workers at the same time, on new projections: from the first chunk to the last checkpoint."""
        folders = [(self._folder / f"worker-{each}",) for each in range(number)]
        with database(self._servers.postgres) as url:
            answers = measure_together("this", folders, {**self._settings, "database": url})
        facts = sum(each["facts"] for each in answers)
        least_share = min(each["facts"] for each in answers) / facts
        answers = [each for each in answers if each["chunks"]]
        began, ended = min(each["began_at"] for each in answers), max(each["ended_at"] for each in answers)
        return {
            "facts": facts,
            "per_s": facts / (ended - began),
            "cpu_us": sum(each["cpu_s"] for each in answers) / facts * 1e6,
            "chunks": sum(each["chunks"] for each in answers),
            "start_s": max(each["start_s"] for each in answers),
            "peak_mb": max(each["peak_mb"] for each in answers),
            "least_share": least_share,
        }


def compare(count: int, rounds: int, chunk_records: int) -> dict[str, Any]:
    """Run all contenders in turn, `rounds` times, and answer medians; chunks have at most so many records.

    Raises:
        ServerMissingError: There is no Kafka or no PostgreSQL.
        ServerFailedError: One of them did not start.
    """
    results: dict[str, list[Answer]] = {contender: [] for contender in CONTENDERS}
    with TemporaryDirectory(prefix="engagement-bench-") as made, servers() as found:
        folder = Path(made)
        contest = Contest(found, folder, chunk_records)
        facts, published_per_s = contest.publish(count)
        (folder / "embedded").mkdir()
        write_log(folder / "embedded", count)
        for round_number in range(rounds):
            for contender in CONTENDERS:
                results[contender].append(contest.run(contender, round_number))
            _tell(round_number, results)
    one, two, usual = results["this"], results["this_2"], results["usual"]
    return {
        "servers": ", ".join(found.names),
        "facts": facts,
        "rounds": rounds,
        "published_per_s": round(published_per_s),
        **{f"{contender}_per_s": round(middle(results[contender], "per_s")) for contender in CONTENDERS},
        **times("times_usual", ratios(one, usual)),
        **times("times_usual_2", ratios(two, usual)),
        **times("times_usual_cpu", [a["cpu_us"] / b["cpu_us"] for a, b in zip(usual, one, strict=True)]),
        **times("two_workers", ratios(two, one), 2),
        "least_share_2": round(min(each["least_share"] for each in two), 2),
        "share_of_floor": round(median(ratios(one, results["floor"])), 3),
        "share_of_embedded": round(median(ratios(one, results["embedded"])), 3),
        "cpu_us": round(middle(one, "cpu_us"), 1),
        "usual_cpu_us": round(middle(usual, "cpu_us"), 1),
        "chunks": round(middle(one, "chunks")),
        "start_s": round(middle(one, "start_s"), 1),
        "start_s_2": round(middle(two, "start_s"), 1),
        "usual_start_s": round(middle(usual, "start_s"), 1),
        "peak_mb": highest([*one, *two], "peak_mb"),
        "usual_peak_mb": highest(usual, "peak_mb"),
        "usual_facts": min(each["processed"] for each in usual),
    }


def _tell(round_number: int, results: dict[str, list[Answer]]) -> None:
    """Say what a round gave, for all of them take long."""
    rates = ", ".join(f"{contender} {answers[-1]['per_s']:,.0f}" for contender, answers in results.items())
    print(f"Round {round_number + 1}: {rates} facts a second.", file=sys.stderr)
