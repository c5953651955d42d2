"""The forecast of who reaches the gate: hand-made cohorts, its own past, and the equation behind its intervals."""

from datetime import date
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.filters import Filters
from analytics.questions.gate_forecast import COLUMNS, gate_forecast
from analytics.questions.gate_history import wilson
from learning.events import Fact
from learning.facts import Deferred, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.fact_lives import lives, own_programmes

HALFWAY = date(2026, 4, 6)
"""Thirteen of the 26 weeks of the spring intake are over, and the autumn intake is over."""

SPRING = 119
"""Days from the start of the autumn intake to that of the spring intake."""


def person(name: str, begin: float, halfway: int, later: int = 0, **course: Any) -> list[Fact]:
    """Somebody who did so many components in the first weeks, and so many more after 100 days."""
    who = {"enrolment": f"e-{name}", "participant": f"p-{name}"}
    intake = "autumn" if begin == 0 else "spring"
    early, more = COMPONENTS[:halfway], COMPONENTS[halfway : halfway + later]
    return [
        enrolled(at(begin - 3), **who, **{"intake": intake, **course}),
        *(completed(each, at(begin + 5), **who) for each in early),
        *(completed(each, at(begin + 100), **who) for each in more),
    ]


def finished(number: int = 20, made_it: int = 15) -> list[Fact]:
    """Autumn people with half of the components done halfway, of whom so many reached the gate later."""
    return [fact for each in range(number) for fact in person(f"a{each}", 0, 5, 4 if each < made_it else 0)]


def only_row(facts: list[Fact], day: date = HALFWAY) -> dict[Any, Any]:
    """The row of the answer about everybody."""
    [row] = gate_forecast(warehouse(facts, as_of=day)).frame.to_dict("records")
    return row


def test_chances_come_from_who_stood_there_before() -> None:
    """Four people with half done halfway, where 15 of 20 such people made it: three are expected."""
    row = only_row([*finished(), *(fact for each in range(4) for fact in person(f"s{each}", SPRING, 5))])
    assert (row["enrolments"], row["studying"], row["reached"], row["by_pace"]) == (4, 4, 0, 0)
    assert row["expected"] == pytest.approx(3)
    low, high = wilson(15, 20)
    middle = (low + high) / 2
    chance = 1.959964**2 * 4 * middle * (1 - middle)
    assert row["low"] == pytest.approx(max(0, 3 - sqrt((4 * (0.75 - low)) ** 2 + chance)))
    assert row["high"] == pytest.approx(min(4, 3 + sqrt((4 * (high - 0.75)) ** 2 + chance)))
    assert (row["expected_share"], row["high_share"]) == pytest.approx((0.75, row["high"] / 4))


def test_small_history_gives_way_to_the_recent_pace() -> None:
    """With 19 earlier people there is no rate: who did nothing lately is not expected, and anything is possible."""
    row = only_row([*finished(19, 19), *person("s", SPRING, 5)])
    assert (row["by_pace"], row["expected"], row["low"], row["high"]) == (1, 0, 0, 1)


def test_recent_pace_that_reaches_the_gate_is_expected() -> None:
    """Four components in two weeks reach nine of ten at that pace; a visit to none does not."""
    early = date(2026, 1, 19)
    assert [only_row(person("s", SPRING, done), early)["expected"] for done in (4, 0)] == [1, 0]


def test_history_of_another_programme_is_used_when_its_own_is_too_small() -> None:
    """Where nobody of the programme came before, the rate is that of all programmes."""
    other: dict[str, Any] = {"programme": "reformed-2021/npqltd"}
    facts = finished() + person("s", SPRING, 0, **other)
    nothing = [fact for each in range(20) for fact in person(f"b{each}", 0, 0, 9 if each < 5 else 0)]
    row = only_row([*facts, *nothing], date(2026, 3, 9))
    assert (row["studying"], row["by_pace"]) == (1, 0)
    assert row["expected"] == pytest.approx(0.25)


def test_who_is_there_paused_or_gone_is_not_forecast() -> None:
    """Who reached the gate is certain, who is deferred is not expected, who withdrew is not counted."""
    gone = Withdrawn(reason="other", effective=date(2026, 2, 2), signed_off_by="partner-1")
    facts = [
        *person("done", SPRING, 9),
        *person("paused", SPRING, 2),
        make(Deferred(reason="other"), at(SPRING + 20), "e-paused", "p-paused"),
        *person("gone", SPRING, 2),
        make(gone, at(SPRING + 28), "e-gone", "p-gone"),
    ]
    row = only_row([*finished(), *facts])
    assert [row[name] for name in ("enrolments", "reached", "studying", "deferred")] == [2, 1, 0, 1]
    assert (row["low"], row["expected"], row["high"]) == (1, 1, 1)


