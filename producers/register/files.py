"""Read the sheets that partners send, CSV or Excel as it comes, into plain rows.

What a file is, is told by its content, not by its name. Cells come as trimmed text, or as dates and times where Excel
knows them as such; rows keep the number that a spreadsheet program shows beside them.
"""

import csv
import io
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, NamedTuple
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from producers.report import UnreadableFileError

Cell = str | datetime | date | time

_DELIMITERS: Final = (",", ";", "\t")
_ZIP_MAGIC: Final = b"PK\x03\x04"
_OLD_OFFICE_MAGIC: Final = b"\xd0\xcf\x11\xe0"
_MOST_UNPACKED: Final = 100_000_000
"""Bytes of a workbook; a register of a hundred thousand rows has a fifth of that."""

_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class RegisterFileError(UnreadableFileError):
    """A file that cannot be read as a sheet; the message says why and what to send instead."""


class Upload(NamedTuple):
    """A file that was sent to us, which need not be kept anywhere."""

    name: str
    """What messages and rejects call it."""
    content: bytes


class Row(NamedTuple):
    """One row that is not blank."""

    number: int
    """As the spreadsheet program shows it, from 1."""
    cells: tuple[Cell, ...]
    """An empty cell is the empty text."""


def read_rows(file: Path | Upload, sheet: str | None = None) -> list[Row]:
    """Read the rows of a CSV file or an Excel workbook; blank rows are left out.

    Args:
        file: Where it is, or what it holds.
        sheet: Which sheet of a workbook; None for the first.

    Raises:
        RegisterFileError: The file is not there, is neither CSV nor .xlsx, is damaged, or has no such sheet.
    """
    content, name = _content(file), file.name
    if content.startswith(_OLD_OFFICE_MAGIC):
        raise RegisterFileError(
            f"{name} is an old .xls workbook or is protected by a password; save it as .xlsx without one"
        )
    raw = _excel_rows(content, name, sheet) if content.startswith(_ZIP_MAGIC) else _csv_rows(content, name)
    rows = (Row(number, tuple(_cell(value) for value in values)) for number, values in enumerate(raw, start=1))
    return [row for row in rows if any(cell != "" for cell in row.cells)]


def _content(file: Path | Upload) -> bytes:
    if isinstance(file, Upload):
        return file.content
    try:
        return file.read_bytes()
    except OSError as error:
        raise RegisterFileError(f"{file} cannot be read: {error.strerror}; name a CSV or .xlsx file") from error


def _excel_rows(content: bytes, name: str, sheet: str | None) -> list[tuple[Any, ...]]:
    """The values of a sheet, formulas as they were last worked out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and drop-down lists, which say nothing of values
        try:
            _require_moderate(content, name)
            workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            if sheet is not None and sheet not in workbook.sheetnames:
                there = ", ".join(workbook.sheetnames)
                raise RegisterFileError(f"{name} has no sheet {sheet!r}; name one of its sheets: {there}")
            worksheet = workbook[sheet] if sheet is not None else workbook.worksheets[0]
            worksheet.reset_dimensions()  # some programs write a wrong size, and rows beyond it would be lost
            return list(worksheet.iter_rows(values_only=True))
        except (BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, SyntaxError, EOFError) as error:
            raise RegisterFileError(
                f"{name} cannot be read as an Excel workbook ({error}); open it, save it as .xlsx and send that"
            ) from error


def _require_moderate(content: bytes, name: str) -> None:
    """Refuse a small file that would fill the memory once it is unpacked."""
    with ZipFile(io.BytesIO(content)) as packed:
        if sum(each.file_size for each in packed.infolist()) > _MOST_UNPACKED:
            raise RegisterFileError(
                f"{name} holds more than {_MOST_UNPACKED // 1_000_000} MB once it is unpacked; "
                "send the sheet alone, as CSV"
            )


def _csv_rows(content: bytes, name: str) -> Iterator[list[str]]:
    text = _decoded(content, name)
    delimiter, skipped = _delimiter(text)
    yield from ([] for _ in range(skipped))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            if number > skipped:
                yield cells
    except csv.Error as error:
        raise RegisterFileError(
            f"{name} cannot be read as CSV at or before line {reader.line_num} ({error}); "
            "look for a quotation mark that is not closed"
        ) from error


def _decoded(content: bytes, name: str) -> str:
    """Text in UTF-8 or UTF-16, else in the code page of Windows in western Europe."""
    encodings = ("utf-16",) if content.startswith(_UTF16_MARKS) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise RegisterFileError(f"{name} is not a text file; save the sheet as CSV (UTF-8) or as .xlsx")


def _delimiter(text: str) -> tuple[str, int]:
    """What separates the cells, and how many rows at the top only say so (Excel's `sep=;`)."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) > len("sep="):
        return lines[0][len("sep=")], 1
    return max(_DELIMITERS, key=lambda delimiter: _most_cells(lines, delimiter)), 0


def _most_cells(lines: Iterable[str], delimiter: str) -> int:
    return max((len(cells) for cells in csv.reader(lines, delimiter=delimiter)), default=0)


def _cell(value: Any) -> Cell:
    """A cell as a person reads it: an id that Excel took for the number 123.0 is `123`."""
    match value:
        case None:
            return ""
        case datetime() | date() | time():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return " ".join(str(value).replace("\N{ZERO WIDTH SPACE}", "").split())
