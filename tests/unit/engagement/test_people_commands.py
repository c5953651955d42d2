"""`engagement people`: loading names, showing them, giving out all that is held of a person, and erasing it."""

import json
import shutil
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.events import encode
from learning.facts import FlagAcknowledged, ParticipantMerged
from learning.plan import start_of
from tests.builders import SMALL_FILE, START, at, completed, enrolled, make
from tests.command_line import Cli, plain_terminal
from tests.registry_kit import files_with

PEOPLE = """participant,name,email,school,urn
p-1,Ada Example,ada@north.example,North School,123456
p-2,Bo Keeper,bo@north.example,,
"""

FACTS = [
    enrolled(),
    completed("module-1", at(3)),
    enrolled(enrolment="e-2", participant="p-2"),
    completed("module-1", at(6), enrolment="e-2", participant="p-2"),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five weeks of two participants, the first of whom went silent after one and was flagged."""
    line = Cli(tmp_path_factory.mktemp("people") / "data")
    (line.folder / "programmes").mkdir(parents=True)
    (line.folder / "programmes" / "small.toml").write_text(SMALL_FILE)
    line.send(*FACTS, make(FlagAcknowledged(by="staff-7"), at(30)))
    with Wiring(Settings(data_dir=line.folder)).log_to_append() as log:
        for week in range(1, 6):
            day = START.date() + timedelta(weeks=week)
            start_day(log, day, start_of(day))
    assert line("rebuild").code == 0
    return line.folder


@pytest.fixture
def cli(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a copy of them, with their names."""
    plain_terminal(monkeypatch, tmp_path)
    line = Cli(Path(shutil.copytree(filled, tmp_path / "data", symlinks=True)))
    load(line, PEOPLE)
    return line


def load(cli: Cli, text: str, name: str = "people.csv") -> dict[str, object]:
    """Import people."""
    path = cli.folder.parent / name
    path.write_text(text, encoding="utf-8")
    report: dict[str, object] = cli("people", "import", path, "--json").data
    path.unlink()
    return report


def test_people_are_loaded_once(cli: Cli) -> None:
    """The same file again changes nothing."""
    assert load(cli, PEOPLE) == {"added": 0, "changed": 0, "unchanged": 2, "refused": []}


def test_bad_rows_are_told_and_good_ones_kept(cli: Cli, tmp_path: Path) -> None:
    """The table names row, column and fault; only a file of which nothing can be used fails."""
    path = tmp_path / "people.csv"
    path.write_text("participant,name,email\np-3,Kim,kim\np-4,Lu,\n")
    some = cli("people", "import", path)
    path.write_text("participant,name,email\np-3,Kim,kim\n")
    none = cli("people", "import", path)

    assert (some.code, none.code) == (0, 1)
    assert "it is no email address" in some.out
    assert cli("people", "show", "p-4", "--json").data["name"] == "Lu"


def test_a_file_that_is_no_list_of_people_is_refused(cli: Cli, tmp_path: Path) -> None:
    """The message has the columns that there must be."""
    path = tmp_path / "people.csv"
    path.write_bytes("participant;name\np-1;Zoë\n".encode())
    assert "no column participant" in cli("people", "import", path).err
    path.write_bytes("participant,name\np-1,Zoë\n".encode("latin-1"))
    assert "CSV UTF-8" in cli("people", "import", path).err


def test_looking_at_a_person_is_noted(cli: Cli) -> None:
    """The command line shows a profile, and the trail says that it did."""
    shown = cli("people", "show", "p-1")
    [noted, *_] = cli("access", "audit", "--json").data["entries"]

    assert "Ada Example" in shown.out
    assert (noted["action"], noted["thing"]) == ("participant-read", "participant:p-1")


def test_who_is_not_known_is_told(cli: Cli) -> None:
    """With what to do about it."""
    unknown = cli("people", "show", "p-9")
    assert (unknown.code, "engagement people import" in unknown.err) == (1, True)
    assert "nothing is held" in cli("people", "export", "p-9").err.casefold()


def test_an_export_has_everything_that_is_held(cli: Cli) -> None:
    """The profile, every fact byte for byte, the flag with its reasons, each decision, and who looked when."""
    cli("people", "show", "p-1")
    told = cli("people", "export", "p-1").data

    assert told["participants"] == ["p-1"]
    assert [(each["name"], each["email"]) for each in told["profiles"]] == [("Ada Example", "ada@north.example")]
    sent = [json.loads(encode(fact)) for fact in FACTS[:2]]
    assert [each for each in told["facts"] if each["type"] != FlagAcknowledged.TYPE] == sent
    assert [each["subject"] for each in told["facts"]] == ["e-1"] * 3
    assert [each["enrolment"] for each in told["enrolments"]] == ["e-1"]
    [risk] = told["risk"]
    assert risk["flagged_since"]
    assert all(reason["sentence"] for reason in risk["reasons"])
    assert [each["change"] for each in told["decisions"]].count("raised") == 1
    assert [(each["action"], each["account"]) for each in told["accesses"]] == [("participant-read", "command-line")]
    assert date.fromisoformat(told["exported_at"][:10])


def test_an_export_has_nothing_of_others(cli: Cli) -> None:
    """Neither ids nor names of anybody else, and it is noted."""
    out = cli("people", "export", "p-1").out
    [noted, *_] = cli("access", "audit", "--json").data["entries"]

    assert not any(text in out for text in ('"p-2"', '"e-2"', "Bo Keeper"))
    assert (noted["action"], noted["thing"]) == ("person-exported", "participant:p-1")


def test_an_export_can_go_to_a_file_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    """Only its owner can read it, and one that is there is not replaced."""
    path = tmp_path / "p-1.json"
    told = cli("people", "export", "p-1", "--output", path, "--json")
    again = cli("people", "export", "p-1", "--output", path)

    assert told.data["facts"] == len(json.loads(path.read_text())["facts"]) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (again.code, "is there already" in again.err) == (2, True)


def test_an_erased_person_is_gone_from_the_folder(cli: Cli) -> None:
    """No file has the name or address any more; what happened in the programme stays, under an id."""
    before = cli("cohort", "--json").data
    assert files_with(cli.folder, "Ada Example", "ada@north.example")
    erased = cli("people", "erase", "p-1", "--json").data

    assert (erased["participants"], erased["profiles"], erased["new"]) == (["p-1"], 1, 1)
    assert files_with(cli.folder, "Ada Example", "ada example", "ada@north.example", "North School") == {}
    assert "was erased" in cli("people", "show", "p-1").err
    assert cli("people", "show", "p-2", "--json").data["name"] == "Bo Keeper"
    assert cli("cohort", "--json").data == before


def test_an_old_file_brings_nobody_back(cli: Cli) -> None:
    """The row of who was erased is refused with the reason."""
    cli("people", "erase", "p-1")
    assert load(cli, PEOPLE) == {
        "added": 0,
        "changed": 0,
        "unchanged": 1,
        "refused": [{"row": 2, "column": "participant", "wrong": "this person was erased and stays so"}],
    }


def test_a_restored_copy_is_put_right(cli: Cli, tmp_path: Path) -> None:
    """The list of who was erased, kept apart, erases them again from a copy of before."""
    shutil.copytree(cli.folder, tmp_path / "copy", symlinks=True)
    cli("people", "erase", "p-1")
    kept = tmp_path / "erased.txt"
    kept.write_text(cli("people", "erased").out)

    restored = Cli(tmp_path / "copy")
    assert restored("people", "show", "p-1").code == 0
    assert restored("people", "erase", "--from", kept, "--json").data["profiles"] == 1
    assert files_with(restored.folder, "Ada Example") == {}
    assert [each["participant"] for each in restored("people", "erased", "--json").data] == ["p-1"]


def test_nobody_to_erase_is_a_slip(cli: Cli) -> None:
    """Without ids the command does nothing."""
    ran = cli("people", "erase")
    assert (ran.code, "--from" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("asked", "processed"), [("p-1", True), ("p-3", True), ("p-1", False)], ids=["retired", "new", "not processed yet"]
)
def test_ids_that_were_merged_are_one_person(cli: Cli, asked: str, processed: bool) -> None:
    """Whichever of the ids is named, what is held under the other is exported and erased with it."""
    cli.send(make(ParticipantMerged(retired="p-1", into="p-3"), at(36)))
    cli.send(completed("module-2", at(37), participant="p-3"))
    if processed:
        assert cli("rebuild").code == 0
    load(cli, "participant,name\np-3,Ada Married\n")

    told = cli("people", "export", asked).data
    erased = cli("people", "erase", asked, "--json").data

    assert sorted(told["participants"]) == sorted(erased["participants"]) == ["p-1", "p-3"]
    assert sorted(each["name"] for each in told["profiles"]) == ["Ada Example", "Ada Married"]
    assert len(told["facts"]) == 5
    assert files_with(cli.folder, "Ada Example", "Ada Married") == {}
