"""Registers: good rows become facts, wrong rows are reported, and what is loaded again adds nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import Workbook

from eventlog.base import EventLog
from eventlog.rejects import REJECTS_TOPIC, parked
from learning.curriculum import Curriculum
from learning.events import Fact, fact
from learning.facts import AttendanceRecorded, Enrolled, ParticipantMerged, Transferred
from learning.progress import done_since, fold_all
from producers.publisher import publish
from producers.register.column_maps import ColumnMap
from producers.register.files import RegisterFileError
from producers.registers import import_attendance, import_enrolments
from producers.report import Report

OnLog = Callable[[EventLog], list[Fact]]
ENROLMENTS = """Enrolment,Participant,Programme,Intake,Partner,Enrolled on
e1,p1,star/slp,2025-autumn,partner-1,01/10/2025
e2,p2,slp,2025-autumn,partner-1,2025-10-02
"""


class Desk:
    """Somebody who loads registers, each upload an hour after the one before."""

    def __init__(self, folder: Path, log: EventLog, curriculum: Curriculum, now: datetime) -> None:
        self.folder, self.log, self.curriculum, self.now = folder, log, curriculum, now

    def enrolments(self, text: str, **how: Any) -> Report:
        """Load a sheet of enrolments."""
        return self._load(import_enrolments, text, how)

    def attendance(self, text: str, **how: Any) -> Report:
        """Load a sheet of attendance."""
        return self._load(import_attendance, text, how)

    def _load(self, load: Callable[..., Report], text: str, how: dict[str, Any]) -> Report:
        path = self.folder / "register.csv"
        path.write_text(text, encoding="utf-8")
        self.now += timedelta(hours=1)
        return load(self.log, path, self.curriculum, self.now, **how)


@pytest.fixture
def desk(tmp_path: Path, log: EventLog, curriculum: Curriculum, now: datetime) -> Desk:
    """Nobody is enrolled yet."""
    return Desk(tmp_path, log, curriculum, now)


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """The participants p1 and p2 are enrolled as e1 and e2."""
    assert desk.enrolments(ENROLMENTS).appended == 2
    return desk


def sheet(*rows: str, header: str = "Enrolment,Component,Date,Attendance") -> str:
    """A sheet with this header."""
    return "\n".join([header, *rows, ""])


def faults(report: Report) -> list[tuple[int, str]]:
    """Row and column of everything that was wrong."""
    return [(error.row, error.column) for error in report.row_errors]


def attendance_of(facts: list[Fact], enrolment: str) -> list[str]:
    """What was recorded of an enrolment, in the order of the log."""
    return [
        each.data.attendance
        for each in facts
        if each.subject == enrolment and isinstance(each.data, AttendanceRecorded)
    ]


def test_a_row_becomes_an_enrolment(desk: Desk, on_log: OnLog) -> None:
    """The fact says what the row says; the lead provider is the programme's and the day is a day in the UK."""
    desk.enrolments(
        sheet(
            "e1,p1,star/slp,2025-autumn,partner-1,2025b,npq-leadership-autumn,1 October 2025",
            header="Enrolment ID,participant,NPQ,Intake,Delivery Partner,Cohort,Schedule,Enrolled On",
        )
    )

    [it] = on_log(desk.log)
    assert it.data == Enrolled(
        participant="p1",
        programme="star/slp",
        intake="2025-autumn",
        provider="star-institute",
        partner="partner-1",
        cohort="2025b",
        schedule="npq-leadership-autumn",
    )
    assert (it.subject, it.partitionkey, it.source) == ("e1", "p1", "/registers/partner-1")
    assert (it.time, it.recordedtime) == (datetime(2025, 10, 1, 11, tzinfo=UTC), desk.now)


def test_the_same_enrolments_again_add_nothing(enrolled: Desk, on_log: OnLog) -> None:
    """A second upload of a sheet is all duplicates, in whatever order its rows are."""
    header, *rows = ENROLMENTS.splitlines()
    report = enrolled.enrolments("\n".join([header, *reversed(rows)]))

    assert (report.appended, report.duplicates, report.row_errors) == (0, 2, ())
    assert len(on_log(enrolled.log)) == 2


