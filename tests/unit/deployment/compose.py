"""docker-compose.yml and Dockerfile as their tools would read them, as far as tests ask."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.exceptions import TyperException

from engagement.__main__ import app

PROJECT = Path(__file__).parents[3]
COMPOSE_FILE = PROJECT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
_INSTRUCTION = re.compile(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.MULTILINE)


def compose(**given: str) -> dict[str, Any]:
    """The file, with anchors and variables resolved; those that are not given have their defaults."""
    text = _VARIABLE.sub(lambda variable: given.get(variable[1], variable[2]), COMPOSE_FILE.read_text(encoding="utf-8"))
    assert "${" not in text
    read: dict[str, Any] = yaml.safe_load(text)
    return read


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
"""The services that run this program."""


def engagement_settings(environment: dict[str, Any]) -> dict[str, str]:
    """The settings of the program in an environment, by their full names."""
    return {name: str(value) for name, value in environment.items() if name.startswith("ENGAGEMENT_")}


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what follows them, continued lines joined."""
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [(name, rest.replace("\\\n", " ")) for name, rest in _INSTRUCTION.findall(without_comments)]


def last(instruction: str) -> str:
    """What follows an instruction where it stands last, which is what counts for the image."""
    return [rest for name, rest in dockerfile() if name == instruction][-1]


def exec_form(instruction: str) -> list[str]:
    """The words of an ENTRYPOINT, CMD or HEALTHCHECK that starts its program without a shell."""
    words: list[str] = json.loads(last(instruction).partition("[")[1] + last(instruction).partition("[")[2])
    return words


def image_environment() -> dict[str, str]:
    """The variables that the image sets."""
    return dict(part.split("=", 1) for part in shlex.split(last("ENV")))


def found(words: list[str]) -> tuple[Any, list[str]]:
    """The command that these words name, and what is left of them; None when there is none."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        command, words = command.commands.get(words[0]), words[1:]
    return (None if hasattr(command, "commands") else command), words


def is_command(words: list[str]) -> bool:
    """Whether these words begin with a command of the program, whatever its arguments."""
    return found(words)[0] is not None


def parses(words: list[str]) -> bool:
    """Whether the command line takes these words: the command is there, and so are its options and arguments."""
    command, rest = found(words)
    if command is None:
        return False
    try:
        command.make_context(command.name, rest)
    except TyperException:
        return False
    return True


def without_settings() -> dict[str, str]:
    """The environment of this process without the program's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
