"""Cuts what databases are told, or asked for, into as much as they take at once."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

KEYS_AT_ONCE = 500
"""Ids that one question names at most: databases bound the number of parameters."""

ROWS_AT_ONCE = 1_000
"""Rows that are read or written at once: a new day can bring one of every enrolment."""

_Item = TypeVar("_Item")


def in_pages(items: Iterable[_Item], size: int = KEYS_AT_ONCE) -> Iterator[list[_Item]]:
    """The items in lists of so many, the last of which may be shorter; none is read before it is asked for."""
    remaining = iter(items)
    while page := list(islice(remaining, size)):
        yield page
