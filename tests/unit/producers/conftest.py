"""A log to publish to, a small curriculum, a way to see what stands on the log, and simulated lives."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventlog.base import EventLog, Stored
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.events import Fact, decode
from producers.simulator import simulate
from tests.register_kit import ENROLMENTS, Desk
from tests.simulation_kit import CURRICULUM, LONG_AFTER, Lives, lives_of, simulation

CATALOGUE = """
provider = "Star Institute"
generation = "test"
completion = { threshold = 0.9 }

[[programme]]
code = "slp"
title = "Senior leadership"
months = 18
assessed = false
components = [
  { kind = "clinic", id = "clinic-1", title = "First clinic", week = 2 },
  { kind = "clinic", id = "clinic-2", title = "Second clinic", week = 6 },
]

[[programme]]
code = "ltp"
title = "Leading teaching"
months = 12
assessed = false
components = [{ kind = "conference", id = "conference-1", week = 3 }]
"""


@pytest.fixture
def now() -> datetime:
    """The moment at which imports happen."""
    return datetime(2025, 12, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """An empty log with the facts topic."""
    log = EmbeddedLog(tmp_path / "log" / "log.db", synchronous="NORMAL")
    log.create_topic(FACTS_TOPIC, 3)
    yield log
    log.close()


@pytest.fixture
def curriculum() -> Curriculum:
    """What is shipped, and the programmes `star/slp` and `star/ltp`."""
    return Curriculum.shipped().extended([parse(CATALOGUE, "star")])


@pytest.fixture
def on_log() -> Callable[[EventLog], list[Fact]]:
    """Answers every fact on a log, partition by partition, in order."""

    def stored(log: EventLog, partition: int) -> Iterator[Stored]:
        offset = 0
        while page := log.read(FACTS_TOPIC, partition, offset, 10_000):
            yield from page
            offset = page[-1].offset + 1

    def read(log: EventLog) -> list[Fact]:
        return [decode(each.value) for partition in range(log.topics()[FACTS_TOPIC]) for each in stored(log, partition)]

    return read


@pytest.fixture
def desk(tmp_path: Path, log: EventLog, curriculum: Curriculum, now: datetime) -> Desk:
    """Nobody is enrolled yet."""
    return Desk(tmp_path, log, curriculum, now)


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """The participants p1 and p2 are enrolled as e1 and e2."""
    assert desk.enrolments(ENROLMENTS).appended == 2
    return desk


@pytest.fixture(scope="session")
def ended() -> Lives:
    """The lives of 1,500 participants, to their ends."""
    return lives_of(simulate(simulation(participants=1_500, partners=12, until=LONG_AFTER), CURRICULUM))
