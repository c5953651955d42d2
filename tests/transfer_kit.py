"""What tests of moving a log share: a log with everything that can stand on one, and its file in both directions."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from gzip import compress, decompress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from eventlog.base import EventLog
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.rejects import REJECTS_TOPIC, Parked, park, settle
from eventlog.transfer import Imported, export_log, import_log
from learning.events import Fact
from learning.facts import ComponentCompleted
from producers.publisher import publish
from projections.decisions import RISK_TOPIC
from projections.projector import Projector
from projections.rebuild import replay
from projections.rulebook import Rulebook
from projections.store import Store
from stream_processors.relay import relay
from tests.builders import SMALL, START, at, completed, enrolled, make

TOPICS = (REJECTS_TOPIC, RISK_TOPIC, FACTS_TOPIC)
PARTITIONS = 3
RULEBOOK = Rulebook(SMALL)

FACTS: tuple[Fact, ...] = (
    *(enrolled(enrolment=f"e-{number}", participant=f"p-{number}") for number in range(8)),
    *(
        completed(f"module-{module}", at(module, number), subject=f"e-{number}", partitionkey=f"p-{number}")
        for number in range(5)
        for module in range(1, 8)
    ),
)


REJECTS = tuple(Parked(origin=f"bad:{line}", reason="not a fact: é", original=b"\xff{", at=START) for line in range(3))


def fill(log: EventLog, store: Store) -> None:
    """Put facts, days, a contradiction, settled and waiting rejects and decisions on a log, and fold them."""
    log.create_topic(FACTS_TOPIC, PARTITIONS)
    publish(log, FACTS, now=START)
    for number in range(1, 36):
        start_day(log, date(2025, 9, 8) + timedelta(days=number), START)
    publish(log, [make(ComponentCompleted(component="module-8"), id=FACTS[0].id)], now=START)
    park(log, REJECTS)
    settle(log, REJECTS[1], START)
    fold(log, store)
    relay(log, store)


def fold(log: EventLog, store: Store) -> int:
    """Apply what a store has not seen yet of a log; answer how many records."""
    projector = Projector(store, RULEBOOK, park=lambda rejects: park(log, rejects), now=lambda: START)
    return replay(log, projector, store)


def exported(log: EventLog, topics: Sequence[str] | None = None) -> bytes:
    """The file of a log."""
    stream = BytesIO()
    export_log(log, stream, topics or sorted(log.topics()), START)
    return stream.getvalue()


@cache
def everything() -> bytes:
    """The file of a log with everything that can stand on one."""
    with (
        TemporaryDirectory() as folder,
        opened(Path(folder, "log.db")) as log,
        Store(Path(folder, "store.db")) as store,
    ):
        fill(log, store)
        return exported(log, TOPICS)


def opened(path: Path) -> EmbeddedLog:
    """An embedded log that need not survive a power cut."""
    return EmbeddedLog(path, synchronous="NORMAL")


def imported(log: EventLog, file: bytes) -> Imported:
    """Put a file onto a log."""
    return import_log(log, BytesIO(file), "copy.gz")


def lines(file: bytes) -> list[dict[str, Any]]:
    """The lines of a file."""
    return [msgspec.json.decode(line) for line in decompress(file).splitlines()]


def zipped(changed: Iterable[dict[str, Any]]) -> bytes:
    """A file of these lines."""
    return compress(b"".join(msgspec.json.encode(line) + b"\n" for line in changed))


def holds(log: EventLog) -> dict[tuple[str, int], list[tuple[bytes | None, bytes, bytes]]]:
    """Key, value and head of every record, by topic and partition, each read by itself."""
    return {
        (topic, partition): [
            (key, value, head) for _, _, key, value, head in log.read(topic, partition, 0, max(end, 1), 1 << 30)
        ]
        for topic in log.topics()
        for partition, end in log.end_offsets(topic).items()
    }
