"""The commands of risk: who is to be called, why, what was done about it, and what another policy would do."""

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from tests.builders import SMALL_FILE, at, completed, enrolled
from tests.command_line import Cli

POLICY = """
version = "tests"
in_force = 2001-01-01
hold_days = 1
excused_days = 0

[levels]
watch = 1
at-risk = 2
critical = 5

[signals]
silent = [{ from = 1, points = 2 }, { from = 3, points = 1 }]
behind = [{ from = 1, points = 1 }, { from = 2, points = 2 }, { from = 4, points = 4 }]

[[provider]]
id = "provider-2"
signals = { behind = [] }
"""
"""Two signals; a silence of three study weeks is a long one."""

CANDIDATE = POLICY.replace('"tests"', '"bolder"').replace("2001-01-01", "2030-01-01")
CANDIDATE = CANDIDATE.replace("watch = 1", "watch = 0").replace("at-risk = 2", "at-risk = 1")
"""Flags whoever was on watch, and comes into force years later."""

DAYS = [date(2025, 9, 15), date(2025, 9, 22), date(2025, 9, 29), date(2025, 10, 6)]


NOON = datetime(2025, 10, 6, 12, tzinfo=UTC)
"""From then on, each call of a command is a second later."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four study weeks of one who keeps up, one of whom a completion is told late, one who is silent, one on watch."""
    line = Cli(tmp_path_factory.mktemp("risk") / "data")
    for folder, name, text in (("programmes", "small.toml", SMALL_FILE), ("policies", "tests.toml", POLICY)):
        (line.folder / folder).mkdir(parents=True)
        (line.folder / folder / name).write_text(text)
    done = [completed(f"module-{number}", at(number * 7 - 1), participant="p-1") for number in range(1, 5)]
    line.send(enrolled(), *done, completed("clinic-1", at(25), participant="p-1"))
    line.send(enrolled(enrolment="e-2", participant="p-2", partner="partner-2"))
    line.send(completed("module-1", at(6), enrolment="e-2", participant="p-2"))
    line.send(enrolled(enrolment="e-3", participant="p-3"), enrolled(enrolment="e-4", participant="p-4"))
    line.send(*(completed(f"module-{each}", at(27), enrolment="e-4", participant="p-4") for each in (1, 2, 3)))
    start(line, *DAYS[:3])
    line.send(completed("module-2", at(13), enrolment="e-2", participant="p-2"))
    start(line, DAYS[3])
    assert line("rebuild").code == 0
    return line.folder


