"""What somebody may have meant who wrote an id that is not there."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_AT_MOST = 3
_ALIKE = 0.75


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """A question that names the ids most like the wanted one, to put behind a message; empty when none is like it."""
    near = similar(wanted, known)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def similar(wanted: str, known: Iterable[str]) -> list[str]:
    """The ids most like the wanted one, best first: those that differ in capitals or zeros only, else a few others."""
    ids = set(known)
    same = sorted(each for each in ids if _plain(wanted) in {_plain(each), _plain(each.rpartition("/")[2])})
    if same:
        return same[:_AT_MOST]
    alike = [(max(_likeness(wanted, each), _likeness(wanted, each.rpartition("/")[2])), each) for each in ids]
    return [each for ratio, each in sorted(alike, key=lambda pair: (-pair[0], pair[1])) if ratio >= _ALIKE][:_AT_MOST]


def _plain(text: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", text.casefold())


def _likeness(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one.casefold(), other.casefold())
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0
