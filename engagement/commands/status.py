"""`engagement status`: what is on the log, how much of it is processed, and what waits for somebody."""

import time
from datetime import date
from typing import Annotated

from msgspec import Struct
from typer import Context, Option

from engagement import output
from engagement.output import AsJson, figures
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import parked
from projections.store import Checkpoint


class Partition(Struct, frozen=True):
    """One partition of the log."""

    partition: int
    facts: int
    processed: int
    lag: int
    """Facts on the log that are not in the projections yet."""
    day: date | None
    """The latest day that has started in the projections."""


class Status(Struct, frozen=True):
    """The whole pipeline at a glance."""

    data_dir: str
    worker_running: bool
    facts: int
    processed: int
    lag: int
    rejects: int
    """Messages that were set aside and wait."""
    day: date | None
    facts_per_s: float | None
    """Processed during the look; None when no worker runs."""
    partitions: list[Partition]


def status(
    context: Context,
    look: Annotated[float, Option(min=0.05, max=60, help="Seconds over which a running worker's rate is taken.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show facts on the log, what is not processed yet (lag), the worker's rate, rejects and the latest day."""
    found = _look(context.obj, look)
    if as_json:
        output.json(found)
        return
    rate = None if found.facts_per_s is None else f"{found.facts_per_s:,.0f} facts/s"
    output.pairs(
        f"Status of {found.data_dir}",
        {
            "Worker": "running" if found.worker_running else "not running",
            "Rate": rate,
            "Facts on the log": found.facts,
            "Processed": found.processed,
            "Lag": found.lag,
            "Rejects": found.rejects,
            "Day": found.day,
        },
    )
    rows = [(each.partition, each.facts, each.processed, each.lag, each.day) for each in found.partitions]
    output.table("Partitions", [*figures("Partition", "Facts", "Processed", "Lag"), "Day"], rows)
    _advise(found)


def _look(wiring: Wiring, seconds: float) -> Status:
    with wiring.log() as log:
        running = wiring.worker_runs()
        rate = _rate(wiring, seconds) if running else None
        done = wiring.positions()  # before the ends, which only grow: a lag is never below 0
        partitions = [
            Partition(each, end, checkpoint.next_offset, end - checkpoint.next_offset, checkpoint.day)
            for each, end in sorted(log.end_offsets(FACTS_TOPIC).items())
            for checkpoint in [done.get(each, Checkpoint())]
        ]
        return Status(
            data_dir=str(wiring.settings.data_dir),
            worker_running=running,
            facts=sum(each.facts for each in partitions),
            processed=sum(each.processed for each in partitions),
            lag=sum(each.lag for each in partitions),
            rejects=len(parked(log)),
            day=max((each.day for each in partitions if each.day), default=None),
            facts_per_s=rate,
            partitions=partitions,
        )


def _rate(wiring: Wiring, seconds: float) -> float:
    began, before = time.monotonic(), _processed(wiring)
    time.sleep(seconds)
    return (_processed(wiring) - before) / (time.monotonic() - began)


def _processed(wiring: Wiring) -> int:
    return sum(each.next_offset for each in wiring.positions().values())


def _advise(found: Status) -> None:
    if found.lag and not found.worker_running:
        output.say("Facts wait; run `engagement worker` or `engagement worker --until-caught-up`.")
    if found.rejects:
        output.say("Some messages were set aside; see `engagement rejects list`.")
