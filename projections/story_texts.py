"""Entries of a story in words: what happened, and what is said beside it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from projections.timeline import Entry


def what_happened(what: str) -> str:
    """The last word of an event type, or the words as they are."""
    return what.removeprefix("learning.").rpartition(".v")[0].replace("-", " ") if "." in what else what


def details(detail: Mapping[str, Any] | None, component: str | None = None) -> str:
    """What an entry says beside its kind."""
    if component is not None:
        return component
    return ", ".join(_detail(name, value) for name, value in (detail or {}).items())


def corrected(story: Sequence[Entry]) -> list[bool]:
    """Of each entry, whether the next one corrects it: of one component at one moment, what became known last holds."""
    return [*(_contradicted(each, following) for each, following in pairwise(story)), *([False] if story else [])]


def _contradicted(each: Entry, following: Entry) -> bool:
    same = each.component is not None and (each.component, each.time) == (following.component, following.time)
    return same and each.what != following.what


def _detail(name: str, value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else f"{name} {value}"
