"""The weeks of the back-test: who is in them, and answers from what had happened by then and nothing else."""

from pathlib import Path

import pytest

from bench.early_warning import back_test
from bench.early_warning_weeks import Week
from learning.policy import LEVELS
from tests.early_warning_kit import FILES, SILENCE_ONLY, edited, weeks_of, written


def flagged_days(weeks: dict[int, dict[int, Week]]) -> dict[int, list[int]]:
    """By learner, the days with a flag."""
    return {
        student: [day for day, week in sorted(of.items()) if LEVELS[week.level] == "at-risk"]
        for student, of in sorted(weeks.items())
    }


def test_a_week_holds_who_is_registered_and_not_gone(folder: Path) -> None:
    """Registered on or before the day and not unregistered by it; who left before the first day is in no week."""
    weeks = weeks_of(folder)

    assert {student: (min(of), max(of)) for student, of in weeks.items()} == {
        1: (14, 70),
        2: (14, 35),
        3: (14, 56),
        4: (14, 70),
        5: (21, 70),
        7: (14, 14),
        8: (14, 70),
    }


def test_flags_are_those_of_the_policy(folder: Path) -> None:
    """A learner has a flag on the days on which the policy says at risk, from the day after work was due."""
    assert flagged_days(weeks_of(folder)) == {
        1: [],
        2: [14, 21, 28, 35],
        3: [35, 42, 49, 56],
        4: list(range(14, 71, 7)),
        5: [],
        7: [],
        8: list(range(14, 71, 7)),
    }


def test_the_other_rule_asks_for_a_sign_of_life_and_seven_days_without(folder: Path) -> None:
    """Seen once, silent for seven days, not through: who was never seen is left out, and so is who has done all."""
    silent = {
        student: [day for day, week in sorted(of.items()) if week.silent] for student, of in weeks_of(folder).items()
    }

    assert {student: days for student, days in silent.items() if days} == {
        1: [21, 28, 42, 49],
        3: [21, 28, 35, 42, 49, 56],
        5: [42, 49, 63, 70],
    }


@pytest.mark.parametrize("day", [14, 21, 35, 56, 70])
def test_no_answer_sees_a_later_row(folder: Path, tmp_path: Path, day: int) -> None:
    """Without any row of the day or later the answers of that day are the same, for every learner."""

    def until(name: str, row: dict[str, str]) -> dict[str, str] | None:
        if name == "studentAssessment.csv" and int(row["date_submitted"]) >= day:
            return None
        if name == "studentRegistration.csv":
            if int(row["date_registration"] or 0) > day:
                return None
            if row["date_unregistration"] and int(row["date_unregistration"]) > day:
                return {**row, "date_unregistration": ""}
        return row

    whole, cut = weeks_of(folder), weeks_of(written(tmp_path / "cut", edited(until)))

    answers = {student: of[day] for student, of in whole.items() if day in of}
    assert answers
    assert {student: of[day] for student, of in cut.items() if day in of} == answers


def test_the_rules_never_open_what_says_who_the_learners_are(folder: Path) -> None:
    """Without studentInfo the rules give the same answers."""
    before = weeks_of(folder)
    (folder / "studentInfo.csv").unlink()

    assert weeks_of(folder) == before


def test_shuffled_groups_change_no_figure_of_a_rule(folder: Path, tmp_path: Path) -> None:
    """Who is called what in studentInfo has no bearing on flags."""
    lines = FILES["studentInfo.csv"].splitlines()
    others = iter([line.split(",")[3:7] for line in [*lines[5:], *lines[1:5]]])

    def swap(name: str, row: dict[str, str]) -> dict[str, str]:
        columns = ("gender", "age_band", "imd_band", "disability")
        return {**row, **dict(zip(columns, next(others), strict=True))} if name == "studentInfo.csv" else row

    shuffled = written(tmp_path / "shuffled", edited(swap))

    assert (shuffled / "studentInfo.csv").read_text(encoding="utf-8") != FILES["studentInfo.csv"]
    assert back_test(shuffled, "2013J", SILENCE_ONLY)["labels"] == back_test(folder, "2013J", SILENCE_ONLY)["labels"]


def test_weeks_end_where_one_wants(folder: Path) -> None:
    """With a last week, later learner-weeks are not looked at."""
    found = back_test(folder, "2013J", SILENCE_ONLY, weeks=4)

    assert found["rows"] == 6 + 6 + 6


def test_visits_count_as_activity_when_they_are_asked_for(folder: Path) -> None:
    """Who visits the platform is not silent; without `visits` nobody looks."""
    header = "code_module,code_presentation,id_student,id_site,date,sum_click\n"
    visits = "".join(f"AAA,2013J,4,1,{day},1\n" for day in range(10, 70))
    (folder / "studentVle.csv").write_text(header + visits, encoding="utf-8")

    without = back_test(folder, "2013J", SILENCE_ONLY)["labels"]["withdraws_within_28_days"]["policy"]
    with_them = back_test(folder, "2013J", SILENCE_ONLY, visits=True)["labels"]["withdraws_within_28_days"]["policy"]

    assert (without["flagged"], with_them["flagged"]) == (26, 26 - 9)
