"""The reference is complete and up to date: whatever a user can name has its place there."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from engagement.__main__ import app
from engagement.settings import Settings
from learning.events import FACT_TYPES, decode
from projections.schema import metadata

PROJECT = Path(__file__).parents[2]
REFERENCE = PROJECT / "docs" / "reference"


def page(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading, down to the next of any level."""
    _, _, after = text.partition(f"\n{heading}\n")
    return re.split(r"\n#{1,6} ", after)[0]


def described(text: str) -> set[str]:
    """The names in the first column of the tables of a text."""
    first_cells = re.findall(r"^\| ([^|]*) \|", text, flags=re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and every visible command under it, with their full names."""
    yield name, command
    for child, under in getattr(command, "commands", {}).items():
        if not under.hidden:
            yield from commands(f"{name} {child}", under)


COMMANDS = dict(commands("engagement", typer.main.get_command(app)))


@pytest.mark.parametrize("name", FACT_TYPES)
def test_every_event_type_is_described_with_all_its_fields(name: str) -> None:
    """The page of event types has every event type, and every field of its data."""
    under = section(page("events.md"), f"## `{name}`")

    assert under.strip()
    assert described(under) == set(FACT_TYPES[name].__struct_fields__)


@pytest.mark.parametrize("name", FACT_TYPES)
def test_the_example_of_an_event_type_can_be_sent(name: str) -> None:
    """The example that stands with an event type is a fact of that type, which the strict decoder accepts."""
    [example] = re.findall(r"```json\n(.*?)```", section(page("events.md"), f"## `{name}`"), flags=re.DOTALL)

    assert decode(example).type == name


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_described(field: str) -> None:
    """The page of settings has every environment variable that is read."""
    assert f"ENGAGEMENT_{field.upper()}" in described(page("settings.md"))


def test_the_example_settings_are_the_settings_with_their_defaults() -> None:
    """The file .env.example names every setting, commented out; what it gives is the default."""
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.removeprefix("# ").split("=", 1) for line in lines if re.match(r"# [A-Z_]+=", line))
    values = {name.removeprefix("ENGAGEMENT_").lower(): value for name, value in given.items()}
    not_empty = {name: value for name, value in values.items() if value}

    assert all(not line or line.startswith("#") for line in lines)
    assert values.keys() == Settings.model_fields.keys()
    assert Settings(_env_file=None, **not_empty) == Settings.model_construct()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described_with_all_its_options(name: str) -> None:
    """The page of commands has every command, with every option and argument it takes."""
    under = section(page("commands.md"), f"## `{name}`")
    options = {flag for each in COMMANDS[name].params for flag in each.opts if flag.startswith("-")}
    arguments = [each for each in COMMANDS[name].params if each.param_type_name == "argument"]

    assert under.strip()
    assert options <= described(under)
    assert len(described(under) - options) >= len(arguments)


@pytest.mark.parametrize("name", metadata.tables)
def test_every_column_is_described(name: str) -> None:
    """The page of measures has every column of every table of the projections."""
    read_models = {
        "enrolment_progress": "## Enrolment progress",
        "enrolment_risk": "## At-risk register",
        "risk_history": "## Risk history",
    }
    heading = read_models.get(name, f"### `{name}`")

    assert described(section(page("measures.md"), heading)) == set(metadata.tables[name].columns.keys())


@pytest.mark.parametrize("heading", ["Cohorts", "Partners", "Timeline"])
def test_every_column_has_a_meaning(heading: str) -> None:
    """No column of a read model is left without words."""
    under = section(page("measures.md"), f"## {heading}")
    rows = re.findall(r"^\| `.*", under, flags=re.MULTILINE)

    assert rows
    assert all(row.split(" | ")[-1].strip(" |") for row in rows)


def test_generated_pages_are_what_the_code_says() -> None:
    """A change of the code that is not in the generated pages fails the suite, and says how to mend it."""
    ended = subprocess.run(
        [sys.executable, PROJECT / "docs" / "reference_pages.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
