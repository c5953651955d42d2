"""Completion by study week: hand-made lives, and a second way of working it out in plain Python."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.filters import Filters
from analytics.questions.cohorts import QuestionError
from analytics.questions.completion_curve import COLUMNS, completion_curve
from learning.calendar import uk_day
from learning.curriculum import Curriculum
from learning.doings import Doings
from learning.events import Fact
from learning.facts import ComponentReopened, Deferred, Resumed, Withdrawn
from learning.plan import Plan, start_of
from learning.progress import State, fold_all
from learning.standing import standing
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, SMALL, at, completed, enrolled, facts_of_an_enrolment, make
from tests.courses import COURSES
from tests.fact_lives import lives, own_programmes

DAY = timedelta(days=1)
FOUR_WEEKS = date(2025, 10, 6)
"""The Monday on which four study weeks of the autumn intake are over."""


def rows(
    facts: Iterable[Fact], curriculum: Curriculum = SMALL, day: date = FOUR_WEEKS, **asked: Any
) -> list[dict[Any, Any]]:
    """The rows of the answer."""
    return completion_curve(warehouse(facts, curriculum, as_of=day), **asked).frame.to_dict("records")


def test_curve_of_hand_made_lives() -> None:
    """Mean, quartiles and plan of each week come from what was done by its end."""
    facts = [
        *(enrolled(at(-3), f"e-{number}", f"p-{number}") for number in range(4)),
        *(completed(COMPONENTS[number], at(1), enrolment=f"e-{who}") for who in range(4) for number in range(who)),
        completed("module-8", at(7), enrolment="e-0"),
    ]
    found = rows(facts, day=date(2025, 9, 22))
    assert [row["week"] for row in found] == [0, 1, 2]
    first, second = found[1], found[2]
    assert {name: first[name] for name in ("group", "enrolled", "studying", "deferred", "left")} == {
        "group": "all",
        "enrolled": 4,
        "studying": 4,
        "deferred": 0,
        "left": 0,
    }
    quartiles = ("lower_quartile", "median", "upper_quartile", "completion", "expected", "at_gate")
    assert [first[name] for name in quartiles] == pytest.approx([0.0, 0.1, 0.2, 0.15, 0.1, 0.0])
    assert [second[name] for name in quartiles] == pytest.approx([0.1, 0.1, 0.2, 0.175, 0.2, 0.0])


def test_week_that_is_not_over_is_not_shown() -> None:
    """On the last day of a study week that week is not in the curve, on the next day it is."""
    facts = [enrolled(at(-3))]
    assert [rows(facts, day=day)[-1]["week"] for day in (date(2025, 10, 5), FOUR_WEEKS)] == [3, 4]


def test_completion_taken_back_counts_until_then() -> None:
    """What was taken back counts in the weeks before, not in those after, and again once it is done again."""
    facts = [
        enrolled(at(-3)),
        completed("module-1", at(1)),
        make(ComponentReopened(component="module-1"), at(8)),
        completed("module-1", at(22)),
    ]
    assert [row["completion"] for row in rows(facts)] == [0, 0.1, 0, 0, 0.1]


def test_gate_counts_from_the_week_in_which_it_was_reached() -> None:
    """The share at the gate rises at the end of the week in which the ninth of ten components was done."""
    facts = [enrolled(at(-3)), *(completed(each, at(1)) for each in COMPONENTS[:8]), completed("clinic-1", at(9))]
    assert [row["at_gate"] for row in rows(facts)] == [0, 0, 1, 1, 1]


def test_gate_of_each_group_is_not_only_points() -> None:
    """Where each group has a gate, all modules without a clinic are not at it."""
    course = {"programme": "rules/each-group"}
    facts = [
        enrolled(at(-3), **course),
        *(completed(each, at(1)) for each in COMPONENTS[:8]),
        completed("clinic-1", at(9)),
    ]
    assert [row["at_gate"] for row in rows(facts, COURSES)] == [0, 0, 1, 1, 1]


def test_who_left_is_counted_and_does_not_raise_the_whole() -> None:
    """A weak participant who withdraws leaves the mean of those studying, and stays in the mean of all."""
    gone = Withdrawn(reason="other", effective=date(2025, 9, 24), signed_off_by="partner-1")
    facts = [
        enrolled(at(-3), "e-1", "p-1"),
        enrolled(at(-3), "e-2", "p-2"),
        *(completed(each, at(1), enrolment="e-1") for each in COMPONENTS[:4]),
        make(gone, at(16), "e-2", "p-2"),
    ]
    names = ("enrolled", "studying", "left", "completion", "completion_with_left")
    assert [tuple(row[name] for name in names) for row in rows(facts)[2:4]] == [
        (2, 2, 0, 0.2, 0.2),
        (2, 1, 1, 0.4, 0.2),
    ]


def test_deferral_is_a_pause() -> None:
    """Who is deferred on a week's last day is not studying then, and is again once back."""
    facts = [
        *(enrolled(at(-3), f"e-{number}", f"p-{number}") for number in (1, 2)),
        make(Deferred(reason="other"), at(8), "e-1", "p-1"),
        make(Resumed(), at(15), "e-1", "p-1"),
    ]
    assert [(row["studying"], row["deferred"]) for row in rows(facts)] == [(2, 0), (2, 0), (1, 1), (2, 0), (2, 0)]


