"""The pages about Kafka and Docker Compose are true: steps, settings, services and commands are those of the code."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from engagement.settings import Settings
from tests.unit.deployment.compose import OURS, PROJECT, SERVICES, is_command

HOW_TO = PROJECT / "docs" / "how-to"
PAGES = [HOW_TO / "move-to-kafka.md", HOW_TO / "run-with-compose.md"]
COMPOSE_FLAGS = {"--rm", "-T", "--build", "--detach", "--follow", "--volumes"}
COMPOSE_OPTIONS = {"--scale", "--volume", "--profile"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path) -> Iterator[list[str]]:
    """The code blocks of a page, without their indentation."""
    for block in re.findall(r"(?:^ {4,}\S.*\n)+", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        yield [line.strip() for line in block.splitlines()]


def settings_blocks(page: Path) -> Iterator[dict[str, str]]:
    """The blocks that are lines of a `.env`."""
    for block in blocks(page):
        if all(re.match(r"ENGAGEMENT_\w+=", line) for line in block):
            yield dict(line.split("=", 1) for line in block)


def compose_commands(page: Path) -> Iterator[list[str]]:
    """The words of every command of Docker Compose in a code block, as far as it reads from no file."""
    for block in blocks(page):
        for line in block:
            if line.startswith("docker compose "):
                yield shlex.split(re.split(r" [<>] ", line)[0])[2:]


def without_options(words: list[str]) -> list[str]:
    """What is left of a command without the options of Docker Compose that stand before a service."""
    left, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        if word in COMPOSE_OPTIONS:
            rest.pop(0)
        elif word not in COMPOSE_FLAGS:
            left.append(word)
            if word in SERVICES:
                return [*left, *rest]
    return left


def test_moving_takes_fewer_than_15_steps() -> None:
    """A reader gets from one machine to Kafka in fewer than 15 steps, numbered without a gap."""
    page = (HOW_TO / "move-to-kafka.md").read_text(encoding="utf-8")
    steps = [int(number) for number in re.findall(r"^ *(\d+)\. ", page, flags=re.MULTILINE)]

    assert steps == list(range(1, len(steps) + 1))
    assert 5 < len(steps) < 15


@every_page
def test_the_settings_shown_go_together(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies the settings of a block has settings that the program accepts."""
    shown = list(settings_blocks(page))
    for block in shown:
        with monkeypatch.context() as environment:
            for name, value in block.items():
                environment.setenv(name, value)
            settings = Settings(_env_file=None)
            assert {name.removeprefix("ENGAGEMENT_").lower() for name in block} <= Settings.model_fields.keys()
            assert not settings.broker or settings.kafka_cluster()
            assert bool(settings.broker) == bool(settings.database)

    assert any("ENGAGEMENT_BROKER" in block for block in shown)


@every_page
def test_the_settings_shown_for_compose_reach_its_servers(page: Path) -> None:
    """From the machine, the program finds Kafka and PostgreSQL of Docker Compose by the settings shown."""
    [block] = [each for each in settings_blocks(page) if "127.0.0.1" in each.get("ENGAGEMENT_BROKER", "")]
    [kafka_port] = SERVICES["kafka"]["ports"]
    [postgres_port] = SERVICES["postgres"]["ports"]
    made = SERVICES["postgres"]["environment"]
    inside = OURS["worker"]["environment"]

    assert kafka_port.rpartition(":")[0] == block["ENGAGEMENT_BROKER"].removeprefix("kafka://")
    assert postgres_port == "127.0.0.1:5432:5432"
    assert block["ENGAGEMENT_DATABASE"] == (
        f"postgresql://{made['POSTGRES_USER']}:{made['POSTGRES_PASSWORD']}@127.0.0.1/{made['POSTGRES_DB']}"
    )
    for name in ("ENGAGEMENT_REPLICATION", "ENGAGEMENT_MIN_INSYNC_REPLICAS"):
        assert block[name] == str(inside[name])


@every_page
def test_the_commands_of_compose_name_services_and_commands(page: Path) -> None:
    """A command of Docker Compose names services that there are, and what it runs is a command of the program."""
    commands = [without_options(words) for words in compose_commands(page)]

    assert commands
    for verb, *rest in commands:
        if verb == "run":
            service, *command = rest
            assert service in OURS
            assert is_command(command)
        else:
            assert verb in {"up", "down", "ps", "logs"}
            assert set(rest) <= SERVICES.keys()


def test_a_wrong_command_of_compose_would_be_found() -> None:
    """The test above sees a service and a command that there are not."""
    assert without_options(shlex.split('run --rm --volume "$PWD:/in" worker imports events -')) == [
        *("run", "worker", "imports", "events", "-"),
    ]
    assert not is_command(["imports", "events", "-"])
    assert "workers" not in SERVICES
