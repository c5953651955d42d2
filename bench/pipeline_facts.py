"""The facts that every contender works on: simulated, always the same, in the order in which they became known."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from learning.curriculum import Curriculum
from learning.events import Fact
from producers.simulator import Simulation, simulate

INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
DAY = date(2026, 3, 13)
"""The day as of which everything is measured against the plan."""

NOW = datetime(2026, 3, 13, tzinfo=UTC)
"""When they are published."""

FACTS_A_PARTICIPANT = 45
"""Fewer than the simulated participants really have, so that there are enough of them for any number of facts."""


def simulated(count: int) -> Iterator[Fact]:
    """So many facts of simulated participants, in the order in which they became known."""
    simulation = Simulation(
        seed=11, participants=count // FACTS_A_PARTICIPANT + 1, partners=12, intakes=INTAKES, until=DAY
    )
    for number, fact in enumerate(simulate(simulation, Curriculum.shipped())):
        if number == count:
            return
        yield fact
