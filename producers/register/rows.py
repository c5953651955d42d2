"""Read the cells of one row, and say of each that is wrong what to do about it.

Only what was understood is ever kept of a row that is refused: a cell that is wrong may hold anything, a name included,
and no name gets onto the log.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from eventlog.rejects import Parked
from learning.calendar import UK, uk_day
from learning.facts import Identifier
from producers.register.column_maps import ATTENDANCE_WORDS, ColumnMap, Columns, Field, as_tuple, find_columns, plain
from producers.register.files import Cell, Upload, read_rows
from producers.report import Refused, RowError

_MIDDAY: Final = time(12)
_DATE_FORMATS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y")
_TIME_FORMATS: Final = ("%H:%M", "%H:%M:%S", "%H.%M", "%I:%M %p", "%I:%M%p", "%I%p")
_WORDS: Final = {word: ours for ours, words in ATTENDANCE_WORDS.items() for word in words}


class Record(NamedTuple):
    """One row of a register, its cells by our columns and in our words."""

    row: int
    cells: Mapping[Field, Cell]


class Register(NamedTuple):
    """A sheet whose columns are known."""

    name: str
    columns: Columns
    column_map: ColumnMap
    records: tuple[Record, ...]


def read_register(
    file: Path | Upload, column_map: ColumnMap, required: Sequence[tuple[Field, ...]], sheet: str | None = None
) -> Register:
    """Read a sheet; blank rows and headings repeated further down are left out.

    Raises:
        RegisterFileError: The file cannot be read as a sheet with the required columns.
    """
    rows = read_rows(file, sheet)
    columns = find_columns(rows, column_map, required, file.name)
    fields = columns.positions.keys() | column_map.defaults.keys()
    records = (
        Record(row.number, {wanted: column_map.value(wanted, _at(row.cells, columns, wanted)) for wanted in fields})
        for row in rows
        if row.number > columns.header.number and row.cells != columns.header.cells
    )
    return Register(file.name, columns, column_map, tuple(records))


def _at(cells: Sequence[Cell], columns: Columns, wanted: Field) -> Cell:
    position = columns.positions.get(wanted)
    return cells[position] if position is not None and position < len(cells) else ""


class RowReader:
    """Reads the cells of one row; what is wrong is collected, so that a row is reported once with all its faults."""

    def __init__(self, register: Register, record: Record) -> None:
        self._register = register
        self._record = record
        self._understood: dict[str, str] = {}
        self.errors: list[RowError] = []

    @property
    def row(self) -> int:
        """The number of the row in the sheet."""
        return self._record.row

    def has(self, wanted: Field) -> bool:
        """Whether the sheet, or the map's defaults, give the column."""
        return wanted in self._record.cells

    def text(self, wanted: Field) -> str:
        """A cell as text; empty when there is nothing in it."""
        return str(self._record.cells.get(wanted, ""))

    def identifier(self, wanted: Field, *, required: bool = True) -> str | None:
        """A code or id; None, with the fault noted, when the cell holds none."""
        text = self.text(wanted)
        if not text:
            if required:
                self.fault(wanted, "is empty", "fill it in")
            return None
        if "@" in text:
            self.fault(wanted, "looks like an email address", "give an id: facts never carry a person's data")
            return None
        try:
            identifier: str = msgspec.convert(text, Identifier)
        except msgspec.ValidationError:
            self.fault(
                wanted,
                "is not an id (letters, digits and . _ : / + - without spaces, at most 128)",
                "write the id, or give the id for this word in the column map",
            )
            return None
        return self.understood(wanted, identifier)

    def choice(self, wanted: Field, choices: Mapping[str, str], *, what: str) -> str | None:
        """One of the things there are, by id, or by another of its names where only one has that name.

        Args:
            wanted: The column.
            choices: Every id with its title.
            what: What the ids are, for the message.
        """
        text = self.text(wanted)
        if not text:
            self.fault(wanted, "is empty", "fill it in")
            return None
        found = matching(text, choices)
        if len(found) == 1:
            return self.understood(wanted, found[0])
        if found:
            remedy = "write the whole id, or give the id for this word in the column map"
            self.fault(wanted, f"fits several: {', '.join(sorted(found))}", remedy)
            return None
        near = get_close_matches(text, choices, n=3, cutoff=0.4) or _near_last_part(text, choices)
        advice = f"did you mean {' or '.join(near)}?" if near else f"write one of {', '.join(list(choices)[:8])} ..."
        self.fault(wanted, f"is no {what}", advice)
        return None

    def attendance(self) -> str | None:
        """What the register says of a session: attended, absent or caught-up."""
        text = self.text("attendance")
        word = text if text in ATTENDANCE_WORDS else _WORDS.get(plain(text)) or _WORDS.get(text)
        if word is None:
            wrong = "is no word for attendance that is known" if text else "is empty"
            advice = "write attended, absent or caught up, or give the word in the column map under [values.attendance]"
            self.fault("attendance", wrong, advice)
            return None
        return self.understood("attendance", word)

    def moment(self, day_field: Field, time_field: Field | None, now: datetime) -> datetime | None:
        """When something was, in UTC; midday in the UK when only the day is known."""
        day = self._day(day_field)
        at = self._time(time_field) if time_field and self.text(time_field) else None
        if day is None:
            return None
        clock = at or (day.time() if isinstance(day, datetime) and day.time() != time() else _MIDDAY)
        moment = datetime.combine(day, clock, tzinfo=UK).astimezone(UTC)
        if moment > now + timedelta(days=1):
            self.fault(day_field, "lies in the future", "record what has happened")
            return None
        self.understood(day_field, uk_day(moment).isoformat())
        return moment

    def near(self, wanted: Field, day: date, earliest: date, latest: date, *, what: str) -> None:
        """Note a day that is too far from what it belongs to, which is mostly a slip of the year."""
        if not earliest <= day <= latest:
            self.fault(wanted, f"is far from {what} ({earliest} to {latest} is expected)", "check day, month and year")

    def understood(self, wanted: Field, value: str) -> str:
        """Note that a cell was read."""
        self._understood[wanted] = value
        return value

    def fault(self, wanted: Field, wrong: str, remedy: str) -> None:
        """Note what is wrong with a cell."""
        self._understood.pop(wanted, None)
        heading = self._register.columns.heading(wanted)
        self.errors.append(
            RowError(
                file=self._register.name,
                row=self.row,
                column=heading,
                value=self.text(wanted),
                wrong=wrong,
                remedy=remedy,
            )
        )

    @property
    def origin(self) -> str:
        """Where the row stands."""
        return f"{self._register.name}:{self.row}"

    def refused(self) -> Refused:
        """The row as it is set aside: its cells that were understood, and what was wrong with the others."""
        return Refused(
            origin=self.origin,
            reason="; ".join(f"{error.column} {error.wrong}: {error.remedy}" for error in self.errors),
            original=msgspec.json.encode(self._understood, order="sorted"),
        )

    def replaces(self, reject: Parked) -> bool:
        """Whether this is the row that was set aside, mended since: it stands there and says all that was kept."""
        if reject.origin != self.origin:
            return False
        try:
            kept = msgspec.json.decode(reject.original, type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return kept != self._understood and kept.items() <= self._understood.items()

    def _day(self, wanted: Field) -> date | None:
        cell = self._record.cells.get(wanted, "")
        if isinstance(cell, date):
            return cell
        formats = as_tuple(self._register.column_map.date_format) or _DATE_FORMATS
        day = _parsed(str(cell), formats)
        if day is None:
            example = date(2025, 3, 31).strftime(formats[0])
            wrong = "is no date that can be read" if cell != "" else "is empty"
            self.fault(wanted, wrong, f"write it like {example}, or give date_format in the column map")
            return None
        return day

    def _time(self, wanted: Field) -> time | None:
        cell = self._record.cells[wanted]
        if isinstance(cell, datetime):
            return cell.time()
        if isinstance(cell, time):
            return cell
        for form in _TIME_FORMATS:
            try:
                return datetime.strptime(str(cell), form).time()  # noqa: DTZ007 - a time of day has no zone yet
            except ValueError:
                continue
        self.fault(wanted, "is no time of day that can be read", "write it like 16:30")
        return None


def refuse_contradictions(readers: Iterable[tuple[RowReader, object, object]], wanted: Field) -> None:
    """Note a fault in all rows of one sheet that say different things of the same matter.

    Args:
        readers: Each row with what it is about and what it says.
        wanted: The column in which the fault is shown.
    """
    said: dict[object, list[tuple[RowReader, object]]] = {}
    for reader, matter, meaning in readers:
        said.setdefault(matter, []).append((reader, meaning))
    for rows in said.values():
        if len({meaning for _, meaning in rows}) > 1:
            numbers = ", ".join(str(reader.row) for reader, _ in rows)
            for reader, _ in rows:
                reader.fault(wanted, f"is said differently in rows {numbers}", "keep the row that is right")


def _near_last_part(text: str, choices: Iterable[str]) -> list[str]:
    """The ids whose last part is most like a text."""
    ids = {id_: id_.rpartition("/")[2] for id_ in choices}
    parts = get_close_matches(text, set(ids.values()), n=1, cutoff=0.7)
    return [id_ for id_, part in ids.items() if part in parts]


def matching(text: str, choices: Mapping[str, str]) -> list[str]:
    """The ids that a text can mean: the id itself, else those with that id, last part of an id, or title."""
    if text in choices:
        return [text]
    wanted = plain(text)
    return [
        id_ for id_, title in choices.items() if wanted in {plain(id_), plain(id_.rpartition("/")[2]), plain(title)}
    ]


@cache
def _parsed(text: str, formats: tuple[str, ...]) -> datetime | None:
    for form in (f"{each}{clock}" for each in formats for clock in ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the UK's, given by the caller
        except ValueError:
            continue
    return None
