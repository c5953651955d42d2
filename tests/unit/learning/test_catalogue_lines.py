"""The line of everything in a TOML text."""

import tomllib
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.catalogue_lines import Lines, Path

ODD = '''# a comment with [[brackets]] = "and quotes

top = """a text
[not.a.table]
x = 1"""  # ends here
"quoted key" = 'it''s' # comment
[[list]]
a.b = 1 # dotted
  [list.inner]
  many = [
    { x = "]}", y = [1, 2,
      3] }, # two in one
    { x = "\\\\" },
  ]
[[list]]
[list.inner]
z = \'\'\'
]\'\'\'
when = 2024-01-01 07:00:00
ratio = 0.5
'''.replace("'it''s'", "'it is'")


def paths(value: Any, path: Path = ()) -> set[Path]:
    """Every path that leads to something in parsed TOML."""
    match value:
        case dict():
            below = [paths(each, (*path, key)) for key, each in value.items()]
        case list():
            below = [paths(each, (*path, position)) for position, each in enumerate(value)]
        case _:
            below = []
    return set().union(*below, {path} if path else set())


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 3),
        (("quoted key",), 6),
        (("list", 0), 7),
        (("list", 0, "a", "b"), 8),
        (("list", 0, "inner"), 9),
        (("list", 0, "inner", "many"), 10),
        (("list", 0, "inner", "many", 0, "y", 1), 11),
        (("list", 0, "inner", "many", 0, "y", 2), 12),
        (("list", 0, "inner", "many", 1, "x"), 13),
        (("list", 1), 15),
        (("list", 1, "inner"), 16),
        (("list", 1, "inner", "z"), 17),
        (("list", 1, "inner", "when"), 19),
        (("list", 1, "inner", "ratio"), 20),
    ],
)
def test_odd_but_valid_toml(path: Path, line: int) -> None:
    """Comments, texts over many lines, quoted and dotted keys, nested lists and tables do not shift a line."""
    assert Lines(ODD).of(path) == line


def test_what_is_missing_is_at_the_table_it_is_missing_from() -> None:
    """A path that is not in the text has the line of the nearest thing around it."""
    assert Lines(ODD).of(("list", 1, "inner", "code")) == 16
    assert Lines(ODD).of(("nowhere",)) == 1


FILES = [each for each in resources.files("learning").joinpath("programmes").iterdir() if each.name.endswith(".toml")]


@pytest.mark.parametrize("text", [ODD, *(each.read_text(encoding="utf-8") for each in FILES)])
def test_every_value_has_a_line_that_shows_its_key(text: str) -> None:
    """Exactly what tomllib finds in a text has a line, and the line of a key contains the key."""
    lines = text.splitlines()
    known = Lines(text).known
    assert set(known) == paths(tomllib.loads(text))
    assert all(str(path[-1]) in lines[line - 1] for path, line in known.items() if isinstance(path[-1], str))


SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(["true", "1.5", "2024-01-02", '"]"', "'}'", '"a # b"', '"""x\n[y]\nz = 1"""', "'''\n,'''"]),
)
GAPS = st.sampled_from(["", " ", "\n", " # no ] comment\n", "\n\n  "])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """A TOML value as somebody may write it."""
    shape = draw(st.sampled_from(["scalar", "list", "table"])) if depth else "scalar"
    if shape == "scalar":
        return draw(SCALARS)
    below = draw(st.lists(values(depth - 1), max_size=3))
    if shape == "table":
        return "{ " + ", ".join(f"k{n} = {each}" for n, each in enumerate(below)) + " }"
    return "[" + "".join(f"{draw(GAPS)}{each}{draw(GAPS)}," for each in below) + draw(GAPS) + "]"


@given(st.lists(st.tuples(st.sampled_from(["[[t]]", "[t.u]", "[[t.v]]", "# c", ""]), values()), max_size=6))
def test_any_text_has_lines_for_exactly_what_is_in_it(parts: list[tuple[str, str]]) -> None:
    """Whatever the layout, every value has a line, and the line of a pair is the one its key was written on."""
    pieces = ["[[t]]\n"]
    for number, (header, value) in enumerate(parts):
        header = "" if header == "[t.u]" and any(each == "[t.u]\n" for each in pieces) else header  # noqa: PLW2901 - a table is opened once
        pieces += [f"{header}\n", f"key{number} = {value}\n"]
    text = "".join(pieces)
    lines = text.split("\n")
    known = Lines(text).known
    assert set(known) == paths(tomllib.loads(text))
    for path, line in known.items():
        if isinstance(path[-1], str) and path[-1].startswith("key"):
            assert lines[line - 1].startswith(f"{path[-1]} =")
