"""The command line on a data folder, run in this process, for tests that look at what it prints and how it ends."""

import json
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from engagement.__main__ import app
from learning.events import Fact, encode

DAY = date(2025, 10, 6)
"""The first day after four study weeks, when half of the small programme is due."""


def plain_terminal(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Be in this folder, where there is no `.env`, on a terminal without colours that holds any table."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("NO_COLOR", "1")


def ticking_clock(monkeypatch: pytest.MonkeyPatch, start: datetime, *commands: str) -> None:
    """From `start` on, each look at the clock by one of these modules of commands is a second later."""
    seconds = count()
    for each in commands:
        name = f"engagement.commands.{each}.utc_now"
        monkeypatch.setattr(name, lambda: start + timedelta(seconds=next(seconds)))


class Ran(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


class Cli:
    """The command line on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str | Path, stdin: bytes | None = None) -> Ran:
        """Run a command."""
        result = CliRunner().invoke(app, ["--data-dir", str(self.folder), *map(str, arguments)], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def send(self, *facts: Fact) -> Ran:
        """Import facts from standard input."""
        return self("import", "events", "-", "--json", stdin=b"\n".join(map(encode, facts)))
