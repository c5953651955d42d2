"""`engagement lake`: operations staff see what the lake holds and keep it small; analysts learn what it means."""

import json
from pathlib import Path

import duckdb
import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.columns import COLUMNS
from eventlog.lake.lake import Lake
from eventlog.lake.verification import verify
from eventlog.lake.writing import archive
from tests.builders import at, completed, enrolled
from tests.command_line import Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a data folder with three facts on its log, of which two are in the lake, in a file each."""
    monkeypatch.setenv("NO_COLOR", "1")
    cli = Cli(tmp_path / "data")
    for facts in ([enrolled()], [completed("module-1", at(1))]):
        assert cli.send(*facts).code == 0
        _archive(cli.folder)
    assert cli.send(completed("module-2", at(8))).code == 0
    return cli


def _archive(folder: Path) -> None:
    with Wiring(Settings(data_dir=folder)).log() as log:
        for partition, end in log.end_offsets(FACTS_TOPIC).items():
            archive(Lake(folder / "lake"), log, partition, end)


def test_status_counts_what_the_files_hold(cli: Cli) -> None:
    """Facts, files and bytes are those that DuckDB and the folder tell, and the lag is what the log has besides."""
    shown = cli("lake", "status", "--json").data

    files = Lake(cli.folder / "lake").files()
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT count(*) FROM read_parquet(?)", [[str(file) for file in files]]).fetchall()
    assert (shown["facts"], shown["files"], shown["lag"]) == (rows[0][0], len(files), 1) == (2, 2, 1)
    assert shown["bytes"] == sum(file.stat().st_size for file in files)
    assert shown["bytes_per_fact"] == shown["bytes"] / 2
    assert sum(month["facts"] for month in shown["months"]) == 2
    assert sum(month["bytes"] for month in shown["months"]) == shown["bytes"]


def test_status_is_shown_as_tables_to_people(cli: Cli) -> None:
    """Without --json the same figures stand in a table a month."""
    shown = cli("lake", "status")

    assert shown.code == 0
    assert "Bytes a fact" in shown.out
    assert "Month" in shown.out


def test_compact_merges_and_says_so(cli: Cli) -> None:
    """Two files become one with the same facts, the merged ones stay for a while, and again there is nothing to do."""
    first = cli("lake", "compact", "--json").data
    again = cli("lake", "compact", "--json").data

    assert (first["merged"], first["written"], first["removed"]) == (2, 1, 0)
    assert (again["merged"], again["written"], again["removed"]) == (0, 0, 0)
    shown = cli("lake", "status", "--json").data
    assert (shown["facts"], shown["files"], shown["retired_files"]) == (2, 1, 2)
    with Wiring(Settings(data_dir=cli.folder)).log() as log:
        assert verify(Lake(cli.folder / "lake"), log) == 2


def test_compact_tells_people_what_became_of_the_files(cli: Cli) -> None:
    """Who runs it reads how many files were merged, and that none is gone yet."""
    assert cli("lake", "compact").err.startswith("Merged 2 files into 1: ")
    assert cli("lake", "compact").err == "There was nothing to merge. No file was old enough to delete.\n"


def test_the_dictionary_has_every_column(tmp_path: Path) -> None:
    """Whoever reads the files finds each of their columns explained, before there is any lake, too."""
    cli = Cli(tmp_path)

    assert [each["column"] for each in cli("lake", "dictionary", "--json").data] == [each.name for each in COLUMNS]
    shown = cli("lake", "dictionary").out
    assert all(each.name in shown for each in COLUMNS)


@pytest.mark.parametrize("command", ["status", "compact"])
def test_without_a_lake_it_is_said_how_to_get_one(tmp_path: Path, command: str) -> None:
    """A folder without a lake gets one sentence, and no lake."""
    ran = Cli(tmp_path)("lake", command)

    assert ran.code == 1
    assert "engagement worker --until-caught-up" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_manifest_is_told_in_one_sentence(cli: Cli) -> None:
    """What the lake's folder holds that is no manifest stops the command, not with a traceback."""
    [manifest] = (cli.folder / "lake" / "partitions").glob("*.json")
    manifest.write_text(json.dumps({"version": 99}))

    ran = cli("lake", "status")

    assert ran.code == 1
    assert str(manifest) in ran.err
    assert "Traceback" not in ran.err
