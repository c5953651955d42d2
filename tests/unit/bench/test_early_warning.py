"""The back-test: figures that a person can work out by hand, from what had happened by then and nothing else."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.early_warning import back_test, learner_weeks, main
from bench.early_warning_figures import LABELS, Case, Counts, fairness, interval, ranked
from bench.early_warning_outcomes import Outcome, module_days
from bench.early_warning_weeks import Learner, Week
from learning.policy import LEVELS, Policies, parse_policy

POLICY = """
version = "silence-only"
in_force = 2000-01-01
hold_days = 1
excused_days = 0

[levels]
watch = 1
at-risk = 2
critical = 3

[signals]
silent = [{ from = 0, points = 2 }]
"""
SILENCE_ONLY = Policies((parse_policy(POLICY, "test.toml"),))

FILES = {
    "courses.csv": """code_module,code_presentation,module_presentation_length
AAA,2013J,70
BBB,2014B,70
""",
    "assessments.csv": """code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,101,TMA,10,30
AAA,2013J,102,TMA,30,30
AAA,2013J,103,TMA,50,40
BBB,2014B,201,TMA,10,100
""",
    "studentRegistration.csv": """code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,1,-20,
AAA,2013J,2,-20,40
AAA,2013J,3,-20,60
AAA,2013J,4,-20,
AAA,2013J,5,20,
AAA,2013J,6,-20,14
AAA,2013J,7,14,21
AAA,2013J,8,,
BBB,2014B,1,-20,
""",
    "studentAssessment.csv": """id_assessment,id_student,date_submitted,is_banked,score
101,1,9,0,70
102,1,29,0,70
103,1,49,0,70
101,3,9,0,70
102,5,29,0,70
103,5,49,0,70
""",
    "studentInfo.csv": """code_module,code_presentation,id_student,gender,age_band,imd_band,disability,final_result
AAA,2013J,1,F,0-35,0-10%,N,Pass
AAA,2013J,2,F,0-35,10-20,N,Withdrawn
AAA,2013J,3,M,35-55,?,Y,Withdrawn
AAA,2013J,4,F,0-35,0-10%,N,Fail
AAA,2013J,5,M,35-55,10-20,N,Pass
AAA,2013J,6,M,0-35,0-10%,Y,Withdrawn
AAA,2013J,7,F,0-35,,N,Withdrawn
AAA,2013J,8,M,55<=,0-10%,N,Withdrawn
BBB,2014B,1,F,0-35,0-10%,N,Pass
""",
}
"""Weeks are looked at on the days 14, 21 ... 70. By what is due and done, silence holds for

learner 1 never (all done); 2 on days 14 to 35, then gone; 3 from day 35 to 56, then gone; 4 and 8 from day 14 on; 5
never (what was due before joining is not asked); 6 is gone on day 14 and is in no week; 7 is in one week, on the very
day of registration.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the eight learners."""
    return written(tmp_path / "oulad", FILES)


def written(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def edited(edit: Callable[[str, dict[str, str]], dict[str, str] | None]) -> dict[str, str]:
    """The files with every row edited, or left out where the answer is None."""
    files = {}
    for name, text in FILES.items():
        reader = csv.DictReader(io.StringIO(text))
        out = io.StringIO()
        writer = csv.DictWriter(out, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(row for each in reader if (row := edit(name, each)) is not None)
        files[name] = out.getvalue()
    return files


def weeks_of(folder: Path, presentation: str = "2013J") -> dict[int, dict[int, Week]]:
    """By learner and day, what was said."""
    learners = learner_weeks(folder, presentation, SILENCE_ONLY, module_days(folder, presentation))
    return {each.student: {week.day: week for week in each.weeks} for each in learners}


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


def test_any_presentation_code_is_accepted(tmp_path: Path) -> None:
    """The figures do not hang on the code, nor on the year it stands for."""
    renamed = {name: text.replace("2013J", "2031D") for name, text in FILES.items()}

    found = back_test(written(tmp_path / "renamed", renamed), "2031D", SILENCE_ONLY)

    counted = found["labels"]["withdraws_within_28_days"]["policy"]
    assert (found["rows"], found["learners"], counted["flagged"], counted["true_flagged"]) == (47, 7, 26, 8)


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


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the program."""
    code = main([*arguments, "--processes", "1"])
    out, err = capsys.readouterr()
    return code, out, err


def test_json_has_the_promised_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each label and rule has share, precision, recall, lift, base rate and notice."""
    code, out, _ = answer(capsys, "--data", str(folder), "--presentation", "2013J", "--json")

    found: dict[str, Any] = json.loads(out)
    assert code == 0
    assert found["labels"].keys() == {"withdraws_within_28_days", "fails_or_withdraws"}
    for rules in found["labels"].values():
        assert rules.keys() == {"policy", "silent_7_days"}
        for each in rules.values():
            assert {"flagged_share", "precision", "recall", "lift", "base_rate", "notice_days_median"} <= each.keys()


def test_tables_have_both_rules_the_groups_and_the_credit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json people can read it, and whose data it is."""
    code, out, _ = answer(capsys, "--data", str(folder), "--presentation", "2013J")

    assert code == 0
    assert "seen once, silent 7 days" in out
    assert "By imd_band" in out
    assert "10.1038/sdata.2017.171" in out


@pytest.mark.parametrize(
    ("missing", "arguments", "says"),
    [
        ("", ["--presentation", "2014J"], "no presentation 2014J; it has 2013J, 2014B"),
        ("courses.csv", [], "has no courses.csv"),
        ("studentAssessment.csv", [], "has no studentAssessment.csv"),
        ("studentInfo.csv", [], "has no studentInfo.csv"),
        ("", ["--policy", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], missing: str, arguments: list[str], says: str
) -> None:
    """An unknown code, a folder that is not OULAD's, a policy file that is not there: no traceback, exit code 1."""
    if missing:
        (folder / missing).unlink()

    code, out, err = answer(capsys, "--data", str(folder), "--presentation", "2013J", "--json", *arguments)

    assert (code, out) == (1, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_learner_without_a_result_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A partial copy of the data set gives no figures that look whole."""
    text = FILES["studentInfo.csv"].replace("AAA,2013J,4,F,0-35,0-10%,N,Fail\n", "")
    (folder / "studentInfo.csv").write_text(text, encoding="utf-8")

    code, _, err = answer(capsys, "--data", str(folder), "--presentation", "2013J")

    assert (code, "no final_result of 1 learner" in err) == (1, True)
