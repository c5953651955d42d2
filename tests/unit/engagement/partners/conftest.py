"""Enrolments with two partners, behind the command line."""

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from tests.builders import SMALL_FILE, enrolled
from tests.command_line import DAY, Cli
from tests.partner_commands_kit import NOON


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("NO_COLOR", "1")
    seconds = count()
    for module in ("partners", "partner_contacts", "partner_endpoints"):
        monkeypatch.setattr(
            f"engagement.commands.{module}.utc_now", lambda: NOON + timedelta(seconds=next(seconds)), raising=False
        )
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
