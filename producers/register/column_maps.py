"""Which column of a partner's sheet is which of ours: built-in headings, and a map where a partner has its own.

A map is a small TOML file, one a partner, so that nobody has to rework a sheet by hand before every upload.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import msgspec
from msgspec import Struct, field

from learning.errors import EngagementError
from learning.facts import AttendanceRecorded
from producers.register.files import Cell, RegisterFileError, Row

Field = Literal[
    "enrolment",
    "participant",
    "programme",
    "intake",
    "partner",
    "provider",
    "cohort",
    "schedule",
    "enrolled_on",
    "component",
    "date",
    "time",
    "attendance",
]
"""What a column of a register can be; any other column is ignored and never leaves the sheet."""

HEADINGS: Final[Mapping[Field, tuple[str, ...]]] = {
    "enrolment": ("enrolment", "enrolment id", "enrollment", "enrollment id", "application", "application id"),
    "participant": ("participant", "participant id", "learner id", "teacher id", "user id"),
    "programme": ("programme", "programme id", "program", "npq", "course", "qualification"),
    "intake": ("intake", "intake id"),
    "partner": ("partner", "partner id", "delivery partner", "delivery partner id"),
    "provider": ("provider", "provider id", "lead provider"),
    "cohort": ("cohort",),
    "schedule": ("schedule", "schedule identifier"),
    "enrolled_on": ("enrolled on", "enrolled", "enrolment date", "date enrolled", "accepted on", "acceptance date"),
    "component": ("component", "component id", "session", "session id", "activity", "event"),
    "date": ("date", "session date", "date of session", "day", "attended on"),
    "time": ("time", "session time", "start time"),
    "attendance": ("attendance", "attended", "present", "status", "mark"),
}
"""Headings that are understood without a map; capitals, spaces and marks do not matter."""

ATTENDANCE_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "attended": ("attended", "present", "yes", "y", "p", "1", "true", "late", "l", "/", "\\", "✓", "✔", "online"),
    "absent": ("absent", "no", "n", "a", "0", "false", "did not attend", "dna", "not attended", "apologies", "sick"),
    "caught-up": ("caught up", "catch up", "caught up later", "c", "cu", "recording", "watched recording"),
}
"""Words for attendance that are understood without a map."""

_HEADER_WITHIN: Final = 20
"""The headings stand in one of so many rows; titles may stand above them."""


class ColumnMapError(EngagementError):
    """A column map that cannot be used; names the file and the fault."""


class ColumnMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one partner's sheets say things."""

    date_format: tuple[str, ...] | str = ()
    """How dates are written, in strptime's codes; unless given, ISO dates and British ones are understood."""
    columns: dict[Field, tuple[str, ...] | str] = field(default_factory=dict)
    """Their headings for our columns, in place of the built-in ones."""
    values: dict[Field, dict[str, str]] = field(default_factory=dict)
    """Their words for our values, for each column."""
    defaults: dict[Field, str] = field(default_factory=dict)
    """What a column holds that the sheet does not have, or a cell that is empty."""

    def headings_of(self, wanted: Field) -> tuple[str, ...]:
        """The headings that name a column."""
        return as_tuple(self.columns.get(wanted, HEADINGS[wanted]))

    def value(self, wanted: Field, cell: Cell) -> Cell:
        """What a cell says in our words."""
        if cell == "":
            cell = self.defaults.get(wanted, "")
        if not isinstance(cell, str):
            return cell
        words = {plain(theirs): ours for theirs, ours in self.values.get(wanted, {}).items()}
        return words.get(plain(cell), cell)


class Columns(NamedTuple):
    """Where the columns stand in one sheet."""

    header: Row
    positions: Mapping[Field, int]

    def heading(self, wanted: Field) -> str:
        """The heading of a column as the sheet has it, or our name where the sheet has no such column."""
        position = self.positions.get(wanted)
        return wanted.replace("_", " ") if position is None else str(self.header.cells[position])


