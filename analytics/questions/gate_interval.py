"""How many of a group are expected at the completion gate, and between which numbers it will lie: chances added up.

An interval takes in four things that can come differently: what becomes of people with the same chance, who differ; the
rates behind the chances, which are of so many people; the shift of each cohort that is forecast against those before it
(`cohort_spread`); and the shifts of the cohorts that the rates were made of.

Each of them moves an edge by itself, and together they do by the root of the sum of squares, after G. Y. Zou and A.
Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27 (2008), pages 1693 to 1702.
Rates have the interval of E. B. Wilson (`analytics.wilson`). The cohorts of one intake are taken to shift all the same
way, which is the most that they can: they have their terms, their platform and their policies in common.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np

from analytics.questions.cohort_spread import Numbers, Spread, shifted
from analytics.questions.gate_history import Histories, History, Rates
from analytics.questions.gate_standing import BANDS, Cell

_Z: Final = NormalDist().inv_cdf(0.975)


class Total(NamedTuple):
    """What is expected of a group of people."""

    expected: float
    low: float
    high: float
    by_pace: int
    """People without enough history."""
    unbounded: int
    """People with a chance, of whom any number may make it: too few cohorts say how much cohorts differ."""
    of_one_intake: int
    """People with a chance and an interval, for whom all finished cohorts are of one intake."""
    squared_error: float
    """Sum of the squared differences between the chances and what became of the people, where that is known."""


class _Forecast(NamedTuple):
    """What is expected of the people of one cohort who stand at the end of the same study week."""

    programme: str
    intake: str
    history: History
    rates: Rates
    spread: Spread | None
    people: Numbers
    """By band, those for whom there is enough history."""
    paced: int
    by_pace: int
    squared_error: float

    @property
    def expected(self) -> float:
        """Of the people with enough history."""
        return float((self.people * self.rates.rate).sum())


def total(cells: Iterable[Cell], histories: Histories) -> Total:
    """Add up the chances of people, each with the history known when the study week was over.

    Args:
        cells: Of each cohort those at the end of one study week; ordered by programme and intake.
        histories: What was known on any day.
    """
    own = list(cells)
    there, people = sum(cell.there for cell in own), sum(cell.people for cell in own)
    forecasts = [
        _forecast(list(alike), histories) for _, alike in groupby(own, key=lambda cell: (cell.programme, cell.intake))
    ]
    bounded = [each for each in forecasts if each.spread is not None]
    unbounded = [each for each in forecasts if each.spread is None]
    below, above = _half_widths(forecasts)
    by_pace, paced = (sum(getattr(each, name) for each in forecasts) for name in ("by_pace", "paced"))
    surely = there + sum(each.expected for each in bounded)
    any_number = _number(unbounded)
    return Total(
        expected=surely + paced + sum(each.expected for each in unbounded),
        low=max(float(there), surely - below),
        high=min(float(there + people), surely + any_number + by_pace + above),
        by_pace=by_pace,
        unbounded=any_number,
        of_one_intake=_number(each for each in bounded if each.history.is_of_one_intake),
        squared_error=sum(each.squared_error for each in forecasts),
    )


def _number(forecasts: Iterable[_Forecast]) -> int:
    """How many people have a chance."""
    return sum(int(each.people.sum()) for each in forecasts)


def _forecast(cells: Sequence[Cell], histories: Histories) -> _Forecast:
    first = cells[0]
    history = histories.at(first.ends_on, first.week / first.weeks)
    rates = history.rates(first.programme)
    people = np.zeros(BANDS)
    paced = by_pace = 0
    squared = 0.0
    for cell in cells:
        if rates.known[cell.band]:
            people[cell.band] += cell.people
            rate = float(rates.rate[cell.band])
            squared += cell.reached * (1 - rate) ** 2 + (cell.people - cell.reached) * rate**2
        else:
            paced, by_pace = paced + cell.paced, by_pace + cell.people
            squared += cell.pace_was_wrong
    return _Forecast(first.programme, first.intake, history, rates, history.spread, people, paced, by_pace, squared)


def _half_widths(forecasts: Sequence[_Forecast]) -> tuple[float, float]:
    """How far the interval goes below and above the expected number."""
    chance = 0.0
    of_rates = defaultdict[tuple[Any, ...], Numbers](_nothing)  # who is judged by the same people shares their error
    of_intakes = defaultdict[str, Numbers](_nothing)
    of_past = np.zeros(max((len(each.rates.shares) for each in forecasts), default=0))
    for each in forecasts:
        if each.spread is None:
            continue  # any number of them may make it
        quantile, shift = each.spread.quantile, each.spread.quantile * each.spread.deviation
        rates, middle = each.rates, each.rates.middle
        slopes = each.people * middle * (1 - middle)
        chance += quantile**2 * float(slopes.sum())
        edges = [each.people @ np.abs(shifted(middle, by) - middle) for by in (-shift, shift)]
        of_intakes[each.intake] += np.array(edges)
        of_past[: len(rates.shares)] += shift * (rates.shares @ slopes)
        for band in np.flatnonzero(each.people):
            source = (each.history, each.programme if rates.own[band] else None, band)
            distances = np.array([rates.rate[band] - rates.low[band], rates.high[band] - rates.rate[band]])
            of_rates[source] += quantile / _Z * each.people[band] * distances
    squares = chance + float((of_past**2).sum()) + sum(edges**2 for edges in (*of_rates.values(), *of_intakes.values()))
    below, above = np.sqrt(squares + _nothing())
    return float(below), float(above)


def _nothing() -> Numbers:
    return np.zeros(2)
