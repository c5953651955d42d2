"""Control limits: held against scipy's binomial distribution."""

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from analytics.control_limits import control_limits

RATES = st.floats(0.001, 0.999)
SIZES = st.integers(1, 20_000)
LEVELS = st.sampled_from((0.95, 0.998))


@given(rate=RATES, size=SIZES, level=LEVELS)
def test_the_limits_are_quantiles_of_the_binomial_distribution(rate: float, size: int, level: float) -> None:
    """By scipy's distribution, each limit is the smallest number that is not exceeded with its probability."""
    tail = (1 - level) / 2
    for limit, p in zip(control_limits(rate, size, level), (tail, 1 - tail), strict=True):
        number = round(limit * size)
        assert binom.cdf(number, size, rate) >= p - 1e-9
        assert binom.cdf(number - 1, size, rate) < p + 1e-9


@given(rate=RATES, size=SIZES)
def test_a_rarer_limit_lies_further_out(rate: float, size: int) -> None:
    """The 99.8 % limits hold the 95 % limits."""
    usual, rare = control_limits(rate, size, 0.95), control_limits(rate, size, 0.998)

    assert rare.low <= usual.low <= usual.high <= rare.high


def test_one_of_one_person_is_no_sign_of_anything() -> None:
    """Where one in fifty withdraws, the only person of a partner may be the one."""
    assert control_limits(0.02, 1, 0.998) == (0, 1)


def test_where_everybody_is_alike_there_is_no_width() -> None:
    """A rate of nobody or of everybody leaves nothing to chance."""
    assert control_limits(0, 10, 0.95) == (0, 0)
    assert control_limits(1, 10, 0.95) == (1, 1)
