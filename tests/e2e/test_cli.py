"""The command line as a user meets it: every command once as it should be used, and once with the likeliest mistake."""

import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from learning.facts import ActivitySeen, AttendanceRecorded, Withdrawn
from tests.builders import SMALL_FILE, at, completed, enrolled, make
from tests.command_line import DAY, Cli

READING = [
    ["status"],
    ["show", "e-1"],
    ["cohort", "--json"],
    ["partners"],
    ["rejects", "list"],
    ["rejects", "show", "123"],
    ["rejects", "retry", "--all"],
    ["verify"],
    ["rebuild"],
]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_an_empty_folder_gets_advice_and_stays_empty(cli: Cli, command: list[str]) -> None:
    """Where there is no data yet, a command says what to run, exits with 1 and makes nothing."""
    ran = cli(*command)
    assert (ran.code, ran.out) == (1, "")
    assert "engagement demo" in ran.err
    assert not cli.folder.exists()


def test_cohort_counts_each_programme_and_intake(filled: Cli) -> None:
    """The JSON list has the names that other tools rely on, with ratios from 0 to 1."""
    [row] = filled("cohort", "--json").data
    expected = {
        "programme": "small/course",
        "intake": "autumn",
        "enrolled": 3,
        "active": 3,
        "deferred": 0,
        "withdrawn": 0,
        "completed": 0,
        "completion_ratio": pytest.approx(2 / 30),
        "assessments_submitted": 0,
    }
    assert {name: row[name] for name in expected} == expected


def test_cohort_as_a_table_has_percent_beside_the_plan(filled: Cli) -> None:
    """People read percent: 6 % done of the 50 % that is due."""
    out = filled("cohort").out
    assert "small/course" in out
    assert "6 %" in out
    assert "50 %" in out


def test_a_programme_without_its_file_is_guessed(filled: Cli) -> None:
    """Who forgets the first part of a programme's id is told the whole one."""
    ran = filled("cohort", "--programme", "course", "--json")
    assert (ran.code, ran.data) == (0, [])
    assert "did you mean small/course?" in ran.err


def test_partners_are_told_apart(filled: Cli) -> None:
    """Each delivery partner has its own row, with those behind their plan."""
    rows = filled("partners", "--json").data
    assert [(row["partner"], row["enrolled"], row["behind_plan"]) for row in rows] == [
        ("partner-1", 2, 2),
        ("partner-2", 1, 1),
    ]


def test_show_tells_progress_plan_and_story(filled: Cli) -> None:
    """One enrolment: how far, what is due, and everything that happened, in order."""
    shown = filled("show", "e-1", "--json").data
    assert (shown["completion"], shown["expected"], shown["next_due"]) == (0.2, 0.5, "module-3")
    told = [entry["what"] for entry in shown["timeline"]]
    assert told == ["learning.enrolled.v1", "completed", "completed", "risk watch"]
    table = filled("show", "e-1").out
    assert "50 % due" in table
    assert "module-2" in table


def test_show_lists_the_enrolments_of_a_participant(filled: Cli) -> None:
    """A participant with two enrolments gets a list; one with a single enrolment is shown at once."""
    assert [row["enrolment"] for row in filled("show", "p-1", "--json").data] == ["e-1", "e-2"]
    assert filled("show", "p-2", "--json").data["enrolment"] == "e-3"


def test_show_of_nobody_says_so(filled: Cli) -> None:
    """An id that does not exist is named."""
    ran = filled("show", "e-9")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error: There is no enrolment and no participant e-9; check the id")


def test_status_shows_what_waits(filled: Cli) -> None:
    """Facts that came after the last work are the lag, and the advice is to run a worker."""
    filled.send(completed("module-3", at(15)))
    status = filled("status", "--json").data
    assert (status["facts"], status["processed"], status["lag"]) == (18, 17, 1)
    assert (status["worker_running"], status["facts_per_s"], status["rejects"]) == (False, None, 0)
    assert status["day"] == DAY.isoformat()
    assert "engagement worker" in filled("status").err


def test_programmes_are_listed_with_the_users_own(filled: Cli) -> None:
    """What comes with the product and what stands in the data folder, with the gate as a ratio."""
    rows = {row["programme"]: row for row in filled("programmes", "list", "--json").data}
    assert rows["small/course"]["gate"] == 0.9
    assert "ambition-2024/npqsl" in rows


def test_a_programme_is_shown_with_its_components(filled: Cli) -> None:
    """Each component has its kind and when it is due."""
    components = filled("programmes", "show", "small/course", "--json").data["components"]
    assert [each["id"] for each in components if each["kind"] == "clinic"] == ["clinic-1", "clinic-2"]
    assert "week 8" in filled("programmes", "show", "small/course").out


