"""Writes the pages of docs/reference that the code can tell itself, and `.env.example`; `--check` only compares."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pages.api import api_page
from pages.commands import commands_page
from pages.events import events_page
from pages.lake import lake_page
from pages.measures import measures_page
from pages.metrics import metrics_page
from pages.models import models_page
from pages.settings import env_example, settings_page

PROJECT = Path(__file__).resolve().parents[1]

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/api.md": api_page,
    "docs/reference/commands.md": commands_page,
    "docs/reference/events.md": events_page,
    "docs/reference/lake.md": lake_page,
    "docs/reference/measures.md": measures_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/models.md": models_page,
    "docs/reference/settings.md": settings_page,
    ".env.example": env_example,
}


def stale() -> dict[Path, str]:
    """The pages that are not what the code says, with what they should be."""
    wanted = {PROJECT / name: make() for name, make in PAGES.items()}
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}


def main(arguments: list[str]) -> int:
    """Write stale pages, or with `--check` name them and answer 1."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/reference_pages.py [--check]\n")
        return 2
    pages = stale()
    for path, text in pages.items():
        name = path.relative_to(PROJECT)
        if arguments:
            sys.stderr.write(f"{name} is not what the code says; run `make docs`\n")
        else:
            path.write_text(text)
            sys.stdout.write(f"wrote {name}\n")
    return 1 if arguments and pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
