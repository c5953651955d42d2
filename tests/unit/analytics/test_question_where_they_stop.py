"""The funnel over the components of a programme: hand-made lives, and counts that must add up."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analytics.filters import Filters
from analytics.questions.cohorts import QuestionError
from analytics.questions.where_they_stop import COLUMNS, where_they_stop
from learning.events import Fact
from learning.facts import ActivitySeen, ComponentReopened, Deferred, Resumed, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, SMALL, at, completed, enrolled, make
from tests.fact_lives import lives, own_programmes

DAY = date(2025, 11, 10)
"""Nine study weeks are over, so every counting component is due."""

ORDER = [each.id for each in SMALL.programme("small/course").components]


def step(facts: list[Fact], component: str, day: date = DAY) -> dict[Any, Any]:
    """The row of one step."""
    frame = where_they_stop(warehouse(facts, as_of=day)).frame.set_index("component")
    return frame.loc[component].to_dict()


def counts(facts: list[Fact], component: str, day: date = DAY) -> tuple[int, ...]:
    """Who came so far, did it, and stopped there: withdrawn and silent."""
    row = step(facts, component, day)
    return tuple(int(row[name]) for name in ("came_so_far", "did", "withdrawn", "silent"))


def person(number: int, *components: str, days: float = 60) -> list[Fact]:
    """Somebody who did these components, the last of them so many days after the start."""
    who = {"enrolment": f"e-{number}", "participant": f"p-{number}"}
    return [enrolled(at(-3), **who), *(completed(each, at(days), **who) for each in components)]


def test_steps_stand_in_the_order_of_the_programme() -> None:
    """There is a row for having done nothing and one for each component, in the programme's order."""
    frame = where_they_stop(warehouse(person(1), as_of=DAY)).frame
    assert frame["step"].tolist() == list(range(12))
    assert frame["component"].tolist() == ["(nothing done)", *ORDER]


def test_silent_people_stop_at_their_furthest_component() -> None:
    """Who did modules 1 and 3 and then fell silent came through module 2, did not do it, and stopped at module 3."""
    facts = person(1, "module-1", "module-3", days=7)
    assert [counts(facts, each) for each in ("module-1", "module-2", "module-3", "module-4")] == [
        (1, 1, 0, 0),
        (1, 0, 0, 0),
        (1, 1, 0, 1),
        (0, 0, 0, 0),
    ]


def test_who_is_still_at_work_has_not_stopped() -> None:
    """A visit within the last study weeks is a sign of life, also when nothing is done any more."""
    facts = person(1, "module-1", days=7)
    visit = make(ActivitySeen(), at(40), "e-1", "p-1")
    assert counts(facts, "module-1") == (1, 1, 0, 1)
    assert counts([*facts, visit], "module-1") == (1, 1, 0, 0)


@pytest.mark.parametrize(("day", "silent"), [(date(2025, 10, 19), 0), (date(2025, 10, 20), 1)])
def test_silence_begins_after_four_whole_study_weeks(day: date, silent: int) -> None:
    """Last seen in week two, somebody is silent once weeks three to six are over, and not a day before."""
    assert counts(person(1, "module-1", days=13), "module-1", day)[3] == silent


def test_withdrawn_people_have_stopped() -> None:
    """A withdrawal counts as stopping where the person had come, however short ago they were seen."""
    gone = Withdrawn(reason="other", effective=date(2025, 11, 9), signed_off_by="partner-1")
    assert counts([*person(1, "module-1"), make(gone, at(61), "e-1", "p-1")], "module-1") == (1, 1, 1, 0)


def test_deferred_people_have_paused() -> None:
    """Who is deferred has not stopped, however long the silence."""
    facts = [*person(1, "module-1", days=7), make(Deferred(reason="other"), at(8), "e-1", "p-1")]
    assert counts(facts, "module-1") == (1, 1, 0, 0)


def test_silence_is_counted_from_the_return() -> None:
    """Who came back from a deferral two weeks ago has not been silent since before it."""
    pause = (make(Deferred(reason="other"), at(8), "e-1", "p-1"), make(Resumed(), at(50), "e-1", "p-1"))
    assert counts([*person(1, "module-1", days=7), *pause], "module-1") == (1, 1, 0, 0)


