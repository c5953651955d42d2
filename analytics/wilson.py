"""How sure a ratio of so few can be: the interval that questions put beside their rates."""

import math
from typing import Final, NamedTuple

_Z: Final = 1.959963984540054
"""Quantile 0.975 of the normal distribution."""


class Interval(NamedTuple):
    """Between which ratios the truth is likely to lie."""

    low: float
    high: float


def wilson(count: int, of: int) -> Interval:
    """The 95 % interval of a ratio, sound for few and for ratios near 0 and 1.

    After E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22 (1927), pages 209 to 212.

    Args:
        count: How many did.
        of: Of how many; 0 tells nothing, so everything is possible.

    Returns:
        Ratios from 0 to 1, the one below or at the observed ratio and the other above or at it.
    """
    if of == 0:
        return Interval(0.0, 1.0)
    ratio, spread = count / of, _Z * _Z / of
    middle = (ratio + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(ratio * (1 - ratio) / of + spread / (4 * of)) / (1 + spread)
    return Interval(max(0.0, min(ratio, middle - half)), min(1.0, max(ratio, middle + half)))
