"""Addresses of our own pages, made of what they are about: an id stays one segment, whatever characters it has."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import quote, urlencode

API: Final = "/api/v1"
"""Where version 1 of the API begins."""


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


def to_alert(alert: str) -> str:
    """The page of an alert."""
    return f"/alerts/about/{quote(alert, safe='')}"


def to_notice(notice: str) -> str:
    """The page of a message: whom it told of, and how they stand now."""
    return f"/alerts/notices/{quote(notice, safe='')}"


def to_csv(what: str, where: Mapping[str, str | None], **options: object) -> str:
    """What the API has under a name, as CSV: a table of a page, or the answer to a question.

    Args:
        what: Its path below the API's.
        where: Filters, as columns and the value that each must have.
        options: Other parameters.
    """
    return address(
        f"{API}/{what}", **{f"filter[{name}]": value for name, value in where.items()}, **options, format="csv"
    )


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
