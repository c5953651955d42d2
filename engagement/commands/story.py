"""A story in few lines: what is ordinary is counted, what matters is told."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from learning.calendar import uk_day
from projections.timeline import Entry

_ORDINARY = ("completed", "attended", "caught-up", "submitted", "visited")
"""Entries that are counted where they stand one after the other."""


def told_briefly(entries: Iterable[Entry]) -> Iterator[tuple[datetime, str, str]]:
    """When (the first day of what is counted), what, and more about it."""
    run: list[Entry] = []
    for entry in entries:
        if entry.what in _ORDINARY:
            run.append(entry)
            continue
        yield from _counted(run)
        run = []
        yield entry.time, what_happened(entry.what), details(entry.detail, entry.component)
    yield from _counted(run)


def _counted(run: list[Entry]) -> Iterator[tuple[datetime, str, str]]:
    if run:
        numbers = Counter(entry.what for entry in run)
        counted = ", ".join(f"{number} {what}" for what, number in numbers.items())
        yield run[0].time, "at work", f"until {uk_day(run[-1].time):%d %b %Y}: {counted}"


def what_happened(what: str) -> str:
    """The last word of an event type, or the words as they are."""
    return what.removeprefix("learning.").rpartition(".v")[0].replace("-", " ") if "." in what else what


def details(detail: Mapping[str, Any] | None, component: str | None = None) -> str:
    """What an entry says beside its kind."""
    if component is not None:
        return component
    return ", ".join(_detail(name, value) for name, value in (detail or {}).items())


def _detail(name: str, value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else f"{name} {value}"
