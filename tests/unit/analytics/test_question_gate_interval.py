"""The interval of a forecast: by hand where cohorts are alike, and how often it holds in made-up histories."""

from collections.abc import Iterator
from datetime import date
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from analytics.questions.cohort_spread import shifted
from analytics.questions.gate_history import Histories
from analytics.questions.gate_interval import Total, total
from analytics.questions.gate_standing import BANDS, Cell, Past
from analytics.wilson import wilson

Counts = npt.NDArray[np.int64]

DAY = date(2026, 1, 5)
WEEKS, WEEK = 2, 1
CHANCES = shifted(np.full(BANDS, 0.5), np.linspace(-2, 3, BANDS))
"""By band, of a cohort that is like all others."""


def past(programme: str, intake: int, people: Counts, reached: Counts) -> Past:
    """A finished cohort, of whom so many in each band stood there halfway."""
    counts = np.zeros((WEEKS + 1, BANDS, 2), dtype=np.int64)
    counts[WEEK] = np.column_stack((people, reached))
    return Past(programme, str(intake), date(2010 + intake, 1, 1), WEEKS, counts)


def cells(programme: str, people: Counts, reached: Counts) -> list[Cell]:
    """A cohort that stands halfway, and what will become of it."""
    return [
        Cell(programme, "now", WEEKS, WEEK, DAY, band, 0, 0, int(people[band]), int(reached[band]), 0, 0)
        for band in range(BANDS)
    ]


def in_one_band(number: int) -> Counts:
    """So many people, all of the sixth band."""
    return np.where(np.arange(BANDS) == 5, number, 0)


def test_cohorts_that_are_all_alike_leave_chance_and_the_rate() -> None:
    """Three times 15 of 20 made it: Wilson's interval and the outcomes of four people, by Student's t of three."""
    histories = Histories([past("a", intake, in_one_band(200), in_one_band(150)) for intake in range(3)])
    found = total(cells("a", in_one_band(40), in_one_band(0)), histories)

    low, high = wilson(450, 600)
    middle, t, z = (low + high) / 2, 4.3027, 1.959964
    chance = 40 * middle * (1 - middle)
    assert found.expected == pytest.approx(30)
    assert found.low == pytest.approx(30 - t * sqrt((40 * (0.75 - low) / z) ** 2 + chance), rel=0.01)
    assert found.high == pytest.approx(min(40, 30 + t * sqrt((40 * (high - 0.75) / z) ** 2 + chance)), rel=0.01)


def test_only_cohorts_that_were_over_count() -> None:
    """A cohort whose deadline comes a day after the study week changes neither the number nor its interval."""
    known = [past("a", intake, in_one_band(200), in_one_band(150)) for intake in range(3)]
    later = past("a", 3, in_one_band(200), in_one_band(0))._replace(deadline=date(2026, 1, 6))
    target = cells("a", in_one_band(40), in_one_band(0))
    assert total(target, Histories([*known, later])) == total(target, Histories(known))
    assert total(target, Histories([*known, later._replace(deadline=DAY)])) != total(target, Histories(known))


def test_cohorts_that_differed_widen_the_interval() -> None:
    """With the same rate in all, an interval from 90 %, 60 % and 75 % is wider than from 75 % three times."""
    target = cells("a", in_one_band(400), in_one_band(0))
    widths = []
    for made_it in ((150, 150, 150), (180, 120, 150)):
        known = [past("a", intake, in_one_band(200), in_one_band(each)) for intake, each in enumerate(made_it)]
        found = total(target, Histories(known))
        assert found.expected == pytest.approx(300)
        widths.append(found.high - found.low)
    assert widths[1] > 1.5 * widths[0]


class World(NamedTuple):
    """How histories are made up: by how much the log-odds of cohorts differ."""

    programmes: int
    intakes: int
    people: int
    cohorts: float
    """Standard deviation between cohorts."""
    all_of_an_intake: float = 0.0
    """Standard deviation of what shifts all cohorts of an intake."""


def forecasts(world: World, histories: int = 120) -> Iterator[tuple[Total, int, Total, int]]:
    """Of many made-up histories: what is said of one new cohort and of all together, and what became of them."""
    random = np.random.default_rng(20)

    def cohort(shift: float) -> tuple[Counts, Counts]:
        people = random.multinomial(world.people, np.full(BANDS, 1 / BANDS))
        return people, random.binomial(people, shifted(CHANCES, shift + random.normal(0, world.cohorts)))

    names = [f"p{number}" for number in range(world.programmes)]
    for _ in range(histories):
        shift = random.normal(0, world.all_of_an_intake, world.intakes + 1)
        known = [past(name, intake, *cohort(shift[intake])) for intake in range(world.intakes) for name in names]
        new = [cells(name, *cohort(shift[-1])) for name in names]
        seen = Histories(known)
        every = [cell for own in new for cell in own]
        one, together = total(new[0], seen), total(every, seen)
        yield one, sum(cell.reached for cell in new[0]), together, sum(cell.reached for cell in every)


@pytest.mark.parametrize(
    "world",
    [
        World(1, 5, 150, 0.6),
        World(4, 2, 150, 0.6),
        World(4, 4, 1_000, 0.6),
        World(4, 4, 150, 0.3, 0.4),
        World(6, 1, 500, 0.1, 0.4),
    ],
    ids=str,
)
def test_interval_holds_where_cohorts_truly_differ(world: World) -> None:
    """Of 120 made-up histories at least nine in ten intervals hold what happens, of one cohort and of all together."""
    held = [
        (one.low <= became <= one.high, both.low <= all_became <= both.high)
        for one, became, both, all_became in forecasts(world)
    ]
    of_one, of_all = np.mean(held, axis=0)
    assert min(of_one, of_all) >= 0.9


def test_interval_is_narrow_where_cohorts_are_alike() -> None:
    """With sixteen cohorts that differ by chance only it holds, and is no wider than one and a half times chance."""
    world = World(4, 4, 150, 0.0)
    found = list(forecasts(world))
    by_chance = 2 * 1.96 * sqrt(world.people * float((CHANCES * (1 - CHANCES)).mean()))
    assert np.mean([one.low <= became <= one.high for one, became, _, _ in found]) >= 0.9
    assert np.mean([one.high - one.low for one, _, _, _ in found]) < 1.5 * by_chance