def test_late_joiner_counts_from_then_on() -> None:
    """Who is enrolled in the third week is not in the weeks before; what was done earlier counts at once."""
    facts = [completed("module-1", at(1)), enrolled(at(16))]
    assert [(row["week"], row["completion"]) for row in rows(facts)] == [(3, 0.1), (4, 0.1)]


def test_groups_and_filters() -> None:
    """Partners have a curve each, and a filter leaves only those that it names."""
    facts = [
        enrolled(at(-3), "e-1", "p-1"),
        enrolled(at(-3), "e-2", "p-2", partner="partner-2"),
        completed("module-1", at(1), enrolment="e-2"),
    ]
    last = [(row["group"], row["completion"]) for row in rows(facts, by="partner") if row["week"] == 4]
    assert last == [("partner-1", 0.0), ("partner-2", 0.1)]
    only = rows(facts, filters=Filters(partner="partner-2"))
    assert [(row["group"], row["enrolled"], row["completion"]) for row in only][-1] == ("all", 1, 0.1)


def test_chart_draws_the_four_largest_groups() -> None:
    """All groups are in the table and the four largest in the chart, with the gate; a note says so."""
    facts = [
        enrolled(at(-3), f"e-{partner}-{number}", f"p-{partner}-{number}", partner=f"partner-{partner}")
        for partner in range(1, 6)
        for number in range(partner)
    ]
    answer = completion_curve(warehouse(facts, as_of=FOUR_WEEKS), by="partner")
    assert answer.frame["group"].nunique() == 5
    assert answer.chart is not None
    assert [line.label for line in answer.chart.lines] == [f"partner-{number}" for number in range(2, 6)]
    assert answer.chart.levels == ((0.9, "Gate"),)
    assert any("4 largest of 5" in note for note in answer.notes)


def test_finding_says_the_figure() -> None:
    """The finding gives mean completion and plan after the latest week that most have reached."""
    facts = [enrolled(at(-3)), completed("module-1", at(1))]
    answer = completion_curve(warehouse(facts, as_of=FOUR_WEEKS))
    assert answer.finding == (
        "After study week 4 the 1 participants still studying have completed 10.0 % on average; "
        "the plan has 50.0 % due."
    )


def test_nobody_is_an_empty_answer() -> None:
    """An empty selection gives a frame with all columns, a finding that says so, and no chart."""
    answer = completion_curve(warehouse([enrolled(at(-3))], as_of=FOUR_WEEKS), Filters(partner="none"), by="intake")
    assert (len(answer.frame), list(answer.frame.columns), answer.chart) == (0, list(COLUMNS), None)
    assert "No study week is over" in answer.finding


def test_unknown_grouping_is_refused() -> None:
    """Groups that cannot be told apart are refused with what can be."""
    with pytest.raises(QuestionError, match="programme, intake, partner"):
        completion_curve(warehouse([enrolled(at(-3))]), by="school")  # type: ignore[arg-type]  # a slip of a caller


class Moment(NamedTuple):
    """One enrolment at the end of one study week, by the oracle."""

    status: str
    completion: Fraction
    expected: Fraction


