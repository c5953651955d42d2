"""The figures of the back-test are those that a person can work out by hand."""

from pathlib import Path

import pytest

from bench.early_warning import back_test
from bench.early_warning_figures import LABELS, Case, Counts, fairness, interval, ranked
from bench.early_warning_outcomes import Outcome
from bench.early_warning_weeks import Learner, Week
from tests.early_warning_kit import FILES, SILENCE_ONLY, written


@pytest.mark.parametrize(
    ("label", "rule", "expected"),
    [
        ("withdraws_within_28_days", "policy", (47, 9, 26, 8, 25.5)),
        ("withdraws_within_28_days", "silent_7_days", (47, 9, 14, 4, 39)),
        ("fails_or_withdraws", "policy", (47, 30, 26, 26, 26)),
        ("fails_or_withdraws", "silent_7_days", (47, 30, 14, 6, 39)),
    ],
)
def test_figures_are_those_worked_out_by_hand(folder: Path, label: str, rule: str, expected: tuple[float, ...]) -> None:
    """Learner-weeks, true, flagged, both, and the median notice of first flags, and what follows from them."""
    rows, true, flagged, both, notice = expected

    found = back_test(folder, "2013J", SILENCE_ONLY)["labels"][label][rule]

    assert (found["rows"], found["true"], found["flagged"], found["true_flagged"]) == (rows, true, flagged, both)
    assert found["flagged_share"] == pytest.approx(flagged / rows)
    assert found["precision"] == pytest.approx(both / flagged)
    assert found["recall"] == pytest.approx(both / true)
    assert found["base_rate"] == pytest.approx(true / rows)
    assert found["lift"] == pytest.approx((both / flagged) / (true / rows))
    assert found["notice_days_median"] == notice


def test_a_withdrawal_counts_from_the_day_after_the_cut_off_to_the_28th() -> None:
    """Who leaves on day 60 withdraws within 28 days as of the days 32 to 59."""
    holds = LABELS["withdraws_within_28_days"].holds

    assert [holds(Week(day, 0, 0, silent=False), Outcome(60, "Withdrawn")) for day in (31, 32, 59, 60)] == [
        False,
        True,
        True,
        False,
    ]


def test_any_presentation_code_is_accepted(tmp_path: Path) -> None:
    """The figures do not hang on the code, nor on the year it stands for."""
    renamed = {name: text.replace("2013J", "2031D") for name, text in FILES.items()}

    found = back_test(written(tmp_path / "renamed", renamed), "2031D", SILENCE_ONLY)

    counted = found["labels"]["withdraws_within_28_days"]["policy"]
    assert (found["rows"], found["learners"], counted["flagged"], counted["true_flagged"]) == (47, 7, 26, 8)


def test_many_processes_say_what_one_says(folder: Path) -> None:
    """The answers do not depend on how the work is shared out."""
    assert back_test(folder, "2013J", SILENCE_ONLY, processes=2) == back_test(folder, "2013J", SILENCE_ONLY)


def test_a_budget_is_spent_from_the_top_and_equals_share_alike() -> None:
    """Of learner-weeks with the same points, a part is expected to be flagged: precision is that of the part."""
    leaves, stays = Outcome(20, "Withdrawn"), Outcome(None, "Pass")
    cases = [
        Case(Learner("p", number, (Week(14, 0, points, silent=False),)), outcome, 70)
        for number, (points, outcome) in enumerate([(9, leaves), (5, leaves), (5, stays), (0, stays)])
    ]

    found = ranked(cases, LABELS["withdraws_within_28_days"], [0.25, 0.5, 1.0])

    assert [each["precision"] for each in found.values()] == [1, 0.75, 0.5]


def test_the_interval_of_the_lift_holds_it_and_is_the_same_every_time() -> None:
    """Learners are drawn with a fixed seed."""
    counted = [Counts(10, 2, 2, 1)] * 20 + [Counts(10, 1, 1, 0)] * 20

    low, high = interval(counted) or (0, 0)

    assert low < Counts(400, 60, 60, 20).lift < high  # type: ignore[operator]  # there is a lift
    assert interval(counted) == [low, high]


def test_groups_are_compared_and_small_ones_are_left_out() -> None:
    """How often it is flagged, how often rightly, who left without a flag; groups under 50 learners are not shown."""
    flagged, free = Week(14, 2, 2, silent=False), Week(14, 0, 0, silent=False)
    cases = [
        Case(Learner("p", number, (flagged if number % 2 else free,)), Outcome(20 if number < 10 else None, "-"), 70)
        for number in range(60)
    ]
    groups = {"gender": {("p", number): "F" if number < 50 else "M" for number in range(60)}}

    found = fairness(cases, groups)

    assert found == {
        "gender": {
            "F": {
                "learners": 50,
                "withdrawers": 10,
                "flag_rate": 0.5,
                "miss_rate": 0.5,
                "precision": 0.2,
                "base_rate": 0.2,
            }
        }
    }
