"""Somebody on each level of risk, behind the command line."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders import SMALL_FILE, at, completed, enrolled
from tests.command_line import Cli, plain_terminal, ticking_clock
from tests.risk_commands_kit import DAYS, POLICY, start

NOON = datetime(2025, 10, 6, 12, tzinfo=UTC)
"""From then on, each call of a command is a second later."""


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four study weeks of one who keeps up, one of whom a completion is told late, one who is silent, one on watch."""
    line = Cli(tmp_path_factory.mktemp("risk") / "data")
    for folder, name, text in (("programmes", "small.toml", SMALL_FILE), ("policies", "tests.toml", POLICY)):
        (line.folder / folder).mkdir(parents=True)
        (line.folder / folder / name).write_text(text)
    done = [completed(f"module-{number}", at(number * 7 - 1), participant="p-1") for number in range(1, 5)]
    line.send(enrolled(), *done, completed("clinic-1", at(25), participant="p-1"))
    line.send(enrolled(enrolment="e-2", participant="p-2", partner="partner-2"))
    line.send(completed("module-1", at(6), enrolment="e-2", participant="p-2"))
    line.send(enrolled(enrolment="e-3", participant="p-3"), enrolled(enrolment="e-4", participant="p-4"))
    line.send(*(completed(f"module-{each}", at(27), enrolment="e-4", participant="p-4") for each in (1, 2, 3)))
    start(line, *DAYS[:3])
    line.send(completed("module-2", at(13), enrolment="e-2", participant="p-2"))
    start(line, DAYS[3])
    assert line("rebuild").code == 0
    return line.folder


@pytest.fixture
def cli(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a copy of them."""
    plain_terminal(monkeypatch, tmp_path)
    ticking_clock(monkeypatch, NOON, "flags")
    return Cli(Path(shutil.copytree(filled, tmp_path / "data", symlinks=True)))
