"""`engagement at-risk`: who is to be called, the worst first, with reasons in figures and in words."""

from datetime import date
from pathlib import Path

import pytest

from tests.builders import SMALL_FILE, enrolled
from tests.command_line import Cli
from tests.risk_commands_kit import DAYS, register


def test_the_register_lists_flags_the_worst_first(cli: Cli) -> None:
    """At risk and critical by default; whoever is on watch only when asked for."""
    assert register(cli) == [("e-3", "critical"), ("e-2", "at-risk")]
    assert register(cli, "--level", "watch") == [("e-4", "watch")]
    assert register(cli, "--level", "critical") == [("e-3", "critical")]


@pytest.mark.parametrize(
    ("arguments", "enrolments"),
    [
        (("--partner", "partner-2"), ["e-2"]),
        (("--programme", "small/course", "--intake", "autumn", "--provider", "provider-1"), ["e-3", "e-2"]),
        (("--stage", "raised"), ["e-3", "e-2"]),
        (("--stage", "contacted"), []),
        (("--limit", "1"), ["e-3"]),
        (("--long-silent",), ["e-3"]),
        (("--long-silent", "--partner", "partner-2"), []),
    ],
    ids=lambda value: " ".join(value) or "nobody",
)
def test_the_register_can_be_narrowed(cli: Cli, arguments: tuple[str, ...], enrolments: list[str]) -> None:
    """By where somebody is, by what was done about the flag, to the worst, and to who is silent for long."""
    assert [enrolment for enrolment, _ in register(cli, *arguments)] == enrolments


def test_a_row_has_its_reasons_as_data_and_in_words(cli: Cli) -> None:
    """Figures with their thresholds, ratios from 0 to 1, days in ISO, and sentences."""
    [_, row] = cli("at-risk", "--json").data

    assert (row["level"], row["points"], row["as_of"]) == ("at-risk", 4, "2025-10-06")
    assert date.fromisoformat(row["since"]) in DAYS
    assert row["completion"] == pytest.approx(0.2)
    behind = next(each for each in row["reasons"] if each["signal"] == "behind")
    assert (behind["figure"], behind["threshold"], behind["points"]) == (2.0, 2.0, 2)
    assert behind["inputs"]["completion"] == pytest.approx(0.2)
    assert "Behind the plan by 2 study weeks" in behind["sentence"]
    assert behind["remedy"].startswith("Completing what was due")


def test_the_table_says_why_and_who_else_there_is(cli: Cli) -> None:
    """Sentences stand below the rows; watch and long silence are counted."""
    ran = cli("at-risk")

    assert "Silent for" in ran.out
    assert "partner-2" in ran.out
    assert "On watch: 1" in ran.err
    assert "rather than another call: 1" in ran.err


def test_an_empty_register_is_said_in_a_sentence(cli: Cli) -> None:
    """Nobody of a partner is flagged at a stage: no table, no error."""
    ran = cli("at-risk", "--partner", "partner-1", "--stage", "contacted")

    assert (ran.code, ran.out) == (0, "")
    assert "Nobody is at risk or critical with a flag that is contacted." in ran.err


def test_a_longer_table_is_cut_and_says_so(cli: Cli) -> None:
    """Whoever sees a part of the register knows it."""
    assert "These are 1 of 2" in cli("at-risk", "--limit", "1").err


def test_before_any_day_nobody_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given facts and no day, the register says what is missing."""
    monkeypatch.chdir(tmp_path)
    line = Cli(tmp_path / "data")
    programmes = line.folder / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE)
    line.send(enrolled())
    line("rebuild")

    assert "no day has started" in line("at-risk").err
    assert "was not looked at yet" in line("explain", "e-1").err
    assert line("at-risk", "--json").data == []
