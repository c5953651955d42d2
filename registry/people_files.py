"""Reads people from CSV files: good rows are kept, each bad one is told with its number and what is wrong with it."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from msgspec import Struct

from registry import audit, people
from registry.audit import Action, Entry
from registry.codes import fault_of_email, fault_of_text, is_code
from registry.errors import RegistryError
from registry.people import Profile
from registry.store import Registry

COLUMNS = ("participant", "name", "email", "school", "urn")
_NEEDED = ("participant", "name")
_URN = re.compile(r"\d{5,7}", re.ASCII)
_LONGEST_ID = 128
_AT_ONCE = 500
"""Rows that are written in one transaction."""


class RefusedRow(Struct, frozen=True):
    """A row that was not taken. What it says is not repeated: reports get passed on."""

    row: int
    """As the spreadsheet program numbers it, from 1."""
    column: str
    wrong: str


class PeopleReport(Struct, kw_only=True):
    """What became of the rows of a file."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[RefusedRow] = []


def import_people(registry: Registry, lines: Iterable[str], now: datetime, *, by: str) -> PeopleReport:
    """Write the people of a CSV file; loading the same again changes nothing.

    The first row names the columns: `participant` and `name`, and as far as known `email`, `school` and `urn`. Other
    columns are not looked at. An empty cell says that there is nothing.

    Args:
        registry: Where the people go.
        lines: The file, opened as text with `newline=""`.
        now: When it happens.
        by: The account that does it, for the audit trail.

    Raises:
        RegistryError: The file has not got the columns; nothing was written.
    """
    report, seen = PeopleReport(), set[str]()
    rows = _profiles(lines, report, seen)
    while some := list(islice(rows, _AT_ONCE)):
        with registry.writing() as connection:
            became = people.put(connection, (each for _, each in some), now)
        for number, each in some:
            if became[each.participant] == "erased":
                report.refused.append(RefusedRow(number, "participant", "this person was erased and stays so"))
            else:
                count = became[each.participant]
                setattr(report, count, getattr(report, count) + 1)
    report.refused.sort(key=lambda each: each.row)
    counts = {name: getattr(report, name) for name in ("added", "changed", "unchanged")}
    with registry.writing() as connection:
        entry = Entry(by, Action.PEOPLE_IMPORTED, details={**counts, "refused": len(report.refused)})
        audit.append(connection, now, entry)
    return report


def _profiles(lines: Iterable[str], report: PeopleReport, seen: set[str]) -> Iterator[tuple[int, Profile]]:
    """The good rows with their numbers; the others go into the report."""
    rows = _rows(lines, report)
    try:
        _, header = next(rows)
    except StopIteration:
        raise RegistryError("the file is empty; its first row names the columns participant and name") from None
    places = _places(header)
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        given = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
        if fault := _fault(given, seen):
            report.refused.append(RefusedRow(number, *fault))
        else:
            seen.add(given["participant"])
            yield number, _profile(**given)


def _rows(lines: Iterable[str], report: PeopleReport) -> Iterator[tuple[int, list[str]]]:
    """The rows, numbered from 1."""
    reader = csv.reader(lines)
    number = 0
    while True:
        number += 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.refused.append(RefusedRow(number, "", f"it is no row of a CSV file ({error})"))
        except UnicodeDecodeError as error:
            raise RegistryError("the file is not in UTF-8; save it as `CSV UTF-8` and load it again") from error


def _places(header: list[str]) -> dict[str, int]:
    """Where each column stands."""
    named = [name.removeprefix("\ufeff").strip().casefold() for name in header]
    for name in _NEEDED:
        if name not in named:
            raise RegistryError(
                f"the file has no column {name}; its first row names the columns {', '.join(COLUMNS)}, with commas "
                "between, of which participant and name must be there"
            )
    if twice := [name for name in COLUMNS if named.count(name) > 1]:
        raise RegistryError(f"the file has two columns {twice[0]}; keep the one that counts")
    return {name: named.index(name) for name in COLUMNS if name in named}


def _profile(participant: str, name: str, email: str = "", school: str = "", urn: str = "") -> Profile:
    return Profile(participant=participant, name=name, email=email or None, school=school or None, urn=urn or None)


def _fault(given: dict[str, str], seen: set[str]) -> tuple[str, str] | None:
    """The first thing that is wrong with a row: the column, and what it is."""
    faults = {
        "participant": _fault_of_id(given["participant"], seen),
        "name": fault_of_text(given["name"]),
        "email": fault_of_email(email) if (email := given.get("email")) else None,
        "school": fault_of_text(school) if (school := given.get("school")) else None,
        "urn": "it is no URN of five to seven digits" if not _URN.fullmatch(given.get("urn") or "00000") else None,
    }
    return next(((column, wrong) for column, wrong in faults.items() if wrong), None)


def _fault_of_id(participant: str, seen: set[str]) -> str | None:
    if not is_code(participant) or len(participant) > _LONGEST_ID:
        return "it is no id: letters, digits and . _ : / + - without spaces"
    return "this participant stands in the file twice; the first row counts" if participant in seen else None
