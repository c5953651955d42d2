"""Addresses of our own pages, made of what they are about: an id stays one segment, whatever characters it has."""

from datetime import date
from urllib.parse import quote, urlencode


def address(path: str, **query: object) -> str:
    """A path with a query; what is None is left out, and yes and no are written as words."""
    given = {name: _written(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def to_enrolment(enrolment: str) -> str:
    """The page of an enrolment."""
    return f"/enrolments/{quote(enrolment, safe='')}"


def to_action(word: str, enrolment: str) -> str:
    """The form on which something is noted about an enrolment."""
    return f"/actions/{word}/{quote(enrolment, safe='')}"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
