"""The commands as a whole: each explains itself, and each prints JSON when asked."""

from collections.abc import Iterator

import pytest
from typer.main import get_command

from engagement.__main__ import app


def leaves(group: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every command that does something, by its full name."""
    for name, command in getattr(group, "commands", {}).items():
        full = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            assert command.help, full
            if command.invoke_without_command:
                yield full, command
            yield from leaves(command, full)
        else:
            yield full, command


COMMANDS = dict(leaves(get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_everything_it_takes_is_explained(name: str) -> None:
    """A command, an argument or an option without help would be missing from the reference."""
    command = COMMANDS[name]
    assert getattr(command, "help", None)
    assert [param.name for param in getattr(command, "params", []) if not getattr(param, "help", None)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_json_when_asked(name: str) -> None:
    """Other programs can read what any command prints."""
    assert "--json" in [option for param in getattr(COMMANDS[name], "params", []) for option in param.opts]


def test_the_commands_that_users_rely_on_are_there() -> None:
    """Nothing of the command line goes missing by accident."""
    assert set(COMMANDS) == {
        "demo",
        "import events",
        "import enrolments",
        "import attendance",
        "import oulad",
        "up",
        "worker",
        "dashboard",
        "dispatcher",
        "withdrawals list",
        "withdrawals export",
        "flag object",
        "flag mute",
        "status",
        "show",
        "cohort",
        "partners",
        "partners list",
        "partners show",
        "partners add",
        "partners mute",
        "partners test",
        "partners contact list",
        "partners contact add",
        "partners contact change",
        "partners contact remove",
        "partners contact resubscribe",
        "partners endpoint list",
        "partners endpoint add",
        "partners endpoint rotate",
        "partners endpoint on",
        "partners endpoint off",
        "partners endpoint remove",
        "at-risk",
        "explain",
        "flag acknowledge",
        "flag contact",
        "flag improving",
        "flag recommend-withdrawal",
        "flag sign-off",
        "flag defer",
        "alerts list",
        "alerts show",
        "alerts replay",
        "alerts preview",
        "policy show",
        "policy check",
        "policy diff",
        "policy simulate",
        "declarations ready",
        "declarations expected",
        "declarations summary",
        "declarations evidence",
        "programmes list",
        "programmes show",
        "programmes check",
        "analyse",
        "query",
        "sql",
        "access grant",
        "access list",
        "access revoke",
        "access audit",
        "people import",
        "people show",
        "people export",
        "people erase",
        "people erased",
        "rejects dismiss",
        "rejects list",
        "rejects show",
        "rejects retry",
        "topics create",
        "topics check",
        "lake status",
        "lake compact",
        "lake dictionary",
        "rebuild",
        "verify",
        "export-log",
        "import-log",
    }
