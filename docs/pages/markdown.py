"""The few forms of Markdown that the generated pages share."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `make docs` from the code: change the code, not this page. -->"


def page(title: str, *blocks: str) -> str:
    """A whole page."""
    return "\n\n".join((f"# {title}", GENERATED, *(block.strip("\n") for block in blocks if block))) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar inside a cell is escaped, and a line break becomes a space."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(name: str) -> str:
    """Text as it is typed."""
    return f"`{name}`"


def docstring(subject: object) -> str:
    """What the code says of a thing, without its indentation."""
    return inspect.getdoc(subject) or ""


def field_notes(cls: type) -> dict[str, str]:
    """The notes (strings that stand under a field) of a class and of what it inherits, by field."""
    notes: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] in {"builtins", "msgspec"}:
            continue
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)  # noqa: S101 - for the type checker; a class is defined by a class
        for field, after in zip(definition.body, definition.body[1:], strict=False):
            match field, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(note))):
                    notes[name] = " ".join(inspect.cleandoc(note).split())
    return notes


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
