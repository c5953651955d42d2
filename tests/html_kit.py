"""Reads pages as somebody does who sees no markup: their tables, links, fields, pairs and words."""

from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

from httpx2 import Response

_SILENT = frozenset({"script", "style", "title", "head"})
_NO_END = frozenset({"input", "meta", "link", "br", "hr", "img", "path", "circle", "rect"})


class Page(HTMLParser):
    """One page."""

    def __init__(self, text: str, address: str = "/") -> None:
        super().__init__()
        self._address = address
        self._open: list[tuple[str, bool]] = []
        """The elements that we are in, and whether each is silent."""
        self._buffers: dict[str, str] = {}
        self._href: str | None = None
        self._select = self._caption = ""
        self._row: list[str] = []
        self._term = ""
        self.words = ""
        self.links: dict[str, str] = {}
        """Addresses by the words of links."""
        self.tables: dict[str, list[list[str]]] = {}
        """The rows of each table, its headings first, by its caption."""
        self.fields: dict[str, str] = {}
        """What would be sent if nothing was filled in, by name."""
        self.options: dict[str, list[str]] = {}
        """What can be chosen, by name."""
        self.pairs: dict[str, str] = {}
        """Names and values of summary lists."""
        self.entries: list[str] = []
        """The entries of a timeline."""
        self.feed(text)
        self.words = " ".join(self.words.split())

    @classmethod
    def of(cls, answer: Response) -> Self:
        """The page of an answer that is one."""
        assert answer.headers["content-type"].startswith("text/html")
        return cls(answer.text, str(answer.url))

    def column(self, caption: str, heading: str) -> list[str]:
        """A column of a table."""
        headings, *rows = self.tables[caption]
        return [row[headings.index(heading)] for row in rows]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to gather what an element says."""
        given = {name: value or "" for name, value in attrs}
        if tag not in _NO_END:
            self._open.append((tag, tag in _SILENT or given.get("aria-hidden") == "true"))
        if tag in {"a", "caption", "th", "td", "dt", "dd", "li"}:
            self._buffers[tag] = ""
        if tag == "a":
            self._href = given.get("href")
        elif tag == "tr":
            self._row = []
        elif tag == "br":
            self.handle_data(" ")
        elif tag == "select":
            self._select = given["name"]
        elif tag in {"input", "option"}:
            self._note_field(tag, given)

    def _note_field(self, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", self._select), given.get("value", "")
        is_choice = tag == "option" or given["type"] == "radio"
        if is_choice:
            self.options.setdefault(name, []).append(value)
        if not is_choice or {"selected", "checked"} & given.keys():
            self.fields[name] = value

    def handle_data(self, data: str) -> None:
        """Take words to every element that is open."""
        if not any(silent for _, silent in self._open):
            self.words += data
            for tag in self._buffers:
                self._buffers[tag] += data

    def handle_endtag(self, tag: str) -> None:
        """Put away what an element has said."""
        while self._open and self._open.pop()[0] != tag:
            pass
        said = " ".join(self._buffers.pop(tag, "").split())
        if tag == "a" and self._href is not None:
            self.links[said] = urljoin(self._address, self._href).removeprefix("http://127.0.0.1:8480")
        elif tag == "caption":
            self._caption = said
            self.tables[said] = []
        elif tag in {"th", "td"}:
            self._row.append(said)
        elif tag == "tr":
            self.tables[self._caption].append(self._row)
        elif tag == "dt":
            self._term = said
        elif tag == "dd":
            self.pairs[self._term] = said
        elif tag == "li":
            self.entries.append(said)