def test_good_rows_are_loaded_and_wrong_ones_reported_with_their_place(desk: Desk, on_log: OnLog) -> None:
    """Row number, column, value, what is wrong and what to do are all told; the other rows are on the log."""
    report = desk.enrolments(ENROLMENTS + "e3,p3,slpx,2025-autumn,partner-1,2025-10-02\n")

    [error] = report.row_errors
    assert (report.appended, report.parked) == (2, 1)
    assert (error.file, error.row, error.column, error.value) == ("register.csv", 4, "Programme", "slpx")
    assert error.wrong == "is no programme of the catalogue"
    assert "star/slp" in error.remedy
    assert {each.subject for each in on_log(desk.log)} == {"e1", "e2"}


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",p1,slp,2025-autumn,partner-1,2025-10-02", "Enrolment"),
        ("e1,Jane Smith,slp,2025-autumn,partner-1,2025-10-02", "Participant"),
        ("e1,jane@school.example,slp,2025-autumn,partner-1,2025-10-02", "Participant"),
        ("e1,p1,slp,autumn,partner-1,2025-10-02", "Intake"),
        ("e1,p1,slp,2025-autumn,Star Teaching Hub,2025-10-02", "Partner"),
        ("e1,p1,slp,2025-autumn,partner-1,32/10/2025", "Enrolled on"),
        ("e1,p1,slp,2025-autumn,partner-1,", "Enrolled on"),
        ("e1,p1,slp,2025-autumn,partner-1,2025-12-03", "Enrolled on"),
        ("e1,p1,slp,2025-autumn,partner-1,2015-10-02", "Enrolled on"),
    ],
    ids=["empty", "name", "e-mail", "intake", "partner-name", "no-day", "no-date", "future", "far"],
)
def test_each_slip_of_an_enrolment_is_found(desk: Desk, on_log: OnLog, row: str, column: str) -> None:
    """A row with one slip is refused with that slip alone."""
    report = desk.enrolments(ENROLMENTS.splitlines()[0] + "\n" + row)

    assert faults(report) == [(2, column)]
    assert on_log(desk.log) == []


def test_a_programme_of_any_provider_needs_one_named(desk: Desk) -> None:
    """Where several lead providers offer a programme, the row or the map says whose it is."""
    row = "e1,p1,reformed-2021/npqsl,2025-autumn,partner-1,2025-10-02"
    text = ENROLMENTS.splitlines()[0] + "\n" + row

    assert faults(desk.enrolments(text)) == [(2, "provider")]
    assert desk.enrolments(text, column_map=ColumnMap(defaults={"provider": "teach-well"})).appended == 1


@pytest.mark.parametrize(
    ("change", "column", "remedy"),
    [
        (("partner-1", "partner-2"), "Partner", "transfer"),
        (("2025-autumn", "2025-spring"), "Intake", "transfer"),
        (("p1", "p9"), "Participant", "merged"),
        (("star/slp", "star/ltp"), "Programme", "withdraw"),
        (("01/10/2025", "03/10/2025"), "Enrolled on", "not edited"),
    ],
)
def test_a_changed_enrolment_is_refused_with_the_way_to_record_it(
    enrolled: Desk, on_log: OnLog, change: tuple[str, str], column: str, remedy: str
) -> None:
    """Nothing is edited: the row is refused and says which fact records the change."""
    report = enrolled.enrolments("\n".join(ENROLMENTS.splitlines()[:2]).replace(*change))

    [error] = report.row_errors
    assert error.column == column
    assert remedy in error.remedy
    assert len(on_log(enrolled.log)) == 2


def test_a_sheet_from_before_and_from_after_a_transfer_are_both_known(enrolled: Desk) -> None:
    """When the transfer is on the log, neither the old nor the new partner in a row is a difference."""
    moved = {"id": "1", "source": "/test", "subject": "e1", "time": enrolled.now, "partitionkey": "p1"}
    merged = {**moved, "id": "2"}
    publish(
        enrolled.log,
        [fact(Transferred(partner="partner-2"), **moved), fact(ParticipantMerged(retired="p1", into="p9"), **merged)],
        now=enrolled.now,
    )
    old = "\n".join(ENROLMENTS.splitlines()[:2])

    assert enrolled.enrolments(old).duplicates == 1
    assert enrolled.enrolments(old.replace("partner-1", "partner-2").replace("p1,", "p9,")).duplicates == 1


