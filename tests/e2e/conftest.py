"""Data folders for the command line: an empty one, and one with three enrolments that are processed."""

from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from tests.builders import SMALL_FILE, at, completed, enrolled
from tests.command_line import DAY, Cli, plain_terminal


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an empty data folder; tables are as wide as they need to be."""
    plain_terminal(monkeypatch, tmp_path)
    return Cli(tmp_path / "data")


@pytest.fixture
def filled(cli: Cli) -> Cli:
    """Two enrolments of p-1 and one of p-2 on the small programme, processed as of the fourth week's end."""
    programmes = cli.folder / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE)
    facts = [enrolled(), enrolled(enrolment="e-2"), enrolled(enrolment="e-3", participant="p-2", partner="partner-2")]
    assert cli.send(*facts, completed("module-1", at(1)), completed("module-2", at(8))).data["appended"] == 5
    with Wiring(Settings(data_dir=cli.folder)).log_to_append() as log:
        start_day(log, DAY, start_of(DAY))
    assert cli("rebuild").code == 0
    return cli
