"""Registers of attendance: whose row it is, what was said, and what a correction corrects."""

from datetime import UTC, datetime, timedelta

import pytest

from eventlog.rejects import REJECTS_TOPIC, parked
from learning.facts import AttendanceRecorded
from learning.progress import done_since, fold_all
from tests.register_kit import ENROLMENTS, Desk, OnLog, attendance_of, faults, sheet


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