def test_one_enrolment_said_twice_differently_is_refused_in_both_rows(desk: Desk, on_log: OnLog) -> None:
    """Which row is right is for the partner to say."""
    report = desk.enrolments(ENROLMENTS + "e2,p2,ltp,2025-autumn,partner-1,2025-10-02\n")

    assert faults(report) == [(3, "Enrolment"), (4, "Enrolment")]
    assert [each.subject for each in on_log(desk.log)] == ["e1"]


def test_attendance_is_recorded_without_a_worker_having_run(enrolled: Desk, on_log: OnLog) -> None:
    """The enrolment's programme and participant come from the log itself."""
    report = enrolled.attendance(sheet("e1,clinic-1,2025-10-14,Y", header="Enrolment,Component,Date,Present"))

    [it] = [each for each in on_log(enrolled.log) if isinstance(each.data, AttendanceRecorded)]
    assert report.appended == 1
    assert it.data == AttendanceRecorded(component="clinic-1", attendance="attended")
    assert (it.subject, it.partitionkey, it.time) == ("e1", "p1", datetime(2025, 10, 14, 11, tzinfo=UTC))


@pytest.mark.parametrize(
    ("word", "means"),
    [("Present", "attended"), ("y", "attended"), ("LATE", "attended"), ("/", "attended"), ("1", "attended"),
     ("No", "absent"), ("Did not attend", "absent"), ("0", "absent"), ("Caught-up", "caught-up"), ("CU", "caught-up")],
)  # fmt: skip
def test_usual_words_for_attendance_are_understood(enrolled: Desk, on_log: OnLog, word: str, means: str) -> None:
    """Capitals and hyphens do not matter."""
    enrolled.attendance(sheet(f"e1,clinic-1,2025-10-14,{word}"))

    assert attendance_of(on_log(enrolled.log), "e1") == [means]


def test_a_component_may_be_called_by_its_title_and_a_session_have_a_time(enrolled: Desk, on_log: OnLog) -> None:
    """Times are UK times."""
    enrolled.attendance(sheet("e1,first clinic,14/10/2025,16:30,P", header="Enrolment,Session,Date,Time,Mark"))

    assert on_log(enrolled.log)[-1].time == datetime(2025, 10, 14, 15, 30, tzinfo=UTC)


def test_a_participant_stands_for_the_enrolment_that_has_the_component(enrolled: Desk, on_log: OnLog) -> None:
    """A sheet without enrolments works where it is clear which enrolment is meant, and only there."""
    enrolled.enrolments("\n".join([ENROLMENTS.splitlines()[0], "e3,p1,ltp,2025-autumn,partner-1,2025-10-02"]))
    header = "Participant,Component,Date,Attendance"

    clear = enrolled.attendance(sheet("p1,conference-1,2025-10-14,Y", "p2,clinic-1,2025-10-14,Y", header=header))
    enrolled.enrolments("\n".join([ENROLMENTS.splitlines()[0], "e4,p1,ltp,2025-autumn,partner-1,2025-10-02"]))
    unclear = enrolled.attendance(sheet("p1,conference-1,2025-10-14,Y", "p8,clinic-1,2025-10-14,Y", header=header))

    assert clear.appended == 2
    assert attendance_of(on_log(enrolled.log), "e3") == ["attended"]
    assert faults(unclear) == [(2, "Participant"), (3, "Participant")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("e9,clinic-1,2025-10-14,Y", "Enrolment"),
        ("e1,clinic-7,2025-10-14,Y", "Component"),
        ("e1,conference-1,2025-10-14,Y", "Component"),
        ("e1,clinic-1,14 of October,Y", "Date"),
        ("e1,clinic-1,2026-10-14,Y", "Date"),
        ("e1,clinic-1,2005-10-14,Y", "Date"),
        ("e1,clinic-1,2025-10-14,perhaps", "Attendance"),
        ("e1,clinic-1,2025-10-14,", "Attendance"),
    ],
)
def test_each_slip_of_attendance_is_found(enrolled: Desk, on_log: OnLog, row: str, column: str) -> None:
    """A row with one slip is refused with that slip alone, and the row after it is loaded."""
    report = enrolled.attendance(sheet(row, "e2,clinic-1,2025-10-14,Y"))

    assert faults(report) == [(2, column)]
    assert attendance_of(on_log(enrolled.log), "e1") == []
    assert attendance_of(on_log(enrolled.log), "e2") == ["attended"]


