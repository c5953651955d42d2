"""`rebuild --from-lake` and `verify --lake`: lake, log and projections are three accounts of one history."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import update

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.lake.lake import Lake
from eventlog.lake.writing import archive
from projections import enrolment_progress as enrolment_progress_module
from projections.schema import enrolment_progress
from tests.builders import SMALL_FILE, START, at, completed, enrolled
from tests.command_line import DAY, Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Projections of five enrolments, and a lake that has all facts but the last two of one of them."""
    monkeypatch.setenv("NO_COLOR", "1")
    cli = Cli(tmp_path / "data")
    programmes = cli.folder / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE, encoding="utf-8")
    people = [enrolled(enrolment=f"e-{each}", participant=f"p-{each}") for each in range(5)]
    done = [
        completed(f"module-{step}", at(step), enrolment=f"e-{each}", participant=f"p-{each}")
        for each in range(5)
        for step in range(1, each + 2)
    ]
    assert cli.send(*people, *done).code == 0
    with wiring(cli).log_to_append() as log:
        start_day(log, DAY, START)
    archived(cli)
    late = [completed(f"module-{step}", at(8), enrolment="e-0", participant="p-0") for step in (7, 8)]
    assert cli.send(*late).code == 0
    assert cli("rebuild").code == 0
    return cli


def wiring(cli: Cli) -> Wiring:
    """The parts of the application on the data folder."""
    return Wiring(Settings(data_dir=cli.folder))


def archived(cli: Cli) -> None:
    """Bring the lake up to the log."""
    with wiring(cli).log() as log:
        for partition, end in log.end_offsets(FACTS_TOPIC).items():
            archive(Lake(cli.folder / "lake"), log, partition, end)


def edited(cli: Cli, enrolment: str, **values: Any) -> None:
    """Change a row of the live projections."""
    with wiring(cli).live().writing() as store, store.changing() as connection:
        connection.execute(update(enrolment_progress).where(enrolment_progress.c.enrolment == enrolment).values(values))


def test_a_rebuild_from_the_lake_is_a_rebuild(cli: Cli) -> None:
    """Given projections that were edited, when they are rebuilt from the lake, they are what the log says again."""
    edited(cli, "e-3", points=9)
    assert cli("verify").code == 1

    ran = cli("rebuild", "--from-lake", "--json")

    assert (ran.code, ran.data["facts"]) == (0, 5 + 15 + 12 + 2)
    assert cli("verify").code == 0


def test_verify_compares_lake_log_and_projections(cli: Cli) -> None:
    """With --lake the facts that were compared are counted: those of the lake, which is behind, and all enrolments."""
    assert cli("verify", "--lake", "--json").data == {
        "verified": True,
        "facts": 34,
        "difference": None,
        "lake_facts": 32,
        "enrolments": 5,
    }
    assert "32 facts of the lake" in cli("verify", "--lake").err


def test_a_lake_ahead_of_the_projections_agrees(cli: Cli) -> None:
    """Facts that are in the lake and not yet in the projections are no difference."""
    assert cli.send(completed("module-8", at(9), enrolment="e-1", participant="p-1")).code == 0
    archived(cli)

    assert cli("verify", "--lake", "--json").data["enrolments"] == 5


def changed_in_the_lake(cli: Cli) -> None:
    """Say of a component in one file of the lake that it was another one."""
    for file in Lake(cli.folder / "lake").files():
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE fact AS FROM read_parquet(?)", [str(file)])
            connection.execute("UPDATE fact SET component = 'clinic-1' WHERE component = 'module-5'")
            connection.execute(f"COPY fact TO '{file}' (FORMAT parquet)")


def test_a_fact_changed_in_the_lake_is_named(cli: Cli) -> None:
    """Given a file of the lake that was edited, verify says where and what; the log is still right."""
    changed_in_the_lake(cli)

    ran = cli("verify", "--lake", "--json")

    assert (ran.code, ran.data["verified"]) == (1, False)
    assert "component is module-5 by the log and clinic-1 in the lake" in ran.data["difference"]
    assert cli("verify").code == 0


def test_nothing_is_built_from_facts_that_were_changed(cli: Cli) -> None:
    """Given a file of the lake that was edited, a rebuild from it is refused, and the live projections stay."""
    changed_in_the_lake(cli)

    ran = cli("rebuild", "--from-lake")

    assert ran.code == 1
    assert "does not have the records of the log" in ran.err
    assert cli("verify").code == 0


def test_sql_that_disagrees_with_the_projections_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a fold that counts otherwise than the SQL, a rebuild from the lake names an enrolment and does not swap."""
    place = wiring(cli).live().place
    row = enrolment_progress_module.row
    monkeypatch.setattr(enrolment_progress_module, "row", lambda *given: {**row(*given), "components_done": 7})

    ran = cli("rebuild", "--from-lake")

    assert ran.code == 1
    assert "nrolment e-0: components_done is 1 in the lake and 7 in the projections" in ran.err
    assert wiring(cli).live().place == place


@pytest.mark.parametrize("command", [("rebuild", "--from-lake"), ("verify", "--lake")])
def test_without_a_lake_it_is_said_how_to_get_one(cli: Cli, command: tuple[str, str]) -> None:
    """Where nothing was archived, one sentence says so, and nothing else is done."""
    shutil.rmtree(cli.folder / "lake")

    ran = cli(*command)

    assert ran.code == 1
    assert "here is no lake" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", [("rebuild", "--from-lake"), ("verify", "--lake")])
def test_a_lake_of_another_log_is_refused(cli: Cli, tmp_path: Path, command: tuple[str, str]) -> None:
    """A lake copied from elsewhere is told apart by its hash chains; the message says to move it aside."""
    elsewhere = Cli(tmp_path / "elsewhere")
    assert elsewhere.send(enrolled(time=at(1), enrolment="e-0", participant="p-0")).code == 0
    archived(elsewhere)
    shutil.rmtree(cli.folder / "lake")
    shutil.copytree(elsewhere.folder / "lake", cli.folder / "lake")

    ran = cli(*command)

    assert ran.code == 1
    assert "move its folder aside" in ran.err
