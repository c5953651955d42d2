"""The forecast of who reaches the gate: hand-made cohorts, its own past, and what its notes own up to."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analytics.filters import Filters
from analytics.questions.gate_forecast import COLUMNS, gate_forecast
from learning.catalogue import parse
from learning.events import Fact
from learning.facts import Deferred, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, SMALL, SMALL_FILE, at, completed, enrolled, make
from tests.fact_lives import lives, own_programmes

HALFWAY = date(2026, 4, 6)
"""Thirteen of the 26 weeks of the spring intake are over, and the autumn intake is over."""

TWO_PROGRAMMES = SMALL.extended([parse(SMALL_FILE, "twin")])
"""The small programme, and another that is just like it."""

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


def twins() -> list[Fact]:
    """As many people of another programme in the autumn, who did the same."""
    twin = [person(f"t{each}", 0, 5, 4 if each < 15 else 0, programme="twin/course") for each in range(20)]
    return [fact for each in twin for fact in each]


def only_row(facts: list[Fact], day: date = HALFWAY) -> dict[Any, Any]:
    """The row of the answer about everybody."""
    [row] = gate_forecast(warehouse(facts, as_of=day)).frame.to_dict("records")
    return row


def test_chances_come_from_who_stood_there_before() -> None:
    """Four people with half done halfway, where 15 of 20 such people made it: three are expected."""
    row = only_row([*finished(), *(fact for each in range(4) for fact in person(f"s{each}", SPRING, 5))])
    assert (row["enrolments"], row["studying"], row["reached"], row["by_pace"]) == (4, 4, 0, 0)
    assert (row["expected"], row["expected_share"]) == pytest.approx((3, 0.75))


def test_one_cohort_says_nothing_of_how_cohorts_differ() -> None:
    """After a single finished cohort any number of the four may make it, and a note says so."""
    facts = [*finished(), *(fact for each in range(4) for fact in person(f"s{each}", SPRING, 5))]
    answer = gate_forecast(warehouse(facts, as_of=HALFWAY))
    [row] = answer.frame.to_dict("records")
    assert (row["low"], row["high"], row["low_share"], row["high_share"]) == (0, 4, 0, 1)
    assert any(note.startswith("For 4 of those studying too few cohorts are over") for note in answer.notes)


def test_cohorts_of_one_intake_say_nothing_of_how_intakes_differ() -> None:
    """With two finished cohorts of the same intake a note says what the interval cannot know."""
    facts = [*finished(), *twins(), *(fact for each in range(4) for fact in person(f"s{each}", SPRING, 5))]
    notes = gate_forecast(warehouse(facts, TWO_PROGRAMMES, as_of=HALFWAY)).notes
    assert any(note.startswith("For 4 of those studying all finished cohorts are of one intake") for note in notes)
    assert not any("too few cohorts are over" in note for note in notes)


def test_how_often_the_interval_held_is_told() -> None:
    """The spring cohort, forecast from two of the autumn, lies in the interval: a note says so, and how wide it was."""
    spring = [fact for each in range(4) for fact in person(f"s{each}", SPRING, 5, 4 if each < 2 else 0)]
    answer = gate_forecast(warehouse([*finished(), *twins(), *spring], TWO_PROGRAMMES, as_of=date(2027, 1, 4)))
    [note] = [each for each in answer.notes if "50 %" in each and "history" in each]
    assert "the interval held what happened 1 of 1 times and was 100.0 points wide on average" in note


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


def test_the_chart_shows_what_is_expected_with_its_interval() -> None:
    """What was reached is a bar; what is expected is a point with the edges of its interval, and those are no bars."""
    facts = [*finished(), *(fact for each in range(4) for fact in person(f"s{each}", SPRING, 5))]
    answer = gate_forecast(warehouse(facts, as_of=HALFWAY))
    assert answer.chart is not None
    bars = answer.chart.bars
    assert bars is not None

    expected = bars.labels[1]
    assert (bars.labels[0], list(bars.intervals)) == ("Reached", [expected])
    [row] = answer.frame.to_dict("records")
    assert [values[0] for values in bars.values] == [0, row["expected_share"]]
    assert [edge[0] for edge in bars.intervals[expected]] == [row["low_share"], row["high_share"]]


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
    [note] = [each for each in answer.notes if "50 %" in each and "history" in each]
    brier = (2 * 0.25**2 + 2 * 0.75**2) / 4
    assert "1 finished cohorts" in note
    assert "mean error +25.0 percentage points (without sign 25.0)" in note
    assert f"Brier score {brier:.3f} over 4 people" in note
    assert "too little known for an interval" in note


def test_past_accuracy_uses_only_what_was_known_then() -> None:
    """The first cohort had no history before it, so it was forecast by pace, though later cohorts are known now."""
    spring = [fact for each in range(20) for fact in person(f"s{each}", SPRING, 5)]
    answer = gate_forecast(warehouse([*finished(), *spring], as_of=date(2027, 1, 4)))
    [note] = [each for each in answer.notes if "50 %" in each and "by pace" in each]
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
