"""The page of commands: the command line as the program itself describes it."""

from collections.abc import Iterator
from typing import Any

import typer

from engagement.__main__ import app
from pages.markdown import code, page, table

_PROGRAM = "engagement"


def commands_page() -> str:
    """The whole page."""
    root = typer.main.get_command(app)
    return page(
        "Commands",
        "Each command answers `--help`. Besides the exit codes named below, 130 means stopped by Ctrl-C. The columns "
        "that tables and `--json` show are described under [measures](measures.md).",
        *(block for name, command in _walk(_PROGRAM, root) for block in _blocks(name, command)),
    )


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and all commands under it, with their full names."""
    yield name, command
    for child, under in getattr(command, "commands", {}).items():
        if not under.hidden:
            yield from _walk(f"{name} {child}", under)


def _blocks(name: str, command: Any) -> Iterator[str]:
    yield f"## `{name}`"
    yield _plain(command.help)
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    if arguments:
        yield table(("argument", "meaning"), ((code(_shown(each)), _meaning(each)) for each in arguments))
    if options:
        yield table(
            ("option", "default", "meaning"), ((_flags(each), _default(each), _meaning(each)) for each in options)
        )


def _plain(help_text: str | None) -> str:
    """Help text without the marks that only the terminal needs."""
    return "\n\n".join(" ".join(part.split()) for part in (help_text or "").replace("\f", "").split("\n\n"))


def _shown(argument: Any) -> str:
    name = (argument.metavar or argument.name).upper()
    return f"{name}…" if argument.nargs == -1 and not name.endswith(("…", "...")) else name


def _flags(option: Any) -> str:
    return ", ".join(code(flag) for flag in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    default = option.default
    if callable(default) or default in (None, False, (), []) or option.required:
        return "required" if option.required else ""
    return code(str(getattr(default, "value", default)))


def _meaning(parameter: Any) -> str:
    return getattr(parameter, "help", None) or ""
