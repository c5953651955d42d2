"""Importing as a user meets it: what is loaded, what is reported, and how a mistake is told."""

import os
from pathlib import Path
from threading import Thread

from learning.events import encode
from tests.builders import at, completed
from tests.command_line import Cli


def test_importing_the_same_facts_twice_adds_nothing(filled: Cli) -> None:
    """The second time every fact is there already."""
    fact = completed("module-4", at(20))
    assert filled.send(fact).data["appended"] == 1
    again = filled.send(fact).data
    assert (again["appended"], again["duplicates"]) == (0, 1)


def test_lines_that_are_no_facts_are_reported_and_the_rest_is_loaded(filled: Cli) -> None:
    """One bad line among good ones is set aside: the import goes on and says where to look."""
    ran = filled("import", "events", "-", "--json", stdin=encode(completed("clinic-1", at(9))) + b'\n{"type": 1}\n')
    assert (ran.code, ran.data["appended"], ran.data["parked"]) == (0, 1, 1)
    assert "engagement rejects list" in ran.err


def test_a_file_of_which_nothing_can_be_used_fails(filled: Cli) -> None:
    """When no line is a fact, the exit code tells a script."""
    assert filled("import", "events", "-", stdin=b'{"type": 1}\n').code == 1


def test_a_path_that_is_not_there_is_a_usage_error(cli: Cli) -> None:
    """A misspelt file stops everything before anything is made."""
    ran = cli("import", "events", "no-such-file.jsonl")
    assert (ran.code, "no-such-file.jsonl" in ran.err) == (2, True)
    assert not cli.folder.exists()


def test_registers_are_imported_with_their_wrong_rows_listed(filled: Cli, tmp_path: Path) -> None:
    """Good rows are loaded; each wrong row is shown with its column and what to do."""
    register = tmp_path / "register.csv"
    register.write_text(
        "Enrolment,Session,Date,Attendance\ne-1,clinic-1,2025-09-30,Present\ne-1,clinic-2,2025-10-28,perhaps\n"
    )
    ran = filled("import", "attendance", register)
    assert ran.code == 0
    assert "register.csv" in ran.out
    assert "perhaps" in ran.out
    assert filled("import", "attendance", register, "--json").data["duplicates"] == 1


def test_enrolments_are_imported_from_a_sheet(filled: Cli, tmp_path: Path) -> None:
    """A register of enrolments becomes facts."""
    sheet = tmp_path / "new.csv"
    sheet.write_text(
        "Enrolment,Participant,Programme,Intake,Partner,Provider,Enrolled on\n"
        "e-7,p-7,small/course,autumn,partner-1,provider-1,2025-09-01\n"
    )
    assert filled("import", "enrolments", sheet, "--json").data["appended"] == 1


def test_two_column_maps_are_one_too_many(filled: Cli, tmp_path: Path) -> None:
    """A map file and a partner's map contradict each other: a usage error."""
    sheet = tmp_path / "sheet.csv"
    sheet.touch()
    ran = filled("import", "attendance", sheet, "--map", sheet, "--partner", "partner-1")
    assert (ran.code, "not both" in ran.err) == (2, True)


def test_oulad_without_its_files_is_explained(cli: Cli, tmp_path: Path) -> None:
    """A folder that does not hold the data set is refused with one sentence."""
    (tmp_path / "empty").mkdir()
    ran = cli("import", "oulad", tmp_path / "empty")
    assert ran.code == 1
    assert ran.err.startswith("Error: ")


ATTENDANCE = "Enrolment,Session,Date,Attendance\n"


def test_one_unreadable_file_does_not_keep_the_others_out(filled: Cli, tmp_path: Path) -> None:
    """The good registers are loaded and reported, the other one is named, and the exit code is 1."""
    (tmp_path / "good.csv").write_text(ATTENDANCE + "e-1,clinic-1,2025-09-30,Present\n")
    (tmp_path / "bad.csv").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "late.csv").write_text(ATTENDANCE + "e-2,clinic-1,2025-09-30,Present\n")
    ran = filled("import", "attendance", *(tmp_path / name for name in ("good.csv", "bad.csv", "late.csv")), "--json")
    assert (ran.code, ran.data["appended"]) == (1, 2)
    assert "bad.csv is not a text file" in ran.err


def test_a_sheet_without_rows_is_told(filled: Cli, tmp_path: Path) -> None:
    """Headings alone are no mistake, but nobody should think that something was loaded."""
    (tmp_path / "headings.csv").write_text(ATTENDANCE)
    ran = filled("import", "attendance", tmp_path / "headings.csv")
    assert ran.code == 0
    assert "no row below the headings of headings.csv" in ran.err


def test_facts_are_read_from_a_pipe(filled: Cli, tmp_path: Path) -> None:
    """A named pipe, as a shell makes it for the output of another command, is a file like others."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=[encode(completed("module-4", at(20)))])
    writer.start()
    ran = filled("import", "events", pipe, "--json")
    writer.join()
    assert (ran.code, ran.data["appended"]) == (0, 1)


def test_a_folder_is_no_file_of_facts(cli: Cli, tmp_path: Path) -> None:
    """A folder is a usage error that says so."""
    ran = cli("import", "events", tmp_path)
    assert (ran.code, "is a directory" in " ".join(ran.err.replace("\u2502", " ").split())) == (2, True)
