"""A real browser for the tests of pages: headless Chromium, what goes wrong in it, and pictures of what it shows.

Playwright keeps an event loop running for as long as its browser is open, in which no asynchronous test could run; so
a browser lives as long as its module, and tests that use it are synchronous.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

SCREENS = Path(__file__).parents[2] / "artefacts" / "screens"
"""Where pictures of pages are left for people to look at."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Visit(NamedTuple):
    """A page in the browser, and what went wrong on it so far: errors, refused content, requests to other hosts."""

    page: Page
    troubles: list[str]


class Visiting(Protocol):
    """Opens a page."""

    def __call__(self, address: str, *, width: int = 1280, javascript: bool = True) -> Visit:
        """Open a page in a context of its own, as a visitor who was never here."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("needs a browser: Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found)  # without its sandbox: it opens our own pages only
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visiting]:
    """Opens pages, and closes them with the test."""
    contexts: list[BrowserContext] = []

    def open_page(address: str, *, width: int = 1280, javascript: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=javascript, locale="en-GB", timezone_id="UTC"
        )
        contexts.append(context)
        page = context.new_page()
        visited = Visit(page, _watched(page, urlsplit(address).netloc))
        page.goto(address)
        return visited

    yield open_page
    for context in contexts:
        context.close()


def _watched(page: Page, host: str) -> list[str]:
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request",
        lambda asked: troubles.append(f"asks another host: {asked.url}") if _is_elsewhere(asked.url, host) else None,
    )
    return troubles


def _is_elsewhere(url: str, host: str) -> bool:
    return urlsplit(url).scheme != "data" and urlsplit(url).netloc != host


@pytest.fixture(scope="session")
def axe_violations() -> Callable[[Page], list[str]]:
    """Finds what axe-core objects to on a page: a line for each element."""

    def find(page: Page) -> list[str]:
        rules = {"target-size": {"enabled": True}}  # WCAG 2.2, which axe leaves out unless asked
        found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules}).response["violations"]
        return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]

    return find


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Leaves a picture of a whole page under a name, for people to look at."""

    def take(page: Page, name: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}.png", full_page=True)

    return take
