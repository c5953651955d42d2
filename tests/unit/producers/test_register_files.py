"""Sheets as partners send them: whatever the delimiter, encoding or program, the rows come out the same."""

import io
from datetime import datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook

from producers.register.files import RegisterFileError, read_rows

MONDAY = datetime(2025, 3, 3)  # noqa: DTZ001 - Excel knows no zones


def written(tmp_path: Path, content: bytes, name: str = "sheet.csv") -> Path:
    """A file with this content."""
    path = tmp_path / name
    path.write_bytes(content)
    return path


def workbook(tmp_path: Path, *rows: tuple[object, ...], title: str = "Sheet") -> Path:
    """A workbook with these rows in its first sheet, and a second sheet called Other."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.create_sheet("Other").append(("other",))
    path = tmp_path / "sheet.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_encoding_and_delimiter_are_found_out(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """Nobody has to say how a file was saved."""
    text = delimiter.join(["name", "café", "x"]) + "\r\n" + delimiter.join(["a", "é", "1"]) + "\r\n"

    rows = read_rows(written(tmp_path, text.encode(encoding)))

    assert [row.cells for row in rows] == [("name", "café", "x"), ("a", "é", "1")]


def test_mixed_line_ends_blank_rows_and_spaces_do_not_matter(tmp_path: Path) -> None:
    """Blank rows are left out, cells are trimmed, and rows keep their numbers."""
    rows = read_rows(written(tmp_path, b"a,b\r\n\n ,\t\r\n  1 ,\xc2\xa02\n3,4\r5,6"))

    assert [(row.number, row.cells) for row in rows] == [
        (1, ("a", "b")),
        (4, ("1", "2")),
        (5, ("3", "4")),
        (6, ("5", "6")),
    ]


def test_a_quoted_cell_may_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    """A quoted newline stays in its row, which counts as one."""
    rows = read_rows(written(tmp_path, b'a,b\n"one,\ntwo",2\n3,4\n'))

    assert [(row.number, row.cells) for row in rows][1:] == [(2, ("one, two", "2")), (3, ("3", "4"))]


def test_the_line_that_names_the_delimiter_is_understood(tmp_path: Path) -> None:
    """Excel's `sep=` line is no row of the sheet, but counts in the numbering."""
    rows = read_rows(written(tmp_path, b"sep=|\na|b,c\n1|2,3\n"))

    assert [(row.number, row.cells) for row in rows] == [(2, ("a", "b,c")), (3, ("1", "2,3"))]


def test_an_open_quotation_mark_does_not_swallow_the_rest(tmp_path: Path) -> None:
    """A quote that is never closed is an error, not one very long cell."""
    with pytest.raises(RegisterFileError, match="quotation mark"):
        read_rows(written(tmp_path, b'a,b\n1,"2\n3,4\n5,6\n'))


def test_excel_cells_come_as_a_person_reads_them(tmp_path: Path) -> None:
    """Ids that Excel took for numbers lose their point, dates and times stay what they are."""
    path = workbook(tmp_path, ("id", "on", "at", "yes"), (123.0, MONDAY, time(16, 30), True), (" x ", None, 0.5, 7))

    assert [row.cells for row in read_rows(path)][1:] == [
        ("123", MONDAY, time(16, 30), "True"),
        ("x", "", "0.5", "7"),
    ]


def test_excel_rows_keep_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    """Empty rows, also at the top, are counted and left out."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B3"], sheet["B6"] = "first", "second"
    path = tmp_path / "sheet.xlsx"
    book.save(path)

    assert [row.number for row in read_rows(path)] == [3, 6]


def test_one_sheet_can_be_named(tmp_path: Path) -> None:
    """The first sheet is read unless another is named; a name that is not there is answered with those that are."""
    path = workbook(tmp_path, ("first",), title="March")

    assert read_rows(path)[0].cells == ("first",)
    assert read_rows(path, "Other")[0].cells == ("other",)
    with pytest.raises(RegisterFileError, match="March, Other"):
        read_rows(path, "April")


def test_a_workbook_is_known_by_its_content(tmp_path: Path) -> None:
    """A workbook called .csv is still a workbook."""
    path = workbook(tmp_path, ("a", MONDAY.date()))

    assert read_rows(path.rename(tmp_path / "sheet.csv"))[0].cells == ("a", MONDAY)


def damaged_workbook() -> bytes:
    """A workbook of which the end is missing."""
    stream = io.BytesIO()
    Workbook().save(stream)
    return stream.getvalue()[:2_000]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old .xls"),
        (damaged_workbook(), "cannot be read as an Excel workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
    ],
    ids=["xls", "damaged", "picture"],
)
def test_a_file_that_is_no_sheet_is_refused_in_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    """The message names the file and says what to send instead."""
    with pytest.raises(RegisterFileError, match=says) as caught:
        read_rows(written(tmp_path, content))
    assert "sheet.csv" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A slip in the path is told as such."""
    with pytest.raises(RegisterFileError, match=r"nowhere\.csv cannot be read"):
        read_rows(tmp_path / "nowhere.csv")
