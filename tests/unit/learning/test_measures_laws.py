"""Laws of the measures, and a plain second account of the same facts that they must agree with."""

from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from learning.events import Fact
from learning.facts import Enrolled
from learning.measures import Progress, measure
from learning.progress import fold_all
from tests.builders import COMPONENTS, TIMES, at, completed, enrolled, facts_of_an_enrolment
from tests.courses import COURSES, PROGRAMMES, measured
from tests.models.plain_model import plain_row

DAYS = st.dates(date(2025, 9, 1), date(2026, 10, 1))


@st.composite
def lives(draw: st.DrawFn) -> list[Fact]:
    """An enrolment on any course: facts of any type, and as a rule most of the course completed at some time."""
    programme = draw(st.sampled_from(PROGRAMMES))
    facts = [_on(programme, each) for each in draw(facts_of_an_enrolment())]
    left_out = draw(st.sets(st.sampled_from(COMPONENTS), max_size=4)) if draw(st.booleans()) else set(COMPONENTS)
    facts.extend(completed(component, draw(TIMES)) for component in COMPONENTS if component not in left_out)
    return [enrolled(programme=programme), *draw(st.permutations(facts))]


def _on(programme: str, fact: Fact) -> Fact:
    if not isinstance(fact.data, Enrolled):
        return fact
    return msgspec.structs.replace(fact, data=msgspec.structs.replace(fact.data, programme=programme))


@given(lives(), st.none() | DAYS)
def test_the_measures_agree_with_a_plain_account_of_the_facts(facts: list[Fact], day: date | None) -> None:
    """Fold and measure find what a slow account finds that looks at all facts again for each question."""
    progress = measured(facts, day)

    found = {name: _value(progress, name) for name in plain_row(facts, COURSES, day) or {}}

    assert found == plain_row(facts, COURSES, day)


def _value(progress: Progress, name: str) -> Any:
    return getattr(progress.standing if hasattr(progress.standing, name) else progress, name)


@given(facts_of_an_enrolment(), DAYS)
def test_nobody_is_measured_who_was_not_enrolled(facts: list[Fact], day: date) -> None:
    """There is a measure, and a row of the plain account, exactly when some fact says enrolled."""
    known = any(isinstance(each.data, Enrolled) for each in facts)

    assert (measure(fold_all(facts), COURSES, day) is not None) is known
    assert (plain_row(facts, COURSES, day) is not None) is known


@given(lives(), DAYS)
def test_ratios_lie_between_0_and_1(facts: list[Fact], day: date) -> None:
    """Completion, expected, pace and forecast are ratios; the forecast is never below completion."""
    progress = measured(facts, day)

    assert 0 <= progress.completion <= 1
    assert progress.expected is not None
    assert 0 <= progress.expected <= 1
    assert progress.pace is None or 0 <= progress.pace <= 1
    assert progress.forecast is None or progress.completion <= progress.forecast <= 1


@given(lives(), DAYS)
def test_attempts_left_are_never_negative_nor_more_than_the_rule_has(facts: list[Fact], day: date) -> None:
    """Whatever was entered, missed or failed, attempts left lie between 0 and those of the rule, where there is one."""
    progress = measured(facts, day)
    rule = COURSES.programme(progress.standing.programme).assessment

    if rule is None:
        assert progress.attempts_left is None
    else:
        assert progress.attempts_left is not None
        assert 0 <= progress.attempts_left <= rule.attempts


@given(lives(), st.sampled_from(COMPONENTS), DAYS)
def test_one_more_completion_is_never_a_step_back(facts: list[Fact], component: str, day: date) -> None:
    """A completion after everything else neither lowers completion nor raises the lag, nor takes an attempt away."""
    before = measured(facts, day)
    after = measured([*facts, completed(component, at(399))], day)

    assert before.lag_weeks is not None
    assert after.lag_weeks is not None
    assert after.points >= before.points
    assert after.lag_weeks <= before.lag_weeks
    assert before.attempts_left == after.attempts_left
    assert after.gate_reached or not before.gate_reached


@given(lives(), DAYS, st.integers(0, 400))
def test_expectation_only_grows_with_the_days(facts: list[Fact], day: date, later: int) -> None:
    """With the same facts, nothing that was expected stops being expected on a later day while the clock runs."""
    today, then = measured(facts, day), measured(facts, day + timedelta(days=later))

    assert today.expected_points is not None
    assert then.expected_points is not None
    if today.standing.status == then.standing.status == "active":
        assert today.expected_points <= then.expected_points
        assert today.points == then.points
