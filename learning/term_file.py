"""Term dates as somebody wrote them down, read and checked, because local authorities differ from the usual pattern.

A file has three tables for each school year it knows; years it does not name keep the usual pattern:

    [2026-27.autumn]
    starts = 2026-09-02
    ends = 2026-12-18
    half-term-starts = 2026-10-26
    half-term-ends = 2026-10-30

and so on for `[2026-27.spring]` and `[2026-27.summer]`. Each day named belongs to what it starts or ends. Bank
holidays need not be written: they are no school days.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from learning.terms import RULED_YEARS, CalendarError, SchoolYear, Term, school_year_of

_YEAR_KEY = re.compile(r"(\d{4})-(\d{2})")


def read_terms(text: str) -> Mapping[int, SchoolYear]:
    """The school years a file of term dates gives, by the year in which each begins.

    Raises:
        CalendarError: The text is no TOML (names the line), a key is missing or unknown, or dates contradict each
            other (names the school year and the key).
    """
    try:
        years = msgspec.toml.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CalendarError(
            f"Term dates: {error}. Give each school year as tables such as [2026-27.autumn]."
        ) from error
    return {_starting_year(key): _school_year(key, terms) for key, terms in years.items()}


def _starting_year(key: str) -> int:
    match = _YEAR_KEY.fullmatch(key)
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]) or int(match[1]) not in RULED_YEARS:
        raise CalendarError(f"Term dates, [{key}]: this names no school year; write it like 2026-27.")
    return int(match[1])


def _school_year(key: str, terms: Any) -> SchoolYear:
    try:
        year = msgspec.convert(terms, SchoolYear)
    except msgspec.ValidationError as error:
        raise CalendarError(
            f"Term dates, school year {key}: {error}. Give autumn, spring and summer, each with starts, ends, "
            "half-term-starts and half-term-ends."
        ) from error
    named = {"autumn": year.autumn, "spring": year.spring, "summer": year.summer}
    for name, term in named.items():
        _check_term(f"{key}.{name}", term, _starting_year(key))
    for (earlier, before), (later, after) in zip(named.items(), list(named.items())[1:], strict=False):
        if after.starts <= before.ends:
            raise CalendarError(
                f"Term dates, {key}.{later}.starts: {after.starts} is not after {key}.{earlier}.ends, {before.ends}; "
                "terms follow each other without overlap."
            )
    return year


def _check_term(key: str, term: Term, year: int) -> None:
    """Refuse a term outside its school year, or one whose days are not in their order."""
    days = {
        "starts": term.starts,
        "half-term-starts": term.half_term_starts,
        "half-term-ends": term.half_term_ends,
        "ends": term.ends,
    }
    for name, day in days.items():
        if school_year_of(day) != year:
            raise CalendarError(
                f"Term dates, {key}.{name}: {day} is outside the school year, which runs from {date(year, 8, 1)} to "
                f"{date(year + 1, 7, 31)}."
            )
    for (first, earlier), (second, later) in zip(days.items(), list(days.items())[1:], strict=False):
        if later < earlier:
            raise CalendarError(
                f"Term dates, {key}.{second}: {later} is before {key}.{first}, {earlier}; swap or correct them."
            )
