"""Policies and days for the commands of risk, and how their answers are read."""

from datetime import date

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from tests.command_line import Cli

POLICY = """
version = "tests"
in_force = 2001-01-01
hold_days = 1
excused_days = 0

[levels]
watch = 1
at-risk = 2
critical = 5

[signals]
silent = [{ from = 1, points = 2 }, { from = 3, points = 1 }]
behind = [{ from = 1, points = 1 }, { from = 2, points = 2 }, { from = 4, points = 4 }]

[[provider]]
id = "provider-2"
signals = { behind = [] }
"""
"""Two signals; a silence of three study weeks is a long one."""

CANDIDATE = POLICY.replace('"tests"', '"bolder"').replace("2001-01-01", "2030-01-01")
CANDIDATE = CANDIDATE.replace("watch = 1", "watch = 0").replace("at-risk = 2", "at-risk = 1")
"""Flags whoever was on watch, and comes into force years later."""

DAYS = [date(2025, 9, 15), date(2025, 9, 22), date(2025, 9, 29), date(2025, 10, 6)]


def start(line: Cli, *days: date) -> None:
    """Start these days on the log."""
    with Wiring(Settings(data_dir=line.folder)).log_to_append() as log:
        for day in days:
            start_day(log, day, start_of(day))


def in_one_line(text: str) -> str:
    """Words without the breaks and frames that a terminal puts between them."""
    return " ".join(text.replace("│", " ").split())


def register(cli: Cli, *arguments: str) -> list[tuple[str, str]]:
    """Who is on the register, and at which level."""
    return [(row["enrolment"], row["level"]) for row in cli("at-risk", *arguments, "--json").data]