def load_column_map(path: Path) -> ColumnMap:
    """Read a column map.

    Raises:
        ColumnMapError: The file is not there, is not TOML or says something that is not known.
    """
    try:
        column_map = msgspec.toml.decode(path.read_text(encoding="utf-8"), type=ColumnMap)
    except OSError as error:
        raise ColumnMapError(
            f"the column map {path} cannot be read: {error.strerror}; write it, or load the register without one"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ColumnMapError(f"the column map {path} is wrong: {error}") from error
    allowed = get_args(AttendanceRecorded.__annotations__["attendance"])
    for theirs, ours in column_map.values.get("attendance", {}).items():
        if ours not in allowed:
            raise ColumnMapError(
                f"the column map {path} makes {theirs!r} {ours!r}; it must be one of {', '.join(allowed)}"
            )
    for form in as_tuple(column_map.date_format):
        if not _is_date_format(form):
            raise ColumnMapError(f"the column map {path} has date_format {form!r}; write it like '%d/%m/%Y'")
    return column_map


def _is_date_format(form: str) -> bool:
    """Whether a day that is written so can be read again."""
    day = datetime(2025, 3, 31)  # noqa: DTZ001 - a day has no zone
    try:
        return datetime.strptime(day.strftime(form), form) == day  # noqa: DTZ007 - as above
    except ValueError:
        return False


def partner_column_map(data_dir: Path, partner: str) -> ColumnMap:
    """The map that the data folder keeps for a partner, `registers/<partner>.toml`.

    Raises:
        ColumnMapError: There is none, or it is wrong.
    """
    return load_column_map(data_dir / "registers" / f"{partner}.toml")


def find_columns(
    rows: Sequence[Row], column_map: ColumnMap, required: Sequence[tuple[Field, ...]], name: str
) -> Columns:
    """Find the row of headings, the one near the top that names most columns.

    Args:
        rows: The rows of the sheet.
        column_map: The partner's map.
        required: Columns that the sheet or the map's defaults must give; of a group, one is enough.
        name: The file, for messages.

    Raises:
        RegisterFileError: The sheet is empty, lacks a column, or has two for the same.
    """
    if not rows:
        raise RegisterFileError(f"{name} has no rows; was the right sheet saved?")
    candidates = [(row, _named(row, column_map)) for row in islice(rows, _HEADER_WITHIN)]
    header, named = max(candidates, key=lambda candidate: len(candidate[1]))
    given = named.keys() | column_map.defaults.keys()
    missing = [" or ".join(group).replace("_", " ") for group in required if not given & set(group)]
    if missing:
        there = ", ".join(str(cell) for cell in header.cells if cell != "")
        raise RegisterFileError(
            f"{name} has no column {', '.join(missing)} (row {header.number} has: {there}); "
            "rename the headings or name them in a column map"
        )
    for wanted, positions in named.items():
        if len(positions) > 1:
            twice = " and ".join(repr(str(header.cells[position])) for position in positions)
            raise RegisterFileError(
                f"{name} has two columns for {wanted.replace('_', ' ')}, {twice}; say in a column map which one counts"
            )
    return Columns(header, {wanted: positions[0] for wanted, positions in named.items()})


def _named(row: Row, column_map: ColumnMap) -> dict[Field, list[int]]:
    """The columns that a row names, if it is the row of headings."""
    cells = [plain(str(cell)) for cell in row.cells]
    fields: tuple[Field, ...] = get_args(Field)
    found = {
        wanted: [
            position
            for position, cell in enumerate(cells)
            if cell in {plain(each) for each in column_map.headings_of(wanted)}
        ]
        for wanted in fields
    }
    return {wanted: positions for wanted, positions in found.items() if positions}


def plain(text: str) -> str:
    """A heading or word without what does not matter: capitals, spaces, hyphens and marks around it."""
    return " ".join(re.sub(r"[\s_\-:*?.]+", " ", text.casefold()).split())


def as_tuple(one_or_more: tuple[str, ...] | str) -> tuple[str, ...]:
    """A map may give one text where several are allowed."""
    return (one_or_more,) if isinstance(one_or_more, str) else one_or_more
