"""The back-test as a program: figures as JSON or as tables, and faults in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.early_warning import main
from tests.early_warning_kit import FILES


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
