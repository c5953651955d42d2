"""Somebody who loads registers into a log, and what is seen of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from eventlog.base import EventLog
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import AttendanceRecorded
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