def test_finished_cohorts_are_history_only() -> None:
    """Once the deadline has passed nobody is forecast, and the finding says so."""
    answer = gate_forecast(warehouse(finished(), as_of=HALFWAY))
    assert (len(answer.frame), list(answer.frame.columns), answer.chart) == (0, list(COLUMNS), None)
    assert "nothing to forecast" in answer.finding


def test_groups_and_filters_keep_the_whole_history() -> None:
    """Each partner's people are forecast from everybody's history, and a filter leaves only its own people."""
    facts = [*finished(), *person("s1", SPRING, 5), *person("s2", SPRING, 5, partner="partner-2")]
    connection = warehouse(facts, as_of=HALFWAY)
    rows = gate_forecast(connection, by="partner").frame
    assert rows["group"].tolist() == ["partner-1", "partner-2"]
    assert rows["expected"].tolist() == pytest.approx([0.75, 0.75])
    assert gate_forecast(connection, Filters(partner="partner-2")).frame["enrolments"].tolist() == [1]


def test_past_accuracy_is_told() -> None:
    """The spring cohort, forecast from the autumn's 75 %, of which half made it, was overrated by 25 points."""
    spring = [fact for each in range(4) for fact in person(f"s{each}", SPRING, 5, 4 if each < 2 else 0)]
    answer = gate_forecast(warehouse([*finished(), *spring], as_of=date(2027, 1, 4)))
    [note] = [each for each in answer.notes if "50%" in each and "history" in each]
    brier = (2 * 0.25**2 + 2 * 0.75**2) / 4
    assert "1 finished cohorts" in note
    assert "mean error +25.0 percentage points (without sign 25.0)" in note
    assert f"Brier score {brier:.3f} over 4 people" in note
    assert "held what happened 1 times" in note


def test_past_accuracy_uses_only_what_was_known_then() -> None:
    """The first cohort had no history before it, so it was forecast by pace, though later cohorts are known now."""
    spring = [fact for each in range(20) for fact in person(f"s{each}", SPRING, 5)]
    answer = gate_forecast(warehouse([*finished(), *spring], as_of=date(2027, 1, 4)))
    [note] = [each for each in answer.notes if "50%" in each and "by pace" in each]
    assert "mean error -75.0" in note
    assert "Brier score 0.750 over 20 people" in note


def test_no_past_is_said() -> None:
    """Without a finished cohort a note says that the forecast could not be tried out."""
    answer = gate_forecast(warehouse(person("s", 0, 5), as_of=date(2025, 12, 1)))
    assert any("No cohort is over yet" in note for note in answer.notes)


def test_finding_says_the_figure() -> None:
    """The finding gives the expected number, its share and interval, and how many are there."""
    facts = [*finished(), *(fact for each in range(4) for fact in person(f"s{each}", SPRING, 5))]
    finding = gate_forecast(warehouse(facts, as_of=HALFWAY)).finding
    assert finding.startswith("3 of 4 participants (75.0 %) are expected to reach the gate by their deadline")


@given(st.integers(1, 500).flatmap(lambda number: st.tuples(st.integers(0, number), st.just(number))))
def test_wilson_limits_solve_their_equation(counted: tuple[int, int]) -> None:
    """A limit is the rate from which the observed one lies just as many standard errors away as the level says."""
    successes, number = counted
    rate = successes / number
    low, high = wilson(successes, number)
    assert 0 <= low <= rate <= high <= 1
    for limit in (low, high):
        if 0 < limit < 1:
            assert (rate - limit) ** 2 == pytest.approx(1.959964**2 * limit * (1 - limit) / number, abs=1e-6)


def test_edges_hold_the_expected_number_over_any_lives(tmp_path: Path) -> None:
    """Whatever the facts: reached, lower edge, expected, upper edge and all that can are in this order."""
    curriculum = own_programmes(tmp_path)
    connection = warehouse(lives(10, 1_600, curriculum), curriculum, as_of=date(2026, 3, 13))
    frame = gate_forecast(connection, by="programme").frame
    assert len(frame)
    edges = [frame[name] for name in ("reached", "low", "expected", "high")]
    edges.append(frame["reached"] + frame["studying"])
    assert all((below <= above + 1e-9).all() for below, above in pairwise(edges))
    assert (frame["enrolments"] == frame["reached"] + frame["studying"] + frame["deferred"]).all()


def test_doubled_facts_change_nothing(tmp_path: Path) -> None:
    """Every fact twice, in another order, gives the same forecast and the same accuracy."""
    curriculum, as_of = own_programmes(tmp_path), date(2026, 3, 13)
    facts = lives(11, 600, curriculum)
    once = gate_forecast(warehouse(facts, curriculum, as_of=as_of), by="programme")
    twice = gate_forecast(warehouse([*reversed(facts), *facts], curriculum, as_of=as_of), by="programme")
    assert len(once.frame)
    assert once.frame.equals(twice.frame)
    assert once.notes == twice.notes
