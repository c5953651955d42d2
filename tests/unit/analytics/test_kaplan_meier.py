"""The survival statistics, held against those of lifelines and against figures worked out by hand."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test

from analytics.kaplan_meier import kaplan_meier, log_rank

People = list[tuple[int, bool]]
"""Of each person: for how many days they were seen, and whether they left then."""

PEOPLE = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=80)


def counted(people: People) -> pd.DataFrame:
    """The same people as counts a day."""
    tally = Counter(people)
    rows = [(time, tally[time, True], tally[time, False]) for time in sorted({time for time, _ in people})]
    return pd.DataFrame(rows, columns=["time", "events", "censored"])


@given(people=PEOPLE)
def test_the_curve_and_its_band_equal_those_of_lifelines(people: People) -> None:
    """Survival is lifelines' at every time, and so is the band wherever anybody is left."""
    curve = kaplan_meier(counted(people)).set_index("time")

    oracle = KaplanMeierFitter().fit(*zip(*people, strict=True))
    band = oracle.confidence_interval_
    expected = pd.DataFrame({"survival": oracle.survival_function_.iloc[:, 0], "low": band.iloc[:, 0]})
    expected["high"] = band.iloc[:, 1]
    assert list(curve.index) == list(expected.index)
    np.testing.assert_allclose(curve["survival"], expected["survival"], atol=1e-9, rtol=0)
    left = (curve["survival"] > 0).to_numpy()
    np.testing.assert_allclose(curve.loc[left, ["low", "high"]], expected.loc[left, ["low", "high"]], atol=1e-9, rtol=0)


@given(first=PEOPLE, second=PEOPLE)
def test_the_log_rank_test_equals_that_of_lifelines(first: People, second: People) -> None:
    """Chi-squared and p are lifelines', whatever the two groups are."""
    found = log_rank(counted(first), counted(second))

    (times, events), (other_times, other_events) = zip(*first, strict=True), zip(*second, strict=True)
    oracle = logrank_test(times, other_times, events, other_events)
    assert found.chi_squared == pytest.approx(oracle.test_statistic, abs=1e-9)
    assert found.p == pytest.approx(oracle.p_value, abs=1e-9)


@given(first=PEOPLE, second=PEOPLE)
def test_the_log_rank_test_does_not_ask_which_group_is_first(first: People, second: People) -> None:
    """The two groups change places and nothing else changes."""
    assert log_rank(counted(first), counted(second)) == pytest.approx(log_rank(counted(second), counted(first)))


def test_a_curve_by_hand() -> None:
    """Of five, one leaves on day 1, one is lost on day 2, one leaves on day 3: 4 fifths, then 2 thirds of it."""
    curve = kaplan_meier(counted([(1, True), (2, False), (3, True), (5, False), (5, False)]))

    assert curve["time"].tolist() == [0, 1, 2, 3, 5]
    assert curve["at_risk"].tolist() == [5, 5, 4, 3, 2]
    assert curve["survival"].tolist() == pytest.approx([1, 0.8, 0.8, 0.8 * 2 / 3, 0.8 * 2 / 3])


def test_the_band_has_no_width_before_the_first_event() -> None:
    """While nobody has left the estimate is certain of itself."""
    before = kaplan_meier(counted([(4, True), (9, False)])).iloc[0]

    assert (before["time"], before["low"], before["high"]) == (0, 1, 1)


def test_there_is_no_band_once_nobody_is_left() -> None:
    """Where the last one leaves, the variance is unknown and the band says nothing instead of being certain."""
    last = kaplan_meier(counted([(4, True), (9, True)])).iloc[-1]

    assert last["survival"] == 0
    assert last[["low", "high"]].isna().all()


@given(people=PEOPLE)
def test_a_higher_level_gives_a_wider_band(people: People) -> None:
    """To be surer, the band must hold more."""
    usual, wide = kaplan_meier(counted(people)).dropna(), kaplan_meier(counted(people), level=0.99).dropna()

    assert (wide["low"] <= usual["low"]).all()
    assert (wide["high"] >= usual["high"]).all()


def test_nobody_gives_a_curve_of_nobody() -> None:
    """Without people the curve is one row of nobody at risk, and never a division by zero."""
    curve = kaplan_meier(counted([]))

    assert curve[["time", "at_risk", "survival"]].to_numpy().tolist() == [[0, 0, 1]]


def test_groups_that_lose_nobody_do_not_differ() -> None:
    """Without an event there is nothing to test, which is no evidence of a difference."""
    assert log_rank(counted([(3, False)]), counted([(9, False)])) == (0, 1)