def test_who_reached_the_gate_has_not_stopped() -> None:
    """After the gate nobody must do more, so silence is no stopping."""
    assert counts(person(1, *COMPONENTS, days=7), "clinic-2")[2:] == (0, 0)


def test_deadline_ends_the_way() -> None:
    """Once the deadline has passed, who is short of the gate has stopped, though seen the day before."""
    facts = [*person(1, "module-1"), make(ActivitySeen(), at(170), "e-1", "p-1")]
    assert [counts(facts, "module-1", day)[3] for day in (date(2026, 3, 7), date(2026, 3, 8))] == [0, 1]


def test_completion_taken_back_was_not_done() -> None:
    """Who had a completion taken back stopped at the step before it."""
    facts = [
        *person(1, "module-1", "module-2", days=5),
        make(ComponentReopened(component="module-2"), at(6), "e-1", "p-1"),
    ]
    assert counts(facts, "module-1") == (1, 1, 0, 1)


def test_due_counts_the_plan() -> None:
    """A component is due for everybody whose plan had it due before the day, whatever they did."""
    facts = [*person(1), *person(2, "module-1")]
    assert [int(step(facts, each, date(2025, 9, 22))["due"]) for each in ("module-2", "module-3")] == [2, 0]


def test_finding_names_the_step() -> None:
    """The finding names the component after which most stopped, and their share of those who came so far."""
    facts = [fact for number in range(3) for fact in person(number, "module-1", days=7)] + person(3, days=7)
    answer = where_they_stop(warehouse([*facts, *person(4, "module-2")], as_of=DAY))
    title = SMALL.programme("small/course").components[ORDER.index("module-1")].title
    assert answer.finding == (
        f"Of 5 participants 4 have stopped; most of them after {title} (module-1), where 3 (75.0 % of those who came "
        "so far) did nothing further."
    )
    assert answer.chart is not None
    assert answer.chart.bars is not None


def test_more_than_one_programme_is_refused_with_their_names() -> None:
    """Steps of two programmes cannot be mixed: the error names both, and a filter helps."""
    other = enrolled(at(-3), "e-2", "p-2", programme="ambition-2024/npqsl", intake="2025-autumn")
    connection = warehouse([*person(1), other], as_of=DAY)
    with pytest.raises(QuestionError, match="ambition-2024/npqsl, small/course"):
        where_they_stop(connection)
    assert len(where_they_stop(connection, Filters(programme="small/course")).frame) == 12


def test_nobody_is_an_empty_answer() -> None:
    """An empty selection gives a frame with all columns, a finding that says so, and no chart."""
    answer = where_they_stop(warehouse(person(1), as_of=DAY), Filters(partner="none"))
    assert (len(answer.frame), list(answer.frame.columns), answer.chart) == (0, list(COLUMNS), None)
    assert "Nobody" in answer.finding


def test_counts_add_up_over_any_lives(tmp_path: Path) -> None:
    """Everybody passes step 0, nobody comes further than before, and who stops came so far."""
    curriculum = own_programmes(tmp_path)
    facts = lives(8, 800, curriculum)
    connection = warehouse(facts, curriculum, as_of=date(2026, 3, 13))
    frame = where_they_stop(connection, Filters(programme="small/course")).frame
    [(people,)] = connection.execute("SELECT count(*) FROM dim_enrolment WHERE programme = 'small/course'").fetchall()
    assert frame["came_so_far"].iloc[0] == people > 0
    assert frame["came_so_far"].is_monotonic_decreasing
    assert (frame["did"] <= frame["came_so_far"]).all()
    assert (frame["stopped"] <= frame["came_so_far"] - frame["came_so_far"].shift(-1, fill_value=0)).all()
    assert frame["stopped"].sum() > 0


def test_doubled_facts_change_nothing(tmp_path: Path) -> None:
    """Every fact twice, in another order, gives the same funnel."""
    curriculum, as_of, only = own_programmes(tmp_path), date(2026, 3, 13), Filters(programme="small/course")
    facts = lives(9, 400, curriculum)
    once = where_they_stop(warehouse(facts, curriculum, as_of=as_of), only).frame
    twice = where_they_stop(warehouse([*reversed(facts), *facts], curriculum, as_of=as_of), only).frame
    assert len(once)
    assert once.equals(twice)
