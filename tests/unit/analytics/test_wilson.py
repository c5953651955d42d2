"""The interval of a ratio, by the equation that defines it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.wilson import wilson


@given(st.integers(1, 500).flatmap(lambda number: st.tuples(st.integers(0, number), st.just(number))))
def test_limits_solve_their_equation(counted: tuple[int, int]) -> None:
    """A limit is the ratio from which the observed one lies just as many standard errors away as the level says."""
    count, of = counted
    ratio = count / of
    low, high = wilson(count, of)
    for limit in (low, high):
        if 0 < limit < 1:
            assert (ratio - limit) ** 2 == pytest.approx(1.959964**2 * limit * (1 - limit) / of, abs=1e-6)


@given(st.integers(1, 10_000).flatmap(lambda number: st.tuples(st.integers(0, number), st.just(number))))
def test_limits_lie_around_the_ratio(counted: tuple[int, int]) -> None:
    """However few or many: 0, lower limit, ratio, upper limit and 1 are in this order, to the last digit."""
    low, high = wilson(*counted)
    assert 0 <= low <= counted[0] / counted[1] <= high <= 1