def test_an_unknown_enrolment_says_to_load_the_enrolments_first(desk: Desk) -> None:
    """The remedy is the order of loading."""
    [error] = desk.attendance(sheet("e1,clinic-1,2025-10-14,Y")).row_errors

    assert error.wrong == "is not known"
    assert "load the enrolments first" in error.remedy


def test_a_row_with_several_slips_is_parked_once_and_told_whole(enrolled: Desk) -> None:
    """All faults of a row are told at once, so that it is mended once."""
    report = enrolled.attendance(sheet("e1,clinic-7,never,perhaps"))

    assert {column for _, column in faults(report)} == {"Component", "Date", "Attendance"}
    assert report.parked == len(parked(enrolled.log)) == 1


def test_the_same_attendance_again_adds_nothing(enrolled: Desk, on_log: OnLog) -> None:
    """Neither the good rows nor the rejects of a sheet are there twice."""
    text = sheet("e1,clinic-1,2025-10-14,Y", "e2,clinic-1,2025-10-14,N", "e2,clinic-9,2025-10-14,N")
    enrolled.attendance(text)
    before = on_log(enrolled.log)

    report = enrolled.attendance(text)

    assert (report.appended, report.duplicates, report.parked) == (0, 2, 1)
    assert on_log(enrolled.log) == before
    assert enrolled.log.end_offsets(REJECTS_TOPIC) == {0: 1}


def test_the_answer_loaded_last_counts_also_when_it_was_the_first(enrolled: Desk, on_log: OnLog) -> None:
    """Attended, absent and attended again are three facts, and the third one wins."""
    appended = [enrolled.attendance(sheet(f"e1,clinic-1,2025-10-14,{word}")).appended for word in "YNYY"]

    facts = on_log(enrolled.log)
    assert appended == [1, 1, 1, 0]
    assert attendance_of(facts, "e1") == ["attended", "absent", "attended"]
    assert done_since(fold_all(facts).components["clinic-1"]) is not None
    assert len({each.identity for each in facts}) == len(facts)


def test_a_correction_counts_even_when_the_clock_stands_still_or_goes_back(enrolled: Desk, on_log: OnLog) -> None:
    """A correction becomes known after what it corrects, whatever the computer's clock says."""
    enrolled.attendance(sheet("e1,clinic-1,2025-10-14,Y"))
    enrolled.now -= timedelta(hours=5)
    enrolled.attendance(sheet("e1,clinic-1,2025-10-14,N"))

    assert done_since(fold_all(on_log(enrolled.log)).components["clinic-1"]) is None


def test_a_correction_corrects_the_session_of_that_day_whatever_its_minute(enrolled: Desk, on_log: OnLog) -> None:
    """A partner who adds or mends the time of day does not make a second session of it."""
    with_time = "Enrolment,Component,Date,Time,Attendance"
    enrolled.attendance(sheet("e1,clinic-1,2025-10-14,Y"))
    enrolled.attendance(sheet("e1,clinic-1,2025-10-14,09:00,N", header=with_time))

    assert done_since(fold_all(on_log(enrolled.log)).components["clinic-1"]) is None
    assert enrolled.attendance(sheet("e1,clinic-1,2025-10-14,16:00,N", header=with_time)).appended == 0


def test_rows_that_contradict_each_other_are_both_refused(enrolled: Desk, on_log: OnLog) -> None:
    """One sheet that says attended and absent of one session is for the partner to mend; equal rows are one."""
    report = enrolled.attendance(
        sheet(
            "e1,clinic-1,2025-10-14,Y",
            "e2,clinic-1,2025-10-14,Y",
            "e1,clinic-1,2025-10-14,N",
            "e2,clinic-1,2025-10-14,yes",
        )
    )

    assert faults(report) == [(2, "Attendance"), (4, "Attendance")]
    assert (report.appended, report.duplicates) == (1, 1)
    assert attendance_of(on_log(enrolled.log), "e1") == []


def test_a_persons_data_never_gets_onto_the_log(enrolled: Desk) -> None:
    """Names and addresses, in columns of their own or in the wrong one, stand in no fact and in no reject."""
    header = "Name,E-mail,Enrolment,Component,Date,Attendance,Notes"
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
