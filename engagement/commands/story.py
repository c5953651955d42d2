"""A story in few lines: what is ordinary is counted, what matters is told."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from learning.calendar import uk_day
from projections.story_texts import details, what_happened
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
