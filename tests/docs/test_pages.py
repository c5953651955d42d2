"""The pages are true where a machine can tell: links lead somewhere, and what they name exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from engagement.__main__ import app
from engagement.settings import Settings

PROJECT = Path(__file__).parents[2]
PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md")),
    *sorted(PROJECT.glob("docs/**/*.md")),
]

LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^ {4,}(?:\$ )?|`)engagement ((?:[a-z][a-z-]* ?)+)", re.MULTILINE)
TARGET = re.compile(r"(?:^ {4,}|`)(?:[A-Z_]+=\S+ )*make ([a-z-]+)", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/.-]+)`")
SETTING = re.compile(r"\b(ENGAGEMENT_[A-Z_]+)\b")
FOR_TESTS = {"ENGAGEMENT_TEST_KAFKA", "ENGAGEMENT_TEST_POSTGRES"}  # name servers for the tests, not for the program

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))


def text_of(page: Path) -> str:
    """What stands on a page."""
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can name, made of its headings as forges do it."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether the file that a link names is there, and has the heading that it names."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in anchors(target))


def is_command(words: list[str]) -> bool:
    """Whether these words, or their beginning and then arguments, are a command of the program."""
    command: Any = typer.main.get_command(app)
    for word in words:
        under = getattr(command, "commands", None)
        if under is None:
            return True
        if word not in under:
            return False
        command = under[word]
    return True


def unknown_commands(text: str) -> Iterator[str]:
    """The commands in a text that the program does not have."""
    for found in COMMAND.findall(text):
        if not is_command(found.split()):
            yield f"engagement {found}"


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file that is there, and a heading that it has."""
    links = [link for link in LINK.findall(text_of(page)) if "://" not in link]

    assert [link for link in links if not leads_somewhere(page, link)] == []


@every_page
def test_every_command_shown_exists(page: Path) -> None:
    """Whoever copies a command from a page is not told that there is none."""
    assert list(unknown_commands(text_of(page))) == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    """The test above sees commands in code blocks and in sentences, and the second word too."""
    text = "Run `engagement rebuilt`, then\n\n    engagement import sheets FILE\n    $ engagement show e-1\n"

    assert list(unknown_commands(text)) == ["engagement rebuilt", "engagement import sheets "]


@every_page
def test_every_target_of_make_exists(page: Path) -> None:
    """A `make` command on a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", text_of(PROJECT / "Makefile"), flags=re.MULTILINE))

    assert set(TARGET.findall(text_of(page))) - targets == set()


@every_page
def test_every_test_named_exists(page: Path) -> None:
    """A page that says which test holds a promise names a file that is there."""
    assert [name for name in TEST.findall(text_of(page)) if not (PROJECT / name).exists()] == []


@every_page
def test_every_setting_named_is_read(page: Path) -> None:
    """An environment variable that a page names is one of the settings."""
    settings = {f"ENGAGEMENT_{field.upper()}" for field in Settings.model_fields} | FOR_TESTS

    assert set(SETTING.findall(text_of(page))) - settings == set()


def test_every_page_can_be_reached() -> None:
    """From the README, links lead to every page of the docs."""
    reached, waiting = set[Path](), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        names = (link.partition("#")[0] for link in LINK.findall(text_of(page)) if "://" not in link)
        waiting += [(page.parent / name).resolve() for name in names if name]

    assert set(PAGES) - reached == set()