def oracle(facts: Iterable[Fact], curriculum: Curriculum, day: date) -> dict[int, list[Moment]]:
    """Every enrolment at the end of every week, one at a time, from the folded state."""
    own = defaultdict[str, list[Fact]](list)
    for each in facts:
        if each.time < start_of(day):
            own[each.subject].append(each)
    weeks = defaultdict[int, list[Moment]](list)
    for life in own.values():
        state = fold_all(life)
        now = standing(state, day)
        if now is not None:
            for week, moment in _moments(state, curriculum.plan(now.programme, now.intake), now.enrolled_on, day):
                weeks[week].append(moment)
    return weeks


def _moments(state: State, plan: Plan, enrolled_on: date, day: date) -> Iterator[tuple[int, Moment]]:
    doings, total = Doings(state, plan.programme.points), plan.programme.total_points
    spells = _spells(state, enrolled_on, day)
    for week, end in enumerate([plan.intake.start - DAY, *plan.week_ends]):
        status = [status for since, status in spells if since <= end][-1:]
        if end < day and status:
            points = sum(each for when, each, _ in doings.flips if when < start_of(end + DAY))
            yield week, Moment(status[0], Fraction(points, total), Fraction(plan.week_points[week], total))


def _spells(state: State, enrolled_on: date, day: date) -> list[tuple[date, str]]:
    """The status from each day on: each word, in order, ends what was said to hold then or later."""
    spells = [(enrolled_on, "active")]
    for noted in state.life:
        match noted.data:
            case Deferred():
                since, status = uk_day(noted.time), "deferred"
            case Resumed():
                since, status = uk_day(noted.time), "active"
            case Withdrawn(effective=effective) if effective <= day:
                since, status = effective, "withdrawn"
            case _:
                continue
        since = max(since, enrolled_on)
        spells = [*(each for each in spells if each[0] < since), (since, status)]
    return spells


def _agree(facts: list[Fact], curriculum: Curriculum, day: date) -> None:
    weeks = oracle(facts, curriculum, day)
    expected = {week: found for week, found in weeks.items() if any(each.status == "active" for each in found)}
    answered = {row["week"]: row for row in rows(facts, curriculum, day)}
    assert answered.keys() == expected.keys()
    for week, row in answered.items():
        everybody = expected[week]
        here = sorted(each.completion for each in everybody if each.status == "active")
        counts = {status: sum(each.status == status for each in everybody) for status in ("deferred", "withdrawn")}
        assert (row["enrolled"], row["studying"]) == (len(everybody), len(here))
        assert (row["deferred"], row["left"]) == (counts["deferred"], counts["withdrawn"])
        assert row["completion"] == pytest.approx(float(sum(here) / len(here)))
        assert row["median"] == pytest.approx(float(here[-(-len(here) // 2) - 1]))
        assert row["lower_quartile"] == pytest.approx(float(here[-(-len(here) // 4) - 1]))
        assert row["upper_quartile"] == pytest.approx(float(here[-(-3 * len(here) // 4) - 1]))
        due = [each.expected for each in everybody if each.status == "active"]
        assert row["expected"] == pytest.approx(float(sum(due) / len(due)))
        whole = sum(each.completion for each in everybody) / len(everybody)
        assert row["completion_with_left"] == pytest.approx(float(whole))


@pytest.mark.parametrize("seed", [1, 2])
def test_curve_equals_plain_python(seed: int, tmp_path: Any) -> None:
    """Over lives full of corrections, pauses and moves, every week equals the oracle's."""
    curriculum = own_programmes(tmp_path)
    _agree(lives(seed, 1_000, curriculum), curriculum, date(2026, 3, 13))


@settings(max_examples=8, deadline=None)
@given(facts_of_an_enrolment(), st.dates(date(2025, 9, 8), date(2026, 4, 1)))
def test_curve_of_any_life_equals_plain_python(facts: list[Fact], day: date) -> None:
    """Whatever is said of one enrolment, in any contradiction, every week equals the oracle's."""
    _agree(facts, SMALL, day)


def test_doubled_facts_change_nothing(tmp_path: Any) -> None:
    """Every fact twice, in another order, gives the same curve."""
    curriculum = own_programmes(tmp_path)
    facts = lives(3, 600, curriculum)
    day = date(2026, 3, 13)
    once, twice = rows(facts, curriculum, day), rows([*reversed(facts), *facts], curriculum, day)
    assert once == twice
