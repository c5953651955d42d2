"""How much cohorts differ by more than chance, so that an interval holds for a cohort that is not like those before it.

Each cohort has a shift of its own: a number that is added to the log-odds of the chances of all its people. Shifts are
independent, normal, and zero on average. Their variance is what makes the past errors of forecasts as large as they
were, beyond the chance of the outcomes and of the rates: by the method of moments of R. C. Paule and J. Mandel,
Consensus values and weighting factors, Journal of Research of the National Bureau of Standards 87 (1982), pages 377 to
385. The interval of a new cohort takes this variance in, and is by Student's t, since few cohorts say little of how
much cohorts differ, after J. P. T. Higgins, S. G. Thompson and D. J. Spiegelhalter, A re-evaluation of random-effects
meta-analysis, Journal of the Royal Statistical Society A 172 (2009), pages 137 to 159.
"""

from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_Z: Final = NormalDist().inv_cdf(0.975)
_T_OF_ONE: Final = 12.706205
"""The quantile 0.975 of Student's t with one degree of freedom, for which the series is too coarse."""
_FARTHEST: Final = 20.0
"""A shift or deviation of log-odds beyond which nothing changes any more."""
_HALVINGS: Final = 40


class CohortErrors(NamedTuple):
    """How wrong forecasts of past cohorts were that knew only others; one figure a cohort."""

    shift: Numbers
    """Of the log-odds, which would have made the forecast right."""
    sampling: Numbers
    """Variance of the shift that chance makes, in the outcomes and in the rates of the others."""
    weight: Numbers
    """How often the variance between cohorts is in it: once for its own shift, and a part for those of the others."""
    intake: npt.NDArray[np.int_]
    """The number of its intake."""


class Spread(NamedTuple):
    """How much cohorts differ."""

    deviation: float
    """Standard deviation of their shifts of the log-odds."""
    quantile: float
    """How many standard errors an interval of 95 % goes to each side, by how many cohorts say this by themselves."""


def shifted(chances: Numbers, by: float | Numbers) -> Numbers:
    """Chances, between 0 and 1, after a shift of their log-odds."""
    odds = chances / (1 - chances) * np.exp(by)
    return odds / (1 + odds)


def shifts(people: Numbers, chances: Numbers, reached: Numbers) -> Numbers:
    """By which shift of each cohort just so many are expected to make it as did.

    Args:
        people: By cohort and stratum, how many there were; of each cohort more than none.
        chances: By cohort and stratum, between 0 and 1.
        reached: By cohort, how many made it; none and all count as half a person more and less.
    """
    counted = np.clip(reached, 0.5, people.sum(axis=1) - 0.5)
    low, high = np.full(len(people), -_FARTHEST), np.full(len(people), _FARTHEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_few = (people * shifted(chances, middle[:, None])).sum(axis=1) < counted
        low, high = np.where(too_few, middle, low), np.where(too_few, high, middle)
    return low


def spread(errors: CohortErrors) -> Spread | None:
    """How much cohorts differ, judged by the errors of past forecasts; None when they are fewer than two."""
    cohorts = len(errors.shift)
    if cohorts < 2:  # noqa: PLR2004 - one figure has no spread
        return None
    low, high = 0.0, _FARTHEST**2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_small = float((errors.shift**2 / (errors.sampling + errors.weight * middle)).sum()) > cohorts
        low, high = (middle, high) if too_small else (low, middle)
    standard = errors.shift / np.sqrt(errors.sampling + errors.weight * low)
    return Spread(sqrt(low), t_quantile(max(1, int(cohorts / _design_effect(standard, errors.intake)) - 1)))


def _design_effect(errors: Numbers, intakes: npt.NDArray[np.int_]) -> float:
    """How many cohorts say as much as one would by itself, since those of one intake may err alike.

    After L. Kish, Survey Sampling (1965), section 5.4, with the correlation of standard errors within intakes. Where
    there is only one intake this cannot be known, and all its cohorts count as one.
    """
    sizes = np.bincount(intakes)
    if len(sizes) == 1:
        return float(sizes[0])
    pairs = float((sizes * (sizes - 1)).sum())
    together = float((np.bincount(intakes, weights=errors) ** 2).sum() - (errors**2).sum())
    correlation = min(1.0, max(0.0, together / pairs)) if pairs else 0.0
    return 1 + correlation * (float((sizes**2).sum()) / len(errors) - 1)


def t_quantile(freedom: int) -> float:
    """The quantile 0.975 of Student's t with so many degrees of freedom, at least 1, to 1 % or better.

    By M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.5.
    """
    if freedom == 1:
        return _T_OF_ONE
    z = _Z
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))
