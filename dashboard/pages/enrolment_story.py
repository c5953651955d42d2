"""The story of one enrolment as people read it: the latest first, with days, words and who did what."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from dashboard.wording import REASONS, day, moment, reason, words
from learning.calendar import uk_day
from projections.story_texts import corrected, what_happened
from projections.timeline import Entry

ENTRIES: Final = 30
"""Entries of a page."""

_ACTORS: Final = ("by", "granted_by", "signed_off_by")
_DAYS: Final = frozenset({"effective", "expected_return", "opens", "closes", "until"})
_DECIDED: Final = ("flag ", "risk ")


def told(story: Sequence[Entry], titles: Mapping[str, str], actors: Mapping[str, str]) -> list[dict[str, Any]]:
    """The entries of a story, the latest first.

    Args:
        story: From the first entry to the last.
        titles: Of the components, by id.
        actors: The labels of accounts, by id; others are told by their id.
    """
    marked = zip(story, corrected(story), strict=True)
    return [_entry(each, titles, actors, wrong=wrong) for each, wrong in reversed(list(marked))]


def _entry(each: Entry, titles: Mapping[str, str], actors: Mapping[str, str], *, wrong: bool) -> dict[str, Any]:
    title = "" if each.component is None else f": {titles.get(each.component, each.component)}"
    detail = each.detail or {}
    actor = next((detail[name] for name in _ACTORS if name in detail), None)
    return {
        "what": f"{words(what_happened(each.what))}{title}{' (corrected)' if wrong else ''}",
        "when": _when(each),
        "by": actor and actors.get(actor, actor),
        "details": [*_details(detail), *_late(each)],
        "important": each.what.startswith(_DECIDED),
    }


def _when(each: Entry) -> str:
    """The moment; of visits and decisions, which hold for the day, the day."""
    by_day = each.what == "visited" or each.what.startswith(_DECIDED)
    return day(each.time) if by_day else moment(each.time)


def _details(detail: Mapping[str, Any]) -> Iterator[str]:
    for name, value in detail.items():
        if name in _ACTORS:
            continue
        if isinstance(value, list):
            yield from value
        elif name == "reason":
            yield f"Reason: {reason(value)} ({value})" if value in REASONS else f"Reason: {words(value)}"
        elif name in _DAYS:
            yield f"{words(name.replace('_', '-'))}: {day(date.fromisoformat(value))}"
        else:
            yield f"{words(name.replace('_', '-'))}: {words(value) if name in _CODES else value}"


_CODES: Final = frozenset({"level", "channel", "outcome", "step"})


def _late(each: Entry) -> Iterator[str]:
    """When it became known, if that was on a later day."""
    if each.recordedtime is not None and uk_day(each.recordedtime) > uk_day(each.time):
        yield f"Became known on {day(each.recordedtime)}"