def test_an_unknown_programme_is_named(filled: Cli) -> None:
    """A programme that no file has ends with one sentence."""
    ran = filled("programmes", "show", "npqsl")
    assert (ran.code, "npqsl" in ran.err) == (1, True)


def test_a_right_catalogue_file_passes_the_check(filled: Cli) -> None:
    """Without arguments the files of the data folder are checked."""
    ran = filled("programmes", "check", "--json")
    assert (ran.code, [(each["ok"], each["programmes"]) for each in ran.data]) == (0, [(True, 1)])


def test_a_wrong_catalogue_file_is_named_with_programme_and_line(cli: Cli, tmp_path: Path) -> None:
    """The fault is told with file, programme and line, and the exit code is 1."""
    (tmp_path / "wrong.toml").write_text(SMALL_FILE.replace('"clinic"', '"clinc"'))
    ran = cli("programmes", "check", tmp_path / "wrong.toml", "--json")
    [found] = ran.data
    assert (ran.code, found["ok"], found["programme"], found["line"]) == (1, False, "course", 19)
    assert "wrong.toml, line 19, programme course" in ran.err


def test_rejects_are_listed_shown_and_retried(filled: Cli) -> None:
    """A fact of an unknown programme waits with its reason until the programme's file is there."""
    filled.send(enrolled(enrolment="e-5", participant="p-5", programme="later/course"))
    assert filled("rebuild").code == 0
    [reject] = filled("rejects", "list", "--json").data
    assert "later/course" in reject["reason"]
    assert json.loads(filled("rejects", "show", reject["id"], "--json").data["original"])["subject"] == "e-5"
    assert filled("rejects", "retry", reject["id"]).code == 1

    (filled.folder / "programmes" / "later.toml").write_text(SMALL_FILE)
    assert filled("rejects", "retry", "--all", "--json").data[0]["settled"]
    assert filled("rejects", "list", "--json").data == []
    assert filled("show", "e-5", "--json").data["programme"] == "later/course"
    assert filled("verify").code == 0


def test_a_reject_that_nothing_can_mend_is_dismissed(filled: Cli) -> None:
    """A dismissed reject waits no longer; one that does not wait cannot be dismissed."""
    filled.send(enrolled(enrolment="e-5", participant="p-5", programme="slip/course"))
    assert filled("rebuild").code == 0
    [reject] = filled("rejects", "list", "--json").data

    assert filled("rejects", "dismiss", reject["id"], "--json").data == [{"id": reject["id"], "dismissed": True}]

    assert filled("rejects", "list", "--json").data == []
    ran = filled("rejects", "dismiss", reject["id"])
    assert (ran.code, f"no reject {reject['id']} waits" in ran.err.lower()) == (1, True)
    assert filled("verify").code == 0


def test_retry_needs_to_know_which(filled: Cli) -> None:
    """Neither ids nor --all is a usage error; an id that does not wait is named."""
    assert filled("rejects", "retry").code == 2
    ran = filled("rejects", "retry", "abc")
    assert (ran.code, "no reject abc" in ran.err.lower()) == (1, True)


def test_verify_finds_nothing_wrong_with_what_was_built(filled: Cli) -> None:
    """A replay equals the projections."""
    assert filled("verify", "--json").data == {"verified": True, "facts": 17, "difference": None}


def test_verify_names_the_first_difference(filled: Cli) -> None:
    """A row that was changed by hand is found, named with its column, and the exit code is 1."""
    store = Wiring(Settings(data_dir=filled.folder)).live().place
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE enrolment_progress SET points = 9 WHERE enrolment = 'e-2'")
    connection.close()
    ran = filled("verify", "--json")
    assert (ran.code, ran.data["verified"]) == (1, False)
    assert "e-2: points is 9" in ran.data["difference"]
    assert filled("rebuild").code == 0
    assert filled("verify").code == 0


def test_a_damaged_log_is_one_sentence(filled: Cli) -> None:
    """A log that lost its tail is refused without a traceback."""
    with sqlite3.connect(filled.folder / "log.db") as connection:
        connection.execute("DELETE FROM records WHERE position = (SELECT max(position) FROM records)")
    connection.close()
    ran = filled("verify")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "damaged" in ran.err


def test_a_projection_store_that_is_none_is_one_sentence(filled: Cli) -> None:
    """A store that was overwritten leads to a rebuild, not to a traceback."""
    Wiring(Settings(data_dir=filled.folder)).live().place.write_bytes(b"not a database" * 100)
    ran = filled("cohort")
    assert (ran.code, "engagement rebuild" in ran.err) == (1, True)