@pytest.fixture
def cli(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a copy of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")
    seconds = count()
    monkeypatch.setattr("engagement.commands.flags.utc_now", lambda: NOON + timedelta(seconds=next(seconds)))
    return Cli(Path(shutil.copytree(filled, tmp_path / "data", symlinks=True)))


def start(line: Cli, *days: date) -> None:
    """Start these days on the log."""
    with Wiring(Settings(data_dir=line.folder)).log_to_append() as log:
        for day in days:
            start_day(log, day, start_of(day))


def in_one_line(text: str) -> str:
    """Words without the breaks and frames that a terminal puts between them."""
    return " ".join(text.replace("│", " ").split())


def register(cli: Cli, *arguments: str) -> list[tuple[str, str]]:
    """Who is on the register, and at which level."""
    return [(row["enrolment"], row["level"]) for row in cli("at-risk", *arguments, "--json").data]


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


def test_an_explanation_has_figures_thresholds_and_a_remedy(cli: Cli) -> None:
    """Level, points, since when, and of each reason what was measured and what would clear it."""
    out = cli("explain", "p-3").out

    assert "critical since" in out
    assert "4, counts from 4" in out
    assert "Would clear it" in out
    assert "raised: nobody has noted anything about it yet" in out
    assert "tests" in out


def test_signals_that_are_no_reason_are_listed(cli: Cli) -> None:
    """One who keeps up is on track, and both signals were looked at."""
    data = cli("explain", "e-1", "--json").data

    assert (data["level"], data["reasons"], data["no_reason"]) == ("on-track", [], ["silent", "behind"])
    assert "silent, behind the plan" in cli("explain", "e-1").out


def test_a_past_day_is_explained_twice_with_what_makes_the_difference(cli: Cli) -> None:
    """Given a completion that came late, the flag of then is gone now, and the completion is named."""
    data = cli("explain", "e-2", "--as-of", "2025-09-30", "--json").data

    assert (data["asked"], data["day"], data["agrees"]) == ("2025-09-30", "2025-09-29", True)
    assert (data["as_known_then"]["level"], data["as_known_now"]["level"]) == ("at-risk", "watch")
    assert data["decided"]["level"] == "at-risk"
    assert [each["component"] for each in data["learned_later"]] == ["module-2"]
    ran = cli("explain", "e-2", "--as-of", "2025-09-30")
    assert "the latest day that had started is 29 Sep 2025" in ran.err
    assert "Facts that make the difference" in ran.out


def test_the_same_answers_are_said_to_be_the_same(cli: Cli) -> None:
    """Where nothing came late, there is no list of facts."""
    ran = cli("explain", "e-1", "--as-of", "2025-09-29")

    assert "Everything that had happened by then was known then" in ran.err
    assert "Facts that make the difference" not in ran.out


def test_a_policy_that_was_changed_after_the_fact_is_not_hidden(cli: Cli) -> None:
    """Given a policy file edited without a rebuild, what was decided stands beside what the file says now."""
    file = cli.folder / "policies" / "tests.toml"
    file.write_text(POLICY.replace("at-risk = 2", "at-risk = 8").replace("critical = 5", "critical = 9"))
    ran = cli("explain", "e-2", "--as-of", "2025-09-29")

    assert "The history says otherwise: at-risk" in ran.err
    assert cli("explain", "e-2", "--as-of", "2025-09-29", "--json").data["agrees"] is False


def test_show_has_level_and_flag_in_a_line(cli: Cli) -> None:
    """The story of an enrolment says at once whether somebody is to act."""
    assert "critical since" in cli("show", "e-3").out
    assert "flag raised" in cli("show", "e-3").out
    assert cli("show", "e-3", "--json").data["risk"]["level"] == "critical"


STEPS: list[tuple[list[str], dict[str, Any], str]] = [
    (["acknowledge"], {"by": "staff-1"}, "acknowledged"),
    (
        ["contact", "--channel", "phone", "--outcome", "no-answer"],
        {"channel": "phone", "outcome": "no-answer", "by": "staff-1"},
        "contacted",
    ),
    (["improving"], {"by": "staff-1"}, "improving"),
    (
        ["recommend-withdrawal", "--reason", "insufficient-capacity"],
        {"reason": "insufficient-capacity", "by": "staff-1"},
        "withdrawal-recommended",
    ),
]


@pytest.mark.parametrize(("arguments", "data", "stage"), STEPS, ids=[stage for *_, stage in STEPS])
def test_a_step_of_a_flag_becomes_a_fact_with_its_actor(
    cli: Cli, arguments: list[str], data: dict[str, Any], stage: str
) -> None:
    """What is noted stands on the log of its participant, and once processed the flag is at that stage."""
    verb, *rest = arguments
    ran = cli("flag", verb, "e-3", "--by", "staff-1", *rest, "--json")

    assert (ran.data["enrolment"], ran.data["participant"], ran.data["data"]) == ("e-3", "p-3", data)
    assert "engagement worker" in ran.err
    assert cli("rebuild").code == 0
    risk = cli("explain", "e-3", "--json").data
    assert (risk["stage"], risk["stage_by"], risk["level"]) == (stage, "staff-1", "critical")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["sign-off", "--reason", "other", "--effective", "2025-10-01"], "withdrawn"),
        (["defer", "--reason", "parental-leave", "--expected-return", "2026-09-01"], "deferred"),
    ],
    ids=["sign-off", "defer"],
)
def test_only_a_named_person_ends_or_pauses_an_enrolment(cli: Cli, arguments: list[str], status: str) -> None:
    """After the next day has started, the enrolment is withdrawn or deferred and the flag is gone."""
    verb, *rest = arguments
    assert cli("flag", verb, "e-3", "--by", "partner-1", *rest).code == 0
    start(cli, DAYS[3] + timedelta(days=1))
    cli("rebuild")

    assert cli("show", "e-3", "--json").data["status"] == status
    assert "e-3" not in [enrolment for enrolment, _ in register(cli)]


