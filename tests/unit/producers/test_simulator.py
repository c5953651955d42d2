"""What the simulator promises whatever it is asked for: the same bytes again, little memory, clear refusals."""

import hashlib
import re
import subprocess
import sys
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.calendar import uk_day
from learning.curriculum import UnknownProgrammeError
from learning.events import encode
from learning.facts import (
    Enrolled,
)
from producers.simulation.behaviours import DEFAULT_MIX, HABITS, Behaviour, Habits, Leaving
from producers.simulation.participant import random_looking
from producers.simulator import SimulationError, simulate
from tests.simulation_kit import CURRICULUM, lives_of, of, simulation, weeks_of_work


def test_the_same_simulation_gives_the_same_bytes_in_another_process() -> None:
    """A seed stands for one sequence of bytes, whatever the hash seed of the process."""
    program = (
        "import hashlib, datetime\n"
        "from learning.curriculum import Curriculum\n"
        "from learning.events import encode\n"
        "from producers.simulator import Simulation, simulate\n"
        "asked = Simulation(seed=7, participants=60, partners=4,\n"
        "    intakes=('2024-autumn', '2025-spring', '2025-autumn'), until=datetime.date(2025, 12, 31))\n"
        "facts = b'\\n'.join(map(encode, simulate(asked, Curriculum.shipped())))\n"
        "print(hashlib.sha256(facts).hexdigest())\n"
    )
    here = hashlib.sha256(b"\n".join(map(encode, simulate(simulation(), CURRICULUM)))).hexdigest()

    elsewhere = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]

    assert elsewhere == [here, here]


def test_another_seed_gives_other_people() -> None:
    """Seeds differ in what happens, and never share the id of a fact."""
    one = list(simulate(simulation(seed=1), CURRICULUM))
    other = list(simulate(simulation(seed=2), CURRICULUM))

    assert [fact.data for fact in one] != [fact.data for fact in other]
    assert not {fact.id for fact in one} & {fact.id for fact in other}


@given(until=st.dates(date(2024, 9, 1), date(2025, 11, 30)))
@settings(max_examples=12, deadline=None)
def test_an_earlier_end_gives_the_beginning_of_the_same_facts(until: date) -> None:
    """`until` cuts and changes nothing: exactly what was known by the end of that day comes out."""
    whole = list(simulate(simulation(participants=15), CURRICULUM))

    cut = list(simulate(simulation(participants=15, until=until), CURRICULUM))

    assert cut == [fact for fact in whole if uk_day(fact.recordedtime) <= until]


@given(st.sets(st.integers(0, 3_000_000), min_size=2, max_size=50), st.integers(0, 10**6))
def test_ids_are_never_given_twice(numbers: set[int], seed: int) -> None:
    """Different numbers give different ids of seven digits."""
    ids = {random_looking("e", number, seed) for number in numbers}

    assert len(ids) == len(numbers)
    assert all(re.fullmatch(r"e-\d{7}", each) for each in ids)


def test_memory_does_not_grow_with_the_facts() -> None:
    """Five times as many facts of the same people need about the same memory, since weeks are let go."""

    def peak(until: date) -> tuple[int, int]:
        asked = simulation(intakes=("2024-autumn",), participants=300, until=until)
        sum(1 for _ in simulate(asked, CURRICULUM))
        tracemalloc.start()
        count = sum(1 for _ in simulate(asked, CURRICULUM))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return count, most

    few, small = peak(date(2024, 12, 15))
    many, large = peak(date(2026, 3, 15))

    assert many > 4 * few
    assert large < 1.5 * small


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": -1}, "seed"),
        ({"participants": 0}, "participants"),
        ({"participants": 1_000_001}, "participants"),
        ({"partners": 100}, "partners"),
        ({"intakes": ()}, "at least one intake"),
        ({"programmes": ()}, "one programme"),
        ({"mix": {}}, "mix"),
        ({"mix": {Behaviour.STEADY: -1.0, Behaviour.BURSTY: 2.0}}, "mix"),
    ],
)
def test_what_cannot_be_simulated_is_refused(change: dict[str, object], says: str) -> None:
    """A parameter out of bounds is named at once, in one sentence."""
    with pytest.raises(SimulationError, match=says):
        simulation(**change)


def test_an_unknown_programme_is_refused() -> None:
    """A programme that no catalogue has cannot be simulated."""
    with pytest.raises(UnknownProgrammeError, match="no-such/programme"):
        next(simulate(simulation(programmes=("no-such/programme",)), CURRICULUM))


def test_every_shipped_programme_can_be_simulated() -> None:
    """Programmes of all catalogue files give completions, whatever kinds of component they have."""
    programmes = tuple(CURRICULUM.programmes)
    asked = simulation(programmes=programmes, participants=5 * len(programmes), intakes=("2024-autumn",))

    lives = lives_of(simulate(asked, CURRICULUM))

    studied = {of(Enrolled, life)[0].data.programme for life in lives.values() if weeks_of_work(life)}
    assert studied == set(programmes)


def test_every_behaviour_has_habits_and_a_share() -> None:
    """Nobody can behave in a way that has no figures, and the default shares add up to all participants."""
    assert set(HABITS) == set(DEFAULT_MIX) == set(Behaviour)
    assert sum(DEFAULT_MIX.values()) == pytest.approx(1)


def test_the_reference_gives_the_figures_that_are_drawn_with() -> None:
    """Each figure of each behaviour stands in docs/reference/simulator.md as it is in the code."""
    page = (Path(__file__).parents[3] / "docs/reference/simulator.md").read_text(encoding="utf-8")

    for figure in set(Habits.__struct_fields__) - {"leaving"}:
        row = " | ".join(str(getattr(habits, figure)) for habits in HABITS.values())
        assert f"| `{figure}` | {row} |" in page
    for figure in Leaving.__struct_fields__:
        row = " | ".join(str(getattr(habits.leaving, figure, "-")) for habits in HABITS.values())
        assert f"| `leaving.{figure}` | {row} |" in page
    for behaviour, share in DEFAULT_MIX.items():
        assert f"| `{behaviour}` | {share} |" in page
