"""Finds the line on which something stands in a TOML text, because `tomllib` answers values without their places.

It reads texts that `tomllib` has accepted, so it does not check them again.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys and list positions (from 0) that lead to a value, such as `("programme", 2, "components", 0, "weeks")`."""

_TOKEN = re.compile(
    r"""
      (?P<skip>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    | (?P<mark>[\[\]{}=,.])
    | (?P<bare>[^\s\[\]{}=,."'\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_END = "end"


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


class Lines:
    """Where everything in a valid TOML text stands.

    Args:
        text: The text; lines are counted from 1.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, path: Path) -> int:
        """The line of what `path` leads to; of the nearest thing around it when that itself is not in the text."""
        while path and path not in self.known:
            path = path[:-1]
        return self.known.get(path, 1)

    @cached_property
    def known(self) -> Mapping[Path, int]:
        """The line of every table, key and list entry."""
        return _Scanner(self._text).scan()


class _Scanner:
    """One walk over the tokens of a text."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._entries: dict[Path, int] = {}
        """How many `[[...]]` entries each array of tables has so far."""

    def scan(self) -> Mapping[Path, int]:
        table: Path = ()
        while self._peek().kind != _END:
            if self._take_if("\n"):
                continue
            if self._peek().text == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: note its line and answer the path of the keys below it."""
        line = self._next().line
        is_entry = self._take_if("[")
        path: Path = ()
        *parents, last = self._key()
        for parent in parents:
            path = self._latest_entry((*path, parent))
        path = (*path, last)
        if is_entry:
            self._entries[path] = self._entries.get(path, 0) + 1
        self._note(path, line)
        path = self._latest_entry(path)
        self._note(path, line)
        while self._take_if("]"):
            pass
        return path

    def _latest_entry(self, path: Path) -> Path:
        return (*path, self._entries[path] - 1) if path in self._entries else path

    def _pair(self, table: Path) -> None:
        """`a.b = value`."""
        line = self._peek().line
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path, line)
        self._next()  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        parts = [_plain(self._next())]
        while self._take_if("."):
            parts.append(_plain(self._next()))
        return parts

    def _value(self, path: Path) -> None:
        if self._take_if("["):
            self._list(path)
        elif self._take_if("{"):
            while not self._take_if("}"):
                if not self._take_if(","):
                    self._pair(path)
        else:
            while self._peek().text not in {",", "]", "}", "\n"} and self._peek().kind != _END:
                self._next()

    def _list(self, path: Path) -> None:
        position = 0
        while not self._take_if("]"):
            if self._take_if(",") or self._take_if("\n"):
                continue
            self._note((*path, position), self._peek().line)
            self._value((*path, position))
            position += 1

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take_if(self, mark: str) -> bool:
        """Step over the next token if it is this mark."""
        found = self._peek().text == mark and self._peek().kind in {"mark", "newline"}
        self._at += found
        return found


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        if kind != "skip":
            tokens.append(_Token(kind, piece, line))
        line += piece.count("\n")
    return [*tokens, _Token(_END, "", line)]


def _plain(token: _Token) -> str:
    """The key that a token spells, without its quotes."""
    if token.kind != "text":
        return token.text
    spelled: str = tomllib.loads(f"key = {token.text}")["key"]
    return spelled
