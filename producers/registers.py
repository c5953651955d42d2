"""Load partners' registers: sheets of enrolments and of attendance become facts; rows that are wrong are reported.

The same sheet loaded again adds nothing, since only what differs from the log becomes a fact. Attendance is corrected
by loading the corrected sheet: the answer loaded last counts, also when it is the first one again. An enrolment is
never edited: a row that differs from what the log says is refused, and the change is recorded as a fact of its own.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from eventlog.base import EventLog
from eventlog.rejects import parked, settle
from learning.curriculum import Curriculum
from learning.events import Fact
from producers.publisher import publish
from producers.register import attendance_rows, enrolment_rows
from producers.register.attendance_rows import read_attendance
from producers.register.column_maps import ColumnMap
from producers.register.enrolment_rows import is_known, read_enrolment
from producers.register.files import Upload
from producers.register.history import KnownEnrolments, known_answers, known_enrolments
from producers.register.rows import Register, RowReader, read_register, refuse_contradictions
from producers.report import Report, set_aside

BUILT_IN: Final = ColumnMap()
"""For sheets that use the headings and words that everybody understands."""


def import_enrolments(
    log: EventLog,
    file: Path | Upload,
    curriculum: Curriculum,
    now: datetime,
    *,
    column_map: ColumnMap = BUILT_IN,
    sheet: str | None = None,
    partner: str | None = None,
) -> Report:
    """Enrol everybody in a sheet; good rows are loaded, wrong ones parked and reported.

    Args:
        log: Where the facts go, and what they are compared with.
        file: A CSV file or an Excel workbook.
        curriculum: Programmes and intakes that rows are checked against.
        now: When the facts become known; a day that lies further ahead than one day is refused.
        column_map: The partner's headings and words.
        sheet: Which sheet of a workbook; None for the first.
        partner: Refuse rows of other delivery partners than this.

    Raises:
        RegisterFileError: The file cannot be read as a register; nothing was loaded.
        LogError: The log cannot write. Loading again is safe.
    """
    register = read_register(file, column_map, enrolment_rows.REQUIRED, sheet)
    readers = [RowReader(register, record) for record in register.records]
    rows = [(reader, row) for reader in readers if (row := read_enrolment(reader, curriculum, now))]
    for reader, row in rows:
        if partner is not None and row.data.partner != partner:
            reader.fault("partner", "is another delivery partner", f"write {partner}, or load the row where it belongs")
    refuse_contradictions(((reader, row.enrolment, row) for reader, row in rows), "enrolment")
    known = known_enrolments(log)
    facts: list[Fact] = []
    repeated = 0
    for reader, row in rows:
        there = known.get(row.enrolment)
        if there is not None:
            repeated += is_known(row, there, reader)
        elif not reader.errors:
            facts.append(row.fact(now))
    return _noted(register) + _load(log, facts, repeated, readers, now)


def import_attendance(
    log: EventLog,
    file: Path | Upload,
    curriculum: Curriculum,
    now: datetime,
    *,
    column_map: ColumnMap = BUILT_IN,
    sheet: str | None = None,
    among: Collection[str] | None = None,
) -> Report:
    """Record the attendance in a sheet; good rows are loaded, wrong ones parked and reported.

    Rows name an enrolment that is on the log, or a participant with only one that has the component.

    Args:
        log: Where the facts go, and what they are compared with.
        file: A CSV file or an Excel workbook.
        curriculum: Programmes and their components that rows are checked against.
        now: When the facts become known; a session that lies further ahead than one day is refused.
        column_map: The partner's headings and words.
        sheet: Which sheet of a workbook; None for the first.
        among: The enrolments that rows may name; any other is answered as one that does not exist.

    Raises:
        RegisterFileError: The file cannot be read as a register; nothing was loaded.
        LogError: The log cannot write. Loading again is safe.
    """
    register = read_register(file, column_map, attendance_rows.REQUIRED, sheet)
    known = known_enrolments(log)
    if among is not None:
        known = KnownEnrolments({enrolment: each for enrolment, each in known.items() if enrolment in among})
    readers = [RowReader(register, record) for record in register.records]
    rows = [(reader, row) for reader in readers if (row := read_attendance(reader, known, curriculum, now))]
    refuse_contradictions(((reader, row.session, row.attendance) for reader, row in rows), "attendance")
    answers = known_answers(log, {row.enrolment for _, row in rows})
    facts: list[Fact] = []
    repeated = 0
    for reader, row in rows:
        before = answers.get(row.session)
        if reader.errors:
            continue
        if before is not None and before.attendance == row.attendance:
            repeated += 1
        else:
            facts.append(row.fact(before, now))
    return _noted(register) + _load(log, facts, repeated, readers, now)


def _noted(register: Register) -> Report:
    """What to say of a sheet as a whole."""
    if register.records:
        return Report()
    return Report(notes=(f"There is no row below the headings of {register.name}; was the right sheet saved?",))


def _load(log: EventLog, facts: Iterable[Fact], repeated: int, readers: Sequence[RowReader], now: datetime) -> Report:
    """Publish what is new, park what is wrong, and tell both; rejects of rows that were mended wait no more."""
    wrong = [reader for reader in readers if reader.errors]
    report = Report(duplicates=repeated, row_errors=tuple(error for reader in wrong for error in reader.errors))
    report = report.plus(publish(log, facts, now=now)) + set_aside(log, [reader.refused() for reader in wrong], now)
    by_origin = {reader.origin: reader for reader in readers}
    for reject in parked(log).values():
        reader = by_origin.get(reject.origin)
        if reader is not None and reader.replaces(reject):
            settle(log, reject, now)
    return report