def test_a_wrong_setting_is_a_usage_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be is named, with exit code 2."""
    monkeypatch.setenv("ENGAGEMENT_PARTITIONS", "none")
    ran = cli("status")
    assert (ran.code, "ENGAGEMENT_PARTITIONS" in ran.err) == (2, True)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """A data folder below a file is refused with the path."""
    (tmp_path / "file").touch()
    ran = Cli(tmp_path / "file" / "data")("import", "events", "-", stdin=b"")
    assert ran.code == 1
    assert str(tmp_path / "file") in ran.err.replace("\n", "")


def test_the_version_is_told(cli: Cli) -> None:
    """--version prints it and nothing else happens."""
    assert cli("--version").out.startswith("engagement ")
    assert not cli.folder.exists()


@pytest.mark.parametrize("name", ["with space", "100%", "a#b", "a?b&c=d", "Übung ß"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Marks that mean something in a URL, spaces and umlauts: log and projections stay in the folder."""
    cli = Cli(tmp_path / name)
    (cli.folder / "programmes").mkdir(parents=True)
    (cli.folder / "programmes" / "small.toml").write_text(SMALL_FILE)
    cli.send(enrolled())
    assert cli("rebuild").code == 0
    assert cli("verify", "--json").data["facts"] == 1
    assert [row["enrolled"] for row in cli("cohort", "--json").data] == [1]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_near_miss_of_an_id_gets_a_suggestion(filled: Cli) -> None:
    """An enrolment, a participant and a programme that are nearly right are asked back for."""
    filled.send(enrolled(enrolment="enrolment-1234", participant="participant-77"))
    assert filled("rebuild").code == 0
    assert "did you mean enrolment-1234?" in filled("show", "enrolment-1235").err
    assert "did you mean participant-77?" in filled("show", "Participant-77").err
    assert "did you mean small/course?" in filled("programmes", "show", "small/cuorse").err


def test_what_looks_ahead_is_not_shown_of_who_withdrew(filled: Cli) -> None:
    """Nothing is due and nothing is forecast for who has left; the plan is that of the day the clock stopped."""
    left = Withdrawn(reason="change-in-school-circumstances", effective=date(2025, 9, 20), signed_off_by="partner-1")
    filled.send(make(left, at(12)))
    assert filled("rebuild").code == 0
    out = filled("show", "e-1").out
    assert "withdrawn since 20 Sep 2025 (change-in-school-circumstances)" in out
    assert "10 % due when the clock stopped, 20 Sep 2025" in out
    assert not {"Forecast", "Next due", "Pace", "Attempts left"} & {line.split("  ")[0] for line in out.splitlines()}
    assert "Forecast" in filled("show", "e-2").out


def test_a_story_says_which_answer_was_corrected(filled: Cli) -> None:
    """Of attended, absent and attended again of one session, in the order they became known, only the last counts."""
    for hours, answer in enumerate(("attended", "absent", "attended")):
        record = AttendanceRecorded(component="clinic-1", attendance=answer)
        filled.send(make(record, at(20), recordedtime=at(20, hours)))
    assert filled("rebuild").code == 0
    story = [line.split("  ")[1].strip() for line in filled("show", "e-1").out.splitlines() if "clinic-1" in line]
    assert story == ["attended (corrected)", "absent (corrected)", "attended"]


def test_a_visit_is_told_by_its_day(filled: Cli) -> None:
    """Visits are kept by the day, so no hour is shown that nobody knows."""
    filled.send(make(ActivitySeen(), at(3, 5)))
    assert filled("rebuild").code == 0
    [visit] = [line for line in filled("show", "e-1").out.splitlines() if "visited" in line]
    assert visit.split() == ["11", "Sep", "2025", "visited"]


def test_no_rejects_are_told_in_words(filled: Cli) -> None:
    """A list and a retry of nothing say so, and exit with 0."""
    for command in (["list"], ["retry", "--all"]):
        ran = filled("rejects", *command)
        assert (ran.code, ran.out, ran.err) == (0, "", "No rejects wait.\n")


def test_a_damaged_log_is_not_rebuilt_from(filled: Cli) -> None:
    """A fact that was changed on the disk is noticed, and the projections stay as they were."""
    before = filled("cohort", "--json").data
    with sqlite3.connect(filled.folder / "log.db") as connection:
        connection.execute(
            "UPDATE records SET value = replace(CAST(value AS TEXT), 'module-2', 'module-3')"
            " WHERE CAST(value AS TEXT) LIKE '%module-2%'"
        )
    connection.close()
    ran = filled("rebuild")
    assert (ran.code, "damaged" in ran.err) == (1, True)
    assert filled("cohort", "--json").data == before


def test_a_folder_named_like_a_catalogue_file_is_one_wrong_file(filled: Cli) -> None:
    """The check names it and goes on with the others."""
    (filled.folder / "programmes" / "odd.toml").mkdir()
    ran = filled("programmes", "check", "--json")
    assert (ran.code, [each["ok"] for each in ran.data]) == (1, [False, True])
    assert "odd.toml cannot be read" in ran.err