def test_notes_sort_by_time_and_are_never_taken_for_the_same(cli: Cli) -> None:
    """Two calls in a row are two facts, the ids in their order."""
    call = ["flag", "contact", "e-2", "--by", "staff-1", "--channel", "phone", "--outcome", "no-answer", "--json"]
    one, other = cli(*call).data, cli(*call).data

    assert one["id"] < other["id"]


def test_what_was_noted_and_what_comes_next_is_said(cli: Cli) -> None:
    """People read a sentence with what stands on the log now."""
    err = cli("flag", "acknowledge", "e-2", "--by", "staff-1").err

    assert "Noted of e-2: flag acknowledged (by staff-1), 06 Oct 2025 13:00." in err
    assert "engagement worker --until-caught-up" in err


def test_a_policy_is_shown_with_its_steps(cli: Cli) -> None:
    """Levels, what each signal measures, and where own policies go."""
    ran = cli("policy", "show")

    assert "from 1: 1, from 2: 2, from 4: 4" in ran.out
    assert "watch from 1 points, at-risk from 2" in ran.out
    assert str(cli.folder / "policies") in ran.err
    assert list(cli("policy", "show", "--provider", "provider-2", "--json").data["signals"]) == ["silent"]


def test_a_policy_file_can_be_copied(cli: Cli) -> None:
    """What --file prints is the file, and is right."""
    assert cli("policy", "show", "--file").out == POLICY
    shipped = cli(
        "policy", "show", "--file", "--version", cli("policy", "show", "--json").data["versions"][0]["version"]
    )
    copy = cli.folder / "copy.toml"
    copy.write_text(shipped.out.replace("2000-01-01", "2031-01-01").replace('version = "', 'version = "own-'))

    assert cli("policy", "check", copy).code == 0


def test_a_wrong_policy_file_is_named_with_its_fault(cli: Cli) -> None:
    """One wrong file does not keep the other from being checked; the command fails."""
    wrong, right = cli.folder / "wrong.toml", cli.folder / "right.toml"
    wrong.write_text(CANDIDATE.replace("watch = 0", "watch = 6"))
    right.write_text(CANDIDATE)
    ran = cli("policy", "check", wrong, right)

    assert ran.code == 1
    assert "bolder" in ran.out
    assert "wrong.toml: levels need more points" in in_one_line(ran.err)


def test_a_policy_for_days_that_are_decided_gets_a_warning(cli: Cli) -> None:
    """Its first day is not after the latest one; the file that decided those days gets none."""
    file = cli.folder / "early.toml"
    file.write_text(CANDIDATE.replace("2030-01-01", "2025-10-06"))

    assert "days up to 2025-10-06 are decided already" in cli("policy", "check", file).err
    assert cli("policy", "check").err == ""


def test_a_policy_that_contradicts_another_is_wrong(cli: Cli) -> None:
    """Two versions with the same first day cannot both be there."""
    file = cli.folder / "same.toml"
    file.write_text(CANDIDATE.replace("2030-01-01", "2001-01-01"))

    [check] = cli("policy", "check", file, "--json").data
    assert not check["ok"]
    assert "both come into force on 2001-01-01" in check["fault"]


def test_two_policies_are_compared_by_what_they_say(cli: Cli) -> None:
    """Against the version in force, and the other way round when both are named."""
    file = cli.folder / "bolder.toml"
    file.write_text(CANDIDATE.replace("signals = { behind = [] }", "hold_days = 9"))

    assert cli("policy", "diff", file, "--json").data == [
        {"provider": None, "what": "level watch", "before": "from 1", "after": "from 0"},
        {"provider": None, "what": "level at-risk", "before": "from 2", "after": "from 1"},
        {"provider": "provider-2", "what": "hold days", "before": "1", "after": "9"},
        {"provider": "provider-2", "what": "behind", "before": None, "after": "from 1: 1, from 2: 2, from 4: 4"},
    ]
    [first, *_] = cli("policy", "diff", file, "tests", "--json").data
    assert (first["before"], first["after"]) == ("from 0", "from 1")
    assert "level at-risk" in cli("policy", "diff", file).out
    assert "flag by the same rules" in cli("policy", "diff", "tests", "tests").err


