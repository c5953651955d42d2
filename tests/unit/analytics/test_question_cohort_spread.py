"""How much cohorts differ: shifts that are known by construction, and SciPy as the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import t as student

from analytics.questions.cohort_spread import CohortErrors, Numbers, Spread, shifted, shifts, spread, t_quantile

STRATA = 4
Cohort = tuple[list[int], list[float]]


def errors(shift: list[float], sampling: float = 0.01, intakes: list[int] | None = None) -> CohortErrors:
    """Errors of cohorts with the same variance of chance; each of an intake of its own if none are said."""
    found = np.array(shift)
    numbers = np.arange(len(shift)) if intakes is None else np.array(intakes)
    return CohortErrors(found, np.full(len(shift), sampling), np.ones(len(shift)), numbers)


def found(some: CohortErrors) -> Spread:
    """The spread, which there is."""
    answer = spread(some)
    assert answer is not None
    return answer


def cohorts() -> st.SearchStrategy[Cohort]:
    """People and chances of the strata of a cohort."""
    people = st.lists(st.integers(0, 300), min_size=STRATA, max_size=STRATA).filter(any)
    chances = st.lists(st.floats(0.02, 0.98), min_size=STRATA, max_size=STRATA)
    return st.tuples(people, chances)


@given(st.lists(cohorts(), min_size=1, max_size=5), st.floats(-3, 3))
def test_a_shift_is_found_again(drawn: list[Cohort], by: float) -> None:
    """Where so many made it as a shift of the log-odds makes expect, that shift is found."""
    people, chances = (np.array([each[place] for each in drawn], dtype=float) for place in (0, 1))
    reached = (people * shifted(chances, by)).sum(axis=1)
    inside = (reached >= 0.5) & (reached <= people.sum(axis=1) - 0.5)
    assert shifts(people, chances, reached)[inside] == pytest.approx(by, abs=1e-6)


def test_none_or_all_is_no_endless_shift() -> None:
    """Cohorts of which nobody or everybody made it shift as far as half a person would."""
    people, chances = np.full((2, 1), 10.0), np.full((2, 1), 0.5)
    assert shifts(people, chances, np.array([0.0, 10.0])) == pytest.approx([-np.log(19), np.log(19)])


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=12), st.floats(0.001, 0.5), st.floats(1, 2))
def test_deviation_makes_the_errors_as_large_as_they_were(shift: list[float], sampling: float, weight: float) -> None:
    """With it the errors are on average one standard error, as SciPy finds it; else none is needed."""
    some = errors(shift, sampling)._replace(weight=np.full(len(shift), weight))

    def too_large(variance: float) -> float:
        return float((np.square(shift) / (sampling + weight * variance)).sum()) - len(shift)

    expected = brentq(too_large, 0, 400) if too_large(0) > 0 else 0.0
    assert found(some).deviation ** 2 == pytest.approx(expected, abs=1e-6)


def test_what_chance_explains_is_no_spread() -> None:
    """Errors that are just as large as chance makes them leave nothing between cohorts."""
    assert found(errors([0.1, -0.1, 0.1, -0.1], sampling=0.01)).deviation == pytest.approx(0, abs=1e-4)


def test_one_cohort_has_no_spread() -> None:
    """It takes two to differ."""
    assert spread(errors([0.4])) is None


def test_fewer_cohorts_make_wider_intervals() -> None:
    """Student's t with one degree of freedom less than there are cohorts."""
    assert found(errors([0.4, -0.4, 0.1, 0.2])).quantile == pytest.approx(student.ppf(0.975, 3), rel=0.01)


def test_cohorts_of_one_intake_count_as_one() -> None:
    """Where all are of one intake, how alike they are for that cannot be known."""
    assert found(errors([0.4, -0.4, 0.1, 0.2], intakes=[0, 0, 0, 0])).quantile == pytest.approx(12.706, abs=1e-3)


def test_intakes_that_err_as_one_count_as_one_cohort_each() -> None:
    """Four intakes of three cohorts with the same error say as much as four cohorts; with other errors, as twelve."""
    intakes = [number for number in range(4) for _ in range(3)]
    alike = [0.5, 0.5, 0.5, -0.4, -0.4, -0.4, 0.3, 0.3, 0.3, -0.5, -0.5, -0.5]
    unlike = [0.5, -0.4, 0.0] * 4
    assert found(errors(alike, 1e-6, intakes)).quantile == pytest.approx(student.ppf(0.975, 3), rel=0.01)
    assert found(errors(unlike, 1e-6, intakes)).quantile == pytest.approx(student.ppf(0.975, 11), rel=0.01)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 12, 40, 500])
def test_quantiles_are_those_of_scipy(freedom: int) -> None:
    """Student's t to 1 %."""
    assert t_quantile(freedom) == pytest.approx(student.ppf(0.975, freedom), rel=0.01)


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5), st.floats(-5, 5))
def test_shifting_back_restores_the_chances(chances: list[float], by: float) -> None:
    """A shift and its opposite cancel out, and chances stay between 0 and 1."""
    given_chances: Numbers = np.array(chances)
    there = shifted(given_chances, by)
    assert ((there > 0) & (there < 1)).all()
    assert shifted(there, -by) == pytest.approx(given_chances)
