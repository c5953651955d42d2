"""`export-log` and `import-log` as a user meets them: a copy is made, checked, restored, moved through a pipe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from producers.publisher import publish
from tests.builders import START, completed, enrolled
from tests.command_line import Cli, plain_terminal
from tests.transfer_kit import FACTS, holds, lines, zipped

ROOT = Path(__file__).parents[3]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a data folder whose log has five partitions of facts; elsewhere there would be twelve."""
    plain_terminal(monkeypatch, tmp_path)
    with Wiring(Settings(data_dir=tmp_path / "data", partitions=5)).log_to_append() as log:
        publish(log, FACTS, now=START)
    return Cli(tmp_path / "data")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Cli:
    """The command line on a folder that is not there yet."""
    return Cli(tmp_path / "elsewhere")


def log_of(cli: Cli) -> dict[tuple[str, int], list[tuple[bytes | None, bytes, bytes]]]:
    """All that stands on the log of a data folder."""
    with Wiring(Settings(data_dir=cli.folder)).log() as log:
        return holds(log)


def test_a_copy_is_restored_in_another_folder(cli: Cli, elsewhere: Cli) -> None:
    """What was exported is imported, with as many partitions, and can be worked with like the log that it was."""
    assert cli("export-log", "copy.gz").code == 0

    ran = elsewhere("import-log", "copy.gz")

    assert (ran.code, log_of(elsewhere)) == (0, log_of(cli))
    assert f"Imported {len(FACTS)} records; 0 were there already" in ran.err
    assert "engagement rebuild" in ran.err
    assert elsewhere.send(*FACTS).data["duplicates"] == len(FACTS)
    assert (elsewhere("rebuild").code, elsewhere("verify").code) == (0, 0)


def test_what_was_exported_is_told_with_counts_and_heads(cli: Cli) -> None:
    """The JSON of both commands names each partition with its records and its head: equal where all went well."""
    told = cli("export-log", "copy.gz", "--json").data

    assert told["file"] == "copy.gz"
    assert sum(each["records"] for each in told["topics"]) == len(FACTS)
    assert {each["topic"] for each in told["topics"]} == {"learning-events", "learning-events.rejected"}
    assert cli("import-log", "copy.gz", "--check", "--json").data["topics"] == told["topics"]
    again = cli("import-log", "copy.gz", "--json").data
    assert (again["appended"], again["already_there"], again["topics"]) == (0, len(FACTS), told["topics"])


def test_one_topic_can_be_exported(cli: Cli) -> None:
    """With `--topic` a file has that topic only."""
    assert cli("export-log", "copy.gz", "--topic", FACTS_TOPIC).code == 0

    assert list(lines(Path("copy.gz").read_bytes())[0]["topics"]) == [FACTS_TOPIC]


def test_a_topic_that_is_not_there_is_named(cli: Cli) -> None:
    """Who mistypes a topic is told which there are, and no file is made."""
    ran = cli("export-log", "copy.gz", "--topic", "events")

    assert ran.code == 2
    assert "learning-events.rejected" in ran.err
    assert not Path("copy.gz").exists()


def test_a_file_is_not_overwritten_unasked(cli: Cli) -> None:
    """A copy that is there stays, unless `--force` says otherwise."""
    Path("copy.gz").write_text("of yesterday")

    ran = cli("export-log", "copy.gz")

    assert (ran.code, Path("copy.gz").read_text()) == (2, "of yesterday")
    assert "--force" in ran.err
    assert cli("export-log", "copy.gz", "--force").code == 0
    assert cli("import-log", "copy.gz", "--check").code == 0


def test_an_empty_folder_has_nothing_to_export(elsewhere: Cli, tmp_path: Path) -> None:
    """Where there is no log yet, the advice is to load data, and no file is made."""
    ran = elsewhere("export-log", tmp_path / "copy.gz")

    assert ran.code == 1
    assert "engagement import" in ran.err
    assert not (tmp_path / "copy.gz").exists()


