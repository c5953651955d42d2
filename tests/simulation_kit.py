"""Small simulations, and the lives that come out of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from learning.calendar import uk_day
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import (
    ComponentCompleted,
)
from producers.simulator import Simulation

CURRICULUM = Curriculum.shipped()
INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
LONG_AFTER = date(2028, 3, 31)
"""By then every life of these intakes has ended."""

Lives = Mapping[str, list[Fact]]


def simulation(**changes: object) -> Simulation:
    """A small simulation."""
    small = Simulation(seed=7, participants=60, partners=4, intakes=INTAKES, until=date(2025, 12, 31))
    return msgspec.structs.replace(small, **changes)


def lives_of(facts: Iterable[Fact]) -> Lives:
    """The facts of each enrolment, in order."""
    lives: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        lives[fact.subject].append(fact)
    return lives


def of(kind: type, facts: Iterable[Fact]) -> list[Fact]:
    """The facts of one type."""
    return [fact for fact in facts if isinstance(fact.data, kind)]


def weeks_of_work(life: Iterable[Fact]) -> Counter[int]:
    """Completions in each week that saw any."""
    return Counter((uk_day(fact.time).toordinal() - 1) // 7 for fact in of(ComponentCompleted, life))