def test_another_policy_is_tried_on_what_was_known(cli: Cli) -> None:
    """Given a candidate that flags at watch, those on watch are newly flagged; its first day does not matter."""
    file = cli.folder / "bolder.toml"
    file.write_text(CANDIDATE)
    data = cli("policy", "simulate", file, "--json").data

    assert data["days"] == [day.isoformat() for day in DAYS]
    assert (data["total"]["latest_now"], data["total"]["latest_then"]) == (2, 3)
    assert data["partners"]["partner-2"]["flagged_now"] == 1
    assert data["total"]["newly"] == len(data["newly"])
    ran = cli("policy", "simulate", file, "--since", "2025-10-06")
    assert "2 -> 3" in ran.out
    assert "Newly flagged: e-4." in ran.err


def test_a_simulation_changes_nothing(cli: Cli) -> None:
    """The register is the same afterwards."""
    file = cli.folder / "bolder.toml"
    file.write_text(CANDIDATE)
    before = cli("at-risk", "--json").out
    cli("policy", "simulate", file)

    assert cli("at-risk", "--json").out == before
    assert cli("verify").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["at-risk", "--partner", "partner-22"], 1, "did you mean partner-2"),
        (["at-risk", "--programme", "small/curse"], 1, "did you mean small/course?"),
        (["at-risk", "--level", "criticl"], 2, "did you mean critical"),
        (["at-risk", "--level", "on-track"], 2, "use one of watch, at-risk, critical"),
        (["at-risk", "--stage", "called"], 2, "is no stage of a flag"),
        (["at-risk", "--long-silent", "--level", "watch"], 2, "leave --level and --stage out"),
        (["explain", "e-33"], 1, "did you mean e-3"),
        (["explain", "e-1", "--as-of", "2026-01-01"], 1, "01 Jan 2026 has not started"),
        (["explain", "e-1", "--as-of", "2024-01-01"], 1, "the first day that started is 15 Sep 2025"),
        (["explain", "e-1", "--as-of", "last week"], 2, "--as-of"),
        (["flag", "acknowledge", "e-1", "--by", "staff-1"], 1, "e-1 has no flag: it is on track"),
        (["flag", "improving", "e-4", "--by", "staff-1"], 1, "e-4 has no flag: it is watch"),
        (["flag", "acknowledge", "e-9", "--by", "staff-1"], 1, "there is no enrolment"),
        (["flag", "acknowledge", "e-3", "--by", "Jane Smith"], 2, "no names and no email addresses"),
        (["flag", "acknowledge", "e-3", "--by", "jane@school-1.uk"], 2, "no names and no email addresses"),
        (["flag", "acknowledge", "e-3", "--by", "jane.smith"], 2, "no names and no email addresses"),
        (
            ["flag", "recommend-withdrawal", "e-3", "--by", "staff-1", "--reason", "insufficient-capacty"],
            2,
            "did you mean insufficient-capacity",
        ),
        (["flag", "defer", "e-3", "--by", "staff-1", "--reason", "holiday"], 2, "use one of bereavement"),
        (["flag", "sign-off", "e-3", "--by", "p-1", "--reason", "other", "--effective", "2199-01-01"], 2, "2100"),
        (["policy", "show", "--version", "test"], 1, "did you mean tests?"),
        (["policy", "diff", "none.toml"], 1, "is no policy file and no version"),
        (["policy", "simulate", "none.toml"], 2, "does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_slip_gets_a_clear_error(cli: Cli, arguments: list[str], code: int, said: str) -> None:
    """What is wrong is named, with what could be meant where something is near; nothing is noted."""
    ran = cli(*arguments)

    assert (ran.code, ran.out) == (code, "")
    assert said.casefold() in in_one_line(ran.err).casefold()


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