def test_a_check_writes_nothing(cli: Cli, elsewhere: Cli) -> None:
    """`--check` reads the file only: it says what is in it, and makes no log."""
    cli("export-log", "copy.gz")

    ran = elsewhere("import-log", "copy.gz", "--check")

    assert ran.code == 0
    assert "copy.gz is whole" in ran.err
    assert FACTS_TOPIC in ran.out
    assert not elsewhere.folder.exists()


def test_a_damaged_file_is_refused(cli: Cli, elsewhere: Cli) -> None:
    """A check and an import of a file that was cut off both fail, with the place, and no record is written."""
    cli("export-log", "copy.gz")
    Path("copy.gz").write_bytes(zipped(lines(Path("copy.gz").read_bytes())[:20]))

    for ran in (elsewhere("import-log", "copy.gz", "--check"), elsewhere("import-log", "copy.gz")):
        assert (ran.code, ran.out) == (1, "")
        assert "copy.gz is cut off after line 20" in ran.err
    assert sum(map(len, log_of(elsewhere).values())) == 0


def test_something_else_is_no_exported_log(cli: Cli) -> None:
    """A file of another kind, or none, is refused with one sentence."""
    Path("table.csv").write_text("id,name\n")

    assert "table.csv is no exported log" in cli("import-log", "table.csv").err
    assert "nowhere.gz cannot be read: No such file" in cli("import-log", "nowhere.gz").err


def test_a_log_with_other_facts_is_left_alone(cli: Cli, elsewhere: Cli) -> None:
    """Nobody's facts are mixed with another log's."""
    cli("export-log", "copy.gz")
    with Wiring(Settings(data_dir=elsewhere.folder, partitions=5)).log_to_append() as log:
        publish(log, [enrolled(), completed("module-1")], now=START)
    before = log_of(elsewhere)

    ran = elsewhere("import-log", "copy.gz")

    assert (ran.code, log_of(elsewhere)) == (1, before)
    assert "import into a log that holds nothing else" in ran.err


def test_json_and_the_log_do_not_share_standard_output(cli: Cli) -> None:
    """`--json` with `-` would put two things in one stream, so it is refused."""
    ran = cli("export-log", "-", "--json")

    assert (ran.code, ran.out) == (2, "")


def started(folder: Path, *arguments: str, **pipes: int) -> subprocess.Popen[bytes]:
    """The program on a data folder, as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "engagement", "--data-dir", folder, *arguments],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        **pipes,  # type: ignore[arg-type]  # the numbers of pipes only
    )


def test_a_log_goes_through_a_pipe(cli: Cli, elsewhere: Cli) -> None:
    """`export-log -` into `import-log -`, as over ssh, arrives like a file."""
    with (
        started(cli.folder, "export-log", "-", stdout=subprocess.PIPE) as one,
        started(elsewhere.folder, "import-log", "-", "--json", stdin=one.stdout.fileno(), stdout=subprocess.PIPE) as to,  # type: ignore[union-attr]  # it is a pipe
    ):
        one.stdout.close()  # type: ignore[union-attr]  # as above
        told, _ = to.communicate(timeout=60)
        one.communicate(timeout=60)

    assert (one.returncode, to.returncode) == (0, 0)
    assert b'"file": "standard input"' in told
    assert log_of(elsewhere) == log_of(cli)
    assert not list(elsewhere.folder.glob("tmp*"))


def test_a_pipe_that_breaks_off_is_an_error(cli: Cli) -> None:
    """When nobody reads on, an export has failed: it says so in one sentence and its exit code is 1."""
    with started(cli.folder, "export-log", "-", stdout=subprocess.PIPE) as export:
        export.stdout.close()  # type: ignore[union-attr]  # it is a pipe
        export.stdout = None
        _, said = export.communicate(timeout=60)

    assert export.returncode == 1
    assert said.decode().startswith("Error: Whoever reads the exported log stopped before its end")
    assert said.count(b"\n") == 1
