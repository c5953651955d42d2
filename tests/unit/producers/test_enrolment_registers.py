"""Registers of enrolments: good rows become facts, wrong rows are reported with their place."""

from datetime import UTC, datetime

import pytest

from learning.events import fact
from learning.facts import Enrolled, ParticipantMerged, Transferred
from producers.publisher import publish
from producers.register.column_maps import ColumnMap
from tests.register_kit import ENROLMENTS, Desk, OnLog, faults, sheet


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
    ids=["empty", "name", "email", "intake", "partner-name", "no-day", "no-date", "future", "far"],
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
