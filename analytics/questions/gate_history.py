"""Chances to reach the completion gate in time: the rates at which earlier people did who stood where somebody stands.

The people of a rate were studying after the same share of their plan's weeks, with completion in the same band of ten
percentage points, in cohorts that were over by then: of the same programme, or of all where these are too few.

A rate has the interval of E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal
of the American Statistical Association 22 (1927), pages 209 to 212. Limits of rates are added up as in G. Y. Zou and
A. Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27 (2008), pages 1693 to
1702, together with the variance of the outcomes themselves, since people differ in what becomes of the same chance.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import duckdb
import numpy as np

BANDS: Final = 10
"""Bands of completion, of equal width."""

FEWEST: Final = 20
"""People whose history makes a rate; below it the next wider history is asked."""

_Z: Final = NormalDist().inv_cdf(0.975)

_HISTORY: Final = f"""
    SELECT l.programme, l.intake, l.weeks, l.deadline, w.week::INTEGER AS week,
        least(w.points * {BANDS} // p.points_total, {BANDS - 1})::INTEGER AS band,
        count(*) AS people, count(*) FILTER (c.gate_reached_on <= l.deadline) AS reached
    FROM enrolment_week AS w
    JOIN dim_enrolment AS e USING (enrolment_no)
    JOIN dim_plan AS l USING (programme, intake)
    JOIN dim_programme AS p USING (programme)
    JOIN fact_completion AS c USING (enrolment_no)
    WHERE l.deadline < (SELECT as_of FROM dim_time) AND w.status = 'active' AND NOT w.at_gate
    GROUP BY ALL
"""


class Past(NamedTuple):
    """A finished cohort: who stood where at the end of each of its weeks, and what became of them."""

    programme: str
    deadline: date
    weeks: int
    counts: np.ndarray
    """By week and band: people, and how many of them reached the gate in time."""


class Cell(NamedTuple):
    """People of one cohort, and of one group, who stand in the same band at the end of a study week."""

    programme: str
    intake: str
    weeks: int
    """Study weeks of the plan."""
    week: int
    ends_on: date
    """The last day of the study week."""
    band: int
    there: int
    """Those who have reached the gate."""
    deferred: int
    people: int
    """Those who study and have not reached it."""
    reached: int
    """Of these people, those who reached it in time, as far as it is known."""
    paced: int
    """Of these people, those who reach it at their recent pace."""
    pace_was_wrong: int
    """Of these people, those of whom the recent pace says something else than what became of them."""


class Total(NamedTuple):
    """What is expected of a group of people."""

    expected: float
    low: float
    high: float
    by_pace: int
    """People without enough history."""
    squared_error: float
    """Sum of the squared differences between the chances and what became of the people, where that is known."""


class _Stratum(NamedTuple):
    """The history that makes a rate."""

    programme: str | None
    """None: all programmes."""
    share: float
    band: int
    people: int
    reached: int


def wilson(successes: int, number: int) -> tuple[float, float]:
    """The 95 % interval of a rate after Wilson (1927).

    Args:
        successes: How often it happened.
        number: How often it could have, above 0.

    Returns:
        Rates from 0 to 1.
    """
    rate, z2 = successes / number, _Z * _Z
    centre = (rate + z2 / (2 * number)) / (1 + z2 / number)
    half = _Z / (1 + z2 / number) * sqrt(rate * (1 - rate) / number + z2 / (4 * number * number))
    return max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half))


def week_at(share: float, weeks: int) -> int:
    """The study week after which this share of the weeks is over."""
    return int(share * weeks + 0.5)


def finished_cohorts(connection: duckdb.DuckDBPyConnection) -> list[Past]:
    """Every cohort whose deadline has passed; reads `enrolment_week`."""
    found = defaultdict[tuple[str, str, int, date], list[tuple[int, int, int, int]]](list)
    for programme, intake, weeks, deadline, *counted in connection.execute(_HISTORY).fetchall():
        found[programme, intake, weeks, deadline].append(tuple(counted))
    past = []
    for (programme, _, weeks, deadline), rows in found.items():
        counts = np.zeros((weeks + 1, BANDS, 2), dtype=np.int64)
        for week, band, people, reached in rows:
            counts[week, band] = people, reached
        past.append(Past(programme, deadline, weeks, counts))
    return past


def total(cells: Sequence[Cell], past: Iterable[Past]) -> Total:
    """Add up the chances of people, each with the history known when the study week was over."""
    there = sum(cell.there for cell in cells)
    strata = defaultdict[_Stratum, int](int)
    paced = by_pace = 0
    squared = 0.0
    for cell in cells:
        stratum = _stratum(past, cell)
        if stratum is None:
            paced, by_pace = paced + cell.paced, by_pace + cell.people
            squared += cell.pace_was_wrong
            continue
        rate = stratum.reached / stratum.people
        squared += cell.reached * (1 - rate) ** 2 + (cell.people - cell.reached) * rate**2
        strata[stratum] += cell.people  # everybody who is judged by the same people shares the error of their rate
    expected, below, above = _added(strata)
    most = there + sum(cell.people for cell in cells)
    low = max(float(there), there + expected - below)
    high = min(float(most), there + expected + by_pace + above)
    return Total(there + paced + expected, low, high, by_pace, squared)


def _stratum(past: Iterable[Past], cell: Cell) -> _Stratum | None:
    """Which history makes the rate of the people of a cell; None when there is too little."""
    share = cell.week / cell.weeks
    over = [each for each in past if each.deadline < cell.ends_on + timedelta(days=1)]
    for programme in (cell.programme, None):
        some = [
            each.counts[week_at(share, each.weeks), cell.band] for each in over if programme in {each.programme, None}
        ]
        people, reached = np.sum(some, axis=0).tolist() if some else (0, 0)
        if people >= FEWEST:
            return _Stratum(programme, share, cell.band, people, reached)
    return None


def _added(strata: dict[_Stratum, int]) -> tuple[float, float, float]:
    """How many are expected of so many people of each stratum, and how far the interval goes below and above."""
    expected = below = above = 0.0
    for stratum, number in strata.items():
        rate = stratum.reached / stratum.people
        low, high = wilson(stratum.reached, stratum.people)
        middle = (low + high) / 2
        chance = _Z * _Z * number * middle * (1 - middle)
        expected += number * rate
        below += (number * (rate - low)) ** 2 + chance
        above += (number * (high - rate)) ** 2 + chance
    return expected, sqrt(below), sqrt(above)
