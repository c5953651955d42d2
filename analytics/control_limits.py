"""Control limits of a funnel plot: how far from the overall rate chance alone takes a group of a given size.

After D. J. Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine 24 (2005),
pages 1185 to 1202, appendix A.1: quantiles of the binomial distribution itself. His interpolation between whole numbers
is left out: it smooths the picture, but calls one of one person extreme where chance makes that rather often.
"""

import math
from typing import NamedTuple

import numpy as np


class Limits(NamedTuple):
    """The lowest and the highest rate that is not out of the ordinary for a group of one size."""

    low: float
    high: float


def control_limits(rate: float, size: int, level: float) -> Limits:
    """The limits around an overall rate for a group of one size.

    Args:
        rate: The overall rate, from 0 to 1.
        size: People in the group, at least 1.
        level: How often a group that does not differ lies between the limits, such as 0.998; half of the rest lies on
            either side.

    Returns:
        Rates from 0 to 1. By chance, a group is below the lower one with at most half of what `level` leaves over, and
        above the upper one likewise.
    """
    if rate in {0, 1}:
        return Limits(rate, rate)
    tail = (1 - level) / 2
    numbers, chances = _distribution(rate, size)
    below = np.cumsum(chances)
    low, high = (int(numbers[min(int(np.searchsorted(below, p)), len(numbers) - 1)]) for p in (tail, 1 - tail))
    return Limits(low / size, high / size)


def _distribution(rate: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that are at all likely, and the chance of each.

    Further than ten standard deviations and twenty from the mean, all chances together are below 1e-20.
    """
    mean, deviation = size * rate, math.sqrt(size * rate * (1 - rate))
    reach = 10 * deviation + 20
    numbers = np.arange(max(0, math.floor(mean - reach)), min(size, math.ceil(mean + reach)) + 1)
    ways = [math.lgamma(size + 1) - math.lgamma(each + 1) - math.lgamma(size - each + 1) for each in numbers]
    return numbers, np.exp(np.array(ways) + numbers * math.log(rate) + (size - numbers) * math.log1p(-rate))
