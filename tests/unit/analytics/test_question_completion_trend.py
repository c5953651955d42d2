"""Completion of a fixed group between two days: hand-made lives, and the house's own measure as the oracle."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analytics.filters import Filters
from analytics.questions.cohorts import QuestionError
from analytics.questions.completion_trend import COLUMNS, completion_trend
from learning.doings import Doings
from learning.events import Fact
from learning.facts import ComponentReopened, Deferred, Resumed, Withdrawn
from learning.plan import start_of
from learning.progress import fold_all
from learning.standing import standing
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.fact_lives import lives, own_programmes

FIRST, LAST = date(2025, 9, 15), date(2025, 10, 6)


def test_trend_of_a_hand_made_group() -> None:
    """Each weekly day has the mean of what was done before it, the plan, and the lag in study weeks."""
    facts = [
        enrolled(at(-3), "e-1", "p-1"),
        enrolled(at(-3), "e-2", "p-2"),
        completed("module-1", at(2), enrolment="e-1"),
        completed("module-2", at(9), enrolment="e-1"),
        completed("module-1", at(16), enrolment="e-2"),
    ]
    frame = completion_trend(warehouse(facts, as_of=LAST), since=FIRST, until=LAST).frame
    assert frame["day"].tolist() == [FIRST + timedelta(weeks=number) for number in range(4)]
    assert frame["enrolments"].tolist() == [2] * 4
    assert frame["completion"].tolist() == pytest.approx([0.05, 0.1, 0.15, 0.15])
    assert frame["expected"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.5])
    assert frame["lag_weeks"].tolist() == pytest.approx([0.5, 1, 1.5, 2.5])


def test_group_stays_the_same() -> None:
    """Who leaves stays in the mean and is counted as left; who joins later is not in it."""
    gone = Withdrawn(reason="other", effective=date(2025, 9, 24), signed_off_by="partner-1")
    facts = [
        enrolled(at(-3), "e-1", "p-1"),
        enrolled(at(-3), "e-2", "p-2"),
        enrolled(at(9), "e-3", "p-3"),
        *(completed(each, at(3), enrolment="e-1") for each in COMPONENTS[:4]),
        make(gone, at(16), "e-2", "p-2"),
    ]
    frame = completion_trend(warehouse(facts, as_of=LAST), since=FIRST).frame
    assert frame["enrolments"].tolist() == [2] * 4
    assert frame["left"].tolist() == [0, 0, 1, 1]
    assert frame["completion"].tolist() == pytest.approx([0.2] * 4)


def test_who_is_paused_on_the_first_day_is_not_in_the_group() -> None:
    """The group is who was studying when the trend begins."""
    facts = [
        enrolled(at(-3)),
        make(Deferred(reason="other"), at(1)),
        make(Resumed(), at(9)),
    ]
    connection = warehouse(facts, as_of=LAST)
    assert len(completion_trend(connection, since=FIRST).frame) == 0
    assert completion_trend(connection, since=date(2025, 9, 18)).frame["enrolments"].max() == 1


def test_completion_taken_back_counts_until_then() -> None:
    """What is taken back between the two days counts on the first and not on the last."""
    facts = [enrolled(at(-3)), completed("module-1", at(1)), make(ComponentReopened(component="module-1"), at(15))]
    frame = completion_trend(warehouse(facts, as_of=LAST), since=FIRST).frame
    assert frame["completion"].tolist() == [0.1, 0.1, 0, 0]


def test_long_trend_has_few_days_and_ends_on_the_last() -> None:
    """Two years are measured at most 27 times, whole weeks apart, and on the last day in any case."""
    last = date(2027, 9, 1)
    facts = [enrolled(at(-30))]
    days = completion_trend(warehouse(facts, as_of=last), since=date(2025, 9, 1), until=last).frame["day"].tolist()
    assert (days[0], days[-1]) == (date(2025, 9, 1), last)
    assert len(days) <= 27
    assert {(after - before).days for before, after in pairwise(days[:-1])} == {35}


def test_finding_says_the_change() -> None:
    """The finding gives both means, both plans and how the lag changed."""
    facts = [enrolled(at(-3)), completed("module-1", at(2)), completed("module-2", at(16))]
    finding = completion_trend(warehouse(facts, as_of=LAST), since=FIRST, until=LAST).finding
    assert finding == (
        "Mean completion of the same 1 participants went from 10.0 % on 2025-09-15 to 20.0 % on 2025-10-06, where "
        "the plan went from 10.0 % to 50.0 %; they are 2.0 study weeks behind (+2.0)."
    )


def test_days_that_cannot_be_compared_are_refused() -> None:
    """A last day before the first, or one that nothing is known of, is refused with what to choose."""
    connection = warehouse([enrolled(at(-3))], as_of=LAST)
    with pytest.raises(QuestionError, match="first day before the last"):
        completion_trend(connection, since=LAST, until=FIRST)
    with pytest.raises(QuestionError, match="choose 2025-10-06 or an earlier day"):
        completion_trend(connection, since=FIRST, until=date(2025, 10, 7))


def test_nobody_is_an_empty_answer() -> None:
    """An empty selection gives a frame with all columns, a finding that says so, and no chart."""
    answer = completion_trend(warehouse([enrolled(at(-3))], as_of=LAST), Filters(intake="none"))
    assert (len(answer.frame), list(answer.frame.columns), answer.chart) == (0, list(COLUMNS), None)
    assert "Nobody" in answer.finding


def test_trend_equals_plain_python(tmp_path: Path) -> None:
    """Over contradictory lives, mean completion, plan and lag of every day equal those worked out one by one."""
    curriculum, as_of, since = own_programmes(tmp_path), date(2026, 3, 13), date(2025, 11, 3)
    facts = lives(5, 800, curriculum)
    frame = completion_trend(warehouse(facts, curriculum, as_of=as_of), since=since).frame
    own = defaultdict[str, list[Fact]](list)
    for each in facts:
        if each.time < start_of(as_of):
            own[each.subject].append(each)
    for row in frame.to_dict("records"):
        measured = []
        for life in own.values():
            state = fold_all(life)
            now = standing(state, as_of)
            if now is None or _status_on(state.life, now.enrolled_on, since - timedelta(days=1), as_of) != "active":
                continue
            plan = curriculum.plan(now.programme, now.intake)
            points = sum(
                flip for when, flip, _ in Doings(state, plan.programme.points).flips if when < start_of(row["day"])
            )
            total = plan.programme.total_points
            lag = max(0, plan.weeks_done(row["day"]) - plan.week_reached(points))
            measured.append((points / total, plan.expected_points(row["day"]) / total, lag))
        means = [sum(column) / len(measured) for column in zip(*measured, strict=True)]
        assert row["enrolments"] == len(measured)
        assert [row["completion"], row["expected"], row["lag_weeks"]] == pytest.approx(means)


def _status_on(life: list[Any], enrolled_on: date, day: date, as_of: date) -> str | None:
    """The status on a day: each word, in order, ends what was said to hold then or later."""
    if day < enrolled_on:
        return None
    status = "active"
    for noted in life:
        match noted.data:
            case Deferred() | Resumed():
                since, said = noted.time.date(), "deferred" if isinstance(noted.data, Deferred) else "active"
            case Withdrawn(effective=effective) if effective <= as_of:
                since, said = effective, "withdrawn"
            case _:
                continue
        if max(since, enrolled_on) <= day:
            status = said
    return status


def test_doubled_facts_change_nothing(tmp_path: Path) -> None:
    """Every fact twice, in another order, gives the same trend."""
    curriculum, as_of = own_programmes(tmp_path), date(2026, 3, 13)
    facts = lives(6, 400, curriculum)
    once = completion_trend(warehouse(facts, curriculum, as_of=as_of)).frame
    twice = completion_trend(warehouse([*reversed(facts), *facts], curriculum, as_of=as_of)).frame
    assert len(once)
    assert once.equals(twice)
