"""Registers of either kind: what never gets onto the log, which sheets are refused, and what a partner's map does."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from openpyxl import Workbook

from eventlog.rejects import parked
from learning.facts import AttendanceRecorded
from producers.register.column_maps import ColumnMap
from producers.register.files import RegisterFileError
from producers.registers import import_attendance
from tests.register_kit import ENROLMENTS, Desk, OnLog, attendance_of, faults, sheet


def test_a_persons_data_never_gets_onto_the_log(enrolled: Desk) -> None:
    """Names and addresses, in columns of their own or in the wrong one, stand in no fact and in no reject."""
    header = "Name,Email,Enrolment,Component,Date,Attendance,Notes"
    enrolled.attendance(
        sheet(
            "Jane Smith,jane@school.example,e1,clinic-1,2025-10-14,Y,Jane was late",
            "Jane Smith,jane@school.example,jane@school.example,Jane,Jane Smith,Jane's mother is ill,Smith",
            header=header,
        )
    )

    stored = [
        each.value
        for topic, partitions in enrolled.log.topics().items()
        for partition in range(partitions)
        for each in enrolled.log.read(topic, partition, 0, 1_000)
    ]
    kept = b"".join([*stored, *(each.original for each in parked(enrolled.log).values())])
    assert len(parked(enrolled.log)) == 1
    assert b"jane" not in kept.lower()
    assert b"smith" not in kept.lower()


def test_a_reject_keeps_the_cells_that_were_understood(enrolled: Desk) -> None:
    """A parked row says where it stands, what is wrong and what it was about."""
    enrolled.attendance(sheet("e1,clinic-1,14/10/2025,perhaps"))

    [reject] = parked(enrolled.log).values()
    assert reject.origin == "register.csv:2"
    assert reject.reason.startswith("Attendance is no word")
    assert msgspec.json.decode(reject.original) == {"enrolment": "e1", "component": "clinic-1", "date": "2025-10-14"}


def test_a_reject_waits_no_more_when_its_row_was_mended(enrolled: Desk) -> None:
    """Loading the mended sheet settles the rejects of the rows that are right now, and of no others."""
    rows = ["e1,clinic-1,2025-10-14,perhaps", "e2,clinic-1,2025-10-14,never"]
    enrolled.attendance(sheet(*rows))
    enrolled.attendance(sheet("e1,clinic-1,2025-10-14,Y", rows[1]))
    one_mended = [each.origin for each in parked(enrolled.log).values()]

    enrolled.attendance(sheet("e2,clinic-2,2025-10-14,Y", "e1,clinic-2,2025-10-14,Y"))

    assert one_mended == ["register.csv:3"]
    assert [each.origin for each in parked(enrolled.log).values()] == ["register.csv:3"]


def test_titles_above_and_headings_in_between_are_left_out(enrolled: Desk) -> None:
    """A sheet that was printed page by page is read like any other."""
    header = "Enrolment,Component,Date,Attendance"
    report = enrolled.attendance(
        f"Clinic register,,,\n,,,\n{header}\ne1,clinic-1,2025-10-14,Y\n{header}\ne2,clinic-1,2025-10-14,oops\n"
    )

    assert report.appended == 1
    assert faults(report) == [(6, "Attendance")]


def test_a_partners_map_translates_headings_words_dates_and_adds_defaults(enrolled: Desk, on_log: OnLog) -> None:
    """A sheet in the partner's own words is loaded as it is."""
    theirs = ColumnMap(
        date_format="%m/%d/%Y",
        columns={"enrolment": "Ref", "attendance": ("Here?", "There?")},
        values={"attendance": {"jup": "attended", "nope": "absent"}, "component": {"Kick-off": "clinic-1"}},
        defaults={"component": "Kick-off"},
    )
    enrolled.attendance(sheet("e1,10/14/2025,JUP", "e2,10/14/2025,nope", header="Ref,Date,There?"), column_map=theirs)

    facts = on_log(enrolled.log)
    assert attendance_of(facts, "e1") == ["attended"]
    assert attendance_of(facts, "e2") == ["absent"]
    assert {each.time.date() for each in facts if isinstance(each.data, AttendanceRecorded)} == {date(2025, 10, 14)}


def test_an_excel_register_is_loaded_like_a_csv_one(enrolled: Desk, on_log: OnLog) -> None:
    """Excel's dates and times are understood as such."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(("Enrolment", "Component", "Date", "Attendance"))
    page.append(("e1", "clinic-1", datetime(2025, 10, 14, 16, 30), True))  # noqa: DTZ001 - Excel knows no zones
    page.append(("e2", "clinic-1", date(2025, 10, 14), "absent"))
    path = enrolled.folder / "register.xlsx"
    book.save(path)

    report = import_attendance(enrolled.log, path, enrolled.curriculum, enrolled.now)

    times = {each.subject: each.time for each in on_log(enrolled.log) if isinstance(each.data, AttendanceRecorded)}
    assert report.appended == 2
    assert times == {"e1": datetime(2025, 10, 14, 15, 30, tzinfo=UTC), "e2": datetime(2025, 10, 14, 11, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no rows"),
        ("Enrolment,Date\ne1,2025-10-14\n", "no column component, attendance"),
        ("Enrolment,Component,Date,Session date,Attendance\n", "two columns for date"),
    ],
)
def test_a_sheet_that_is_no_register_is_refused_whole(desk: Desk, text: str, says: str) -> None:
    """The columns that are missing or doubled are named."""
    with pytest.raises(RegisterFileError, match=says):
        desk.attendance(text)


def test_a_sheet_with_headings_only_is_told(desk: Desk, on_log: OnLog) -> None:
    """Nothing is loaded and nothing is wrong, but the report says that there was no row."""
    report = desk.enrolments(ENROLMENTS.splitlines()[0])

    assert (report.appended, report.row_errors, on_log(desk.log)) == (0, (), [])
    assert report.notes == ("There is no row below the headings of register.csv; was the right sheet saved?",)


def test_an_empty_id_is_told_under_the_heading_that_the_sheet_has(enrolled: Desk) -> None:
    """A sheet with enrolments and no participants is not asked for a participant."""
    report = enrolled.attendance(sheet(",clinic-1,2025-10-20,yes"))

    assert [(error.column, error.wrong) for error in report.row_errors] == [("Enrolment", "is empty")]


def test_a_programme_of_several_providers_can_be_settled_in_the_map(desk: Desk) -> None:
    """A partner that always writes `npqsl` need not rework its sheets."""
    row = ENROLMENTS.splitlines()[1].replace("star/slp", "npqsl")
    text = sheet(row, header=ENROLMENTS.splitlines()[0])
    [error] = desk.enrolments(text).row_errors
    assert error.wrong.startswith("fits several: alliance-2017/npqsl, ambition-2024/npqsl")
    assert "column map" in error.remedy

    column_map = ColumnMap(values={"programme": {"NPQSL": "ambition-2024/npqsl"}})
    assert desk.enrolments(text, column_map=column_map).appended == 1


def test_a_slip_in_the_last_part_of_a_programme_is_seen_through(desk: Desk) -> None:
    """Who leaves the first part of the id out gets suggestions too."""
    row = ENROLMENTS.splitlines()[1].replace("star/slp", "npqsenko")
    [error] = desk.enrolments(sheet(row, header=ENROLMENTS.splitlines()[0])).row_errors

    assert error.remedy == "did you mean ambition-2024/npqsenco?"
