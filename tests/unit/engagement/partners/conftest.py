"""Enrolments with two partners, behind the command line."""

from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from tests.builders import SMALL_FILE, enrolled
from tests.command_line import DAY, Cli, plain_terminal, ticking_clock
from tests.partner_commands_kit import NOON


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an empty folder."""
    plain_terminal(monkeypatch, tmp_path)
    ticking_clock(monkeypatch, NOON, "partners", "partner_contacts", "partner_endpoints")
    return Cli(tmp_path / "data")


@pytest.fixture
def filled(cli: Cli) -> Cli:
    """Enrolments with two partners, processed."""
    programmes = cli.folder / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE)
    cli.send(enrolled(), enrolled(enrolment="e-2"), enrolled(enrolment="e-3", participant="p-2", partner="partner-2"))
    with Wiring(Settings(data_dir=cli.folder)).log_to_append() as log:
        start_day(log, DAY, start_of(DAY))
    assert cli("rebuild").code == 0
    return cli
