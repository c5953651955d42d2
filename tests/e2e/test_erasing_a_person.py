"""A person is erased for good: no byte tells who it was, nothing lists them, every total stays; also once rebuilt."""

import shutil
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.base import LogError
from learning.facts import ParticipantErased
from learning.progress import NOBODY
from tests.command_line import Cli
from tests.erasure_kit import ENROLMENT, PARTICIPANT, TEXTS, Canary, holding


def _canary(folder: Path) -> Canary:
    cli = Cli(folder)

    def process() -> None:
        assert cli("worker", "--until-caught-up").code == 0

    return Canary(cli, process)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a person who was imported, shown, searched, exported and alerted about."""
    folder = tmp_path_factory.mktemp("canary") / "data"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ENGAGEMENT_DAY_CLOCK", "false")
        _canary(folder).prepare()
    return folder


@pytest.fixture
def canary(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canary:
    """That person, in a folder for one test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("ENGAGEMENT_DAY_CLOCK", "false")
    return _canary(Path(shutil.copytree(prepared, tmp_path / "data", symlinks=True)))


def test_nothing_of_a_person_is_left(canary: Canary) -> None:
    """Texts in no file, ids where they are random numbers only, figures as before; a rebuild changes none of it."""
    folder, before = canary.cli.folder, canary.figures()
    assert holding(folder, *TEXTS) == {"registry.db"}
    assert not [
        name for name, found in canary.named().items() if not found and name not in {"declarations", "expected"}
    ]

    told = canary.erase()

    assert (told["participants"], told["enrolments"]) == ([PARTICIPANT], [ENROLMENT])
    for after in ("", "rebuild"):
        assert not after or canary.cli(after).code == 0
        assert holding(folder, *TEXTS) == set()
        assert canary.figures() == before
        assert not any(canary.named().values())
        assert canary.cli("verify").code == 0
        assert canary.cli("verify", "--lake").code == 0
    assert holding(folder, PARTICIPANT) <= {"log.db", "log.db-wal", "lake", "registry.db", "registry.db-wal"}


def test_what_waits_is_never_relayed(canary: Canary) -> None:
    """Decisions about them that had not left are gone, and the alert book names them no more."""
    canary.erase()
    assert ENROLMENT not in canary.waiting()
    assert canary.cli("dispatcher", "--once").code == 0
    with Wiring(Settings(data_dir=canary.cli.folder)).alert_store() as store, store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT enrolment, participant, state FROM alert").all()

    theirs = [row for row in rows if row.enrolment == ENROLMENT]
    assert theirs
    assert {row.participant for row in theirs} == {NOBODY}
    assert PARTICIPANT not in str(rows)


def test_erasing_twice_is_one_fact(canary: Canary) -> None:
    """Again, also before a worker has seen it, adds nothing; the export then says that the person was erased."""
    canary.cli("people", "erase", PARTICIPANT)
    canary.erase()
    again = canary.cli("people", "erase", PARTICIPANT, "--json").data
    told = canary.cli("people", "export", PARTICIPANT).data

    assert again["new"] == 0
    assert [each["type"] for each in told["facts"]].count(ParticipantErased.TYPE) == 1
    assert told["erased"] == [PARTICIPANT]
    assert told["profiles"] == told["risk"] == told["decisions"] == told["enrolments"] == []


def test_a_crash_in_between_is_made_good(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log could not be told, the names are gone already, and erasing again does the rest."""
    with monkeypatch.context() as broken:
        broken.setattr("engagement.erasing.send", _fail)
        assert canary.cli("people", "erase", PARTICIPANT).code == 1
    assert holding(canary.cli.folder, *TEXTS) == set()
    assert canary.named()["at risk"]

    canary.erase()

    assert not any(canary.named().values())


def _fail(*_: object) -> None:
    raise LogError("the disk is full")
