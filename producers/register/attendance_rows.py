"""One row of a register of attendance: read, compared with what the log says, and made a fact."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from dateutil.relativedelta import relativedelta

from learning.calendar import uk_day
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.events import Fact, fact
from learning.facts import AttendanceRecorded
from learning.programme import Programme
from producers.register.column_maps import Field
from producers.register.history import Answer, Known, KnownEnrolments, Session
from producers.register.rows import RowReader, matching

REQUIRED: Final[tuple[tuple[Field, ...], ...]] = (
    ("enrolment", "participant"),
    ("component",),
    ("date",),
    ("attendance",),
)

_NAMESPACE: Final = UUID("b3f4f1de-0f5f-5f0f-8d2b-2a6f0c9e4d27")
_BEFORE: Final = relativedelta(months=3)
_AFTER: Final = relativedelta(months=24)
"""How long before the intake and after the programme's length a session can be; deferrals make programmes long."""

_TICK: Final = timedelta(microseconds=1)
_UNKNOWN: Final = "load the enrolments first, or correct the id"


class Attendance(NamedTuple):
    """What a row says."""

    enrolment: str
    known: Known
    component: str
    when: datetime
    attendance: Any

    @property
    def session(self) -> Session:
        """What the answer is about: a component on a day, since registers seldom agree on the minute."""
        return (self.enrolment, self.component, uk_day(self.when))

    def fact(self, before: Answer | None, now: datetime) -> Fact:
        """The fact, as a correction of the answer before it if there is one.

        The id names the answer that is corrected, so the third of "attended, absent, attended" is a fact of its own.
        A correction is about the same moment as what it corrects and becomes known after it, so that it counts.
        """
        corrected = "" if before is None else "\n".join(before.identity)
        meaning = (*self.session[:2], self.session[2].isoformat(), self.attendance, corrected)
        return fact(
            AttendanceRecorded(component=self.component, attendance=self.attendance),
            id=str(uuid5(_NAMESPACE, "\n".join(meaning))),
            source=f"/registers/{self.known.said['partner'][0]}",
            subject=self.enrolment,
            time=self.when if before is None else before.time,
            recordedtime=now if before is None else max(now, before.recordedtime + _TICK),
            partitionkey=self.known.key,
        )


def read_attendance(
    reader: RowReader, known: KnownEnrolments, curriculum: Curriculum, now: datetime
) -> Attendance | None:
    """Read a row; None, with its faults noted, when it is wrong."""
    attendance = reader.attendance()
    when = reader.moment("date", "time", now)
    enrolment = _enrolment(reader, known, curriculum)
    if enrolment is None:
        return None
    programme = curriculum.programmes.get(known[enrolment].latest("programme"))
    if programme is None:
        reader.fault(
            "enrolment", "is on a programme that no catalogue file has", "add the file to the programmes folder"
        )
        return None
    component = reader.choice("component", _titles_of(programme), what=f"component of {programme.id}")
    if when:
        _check_day(reader, programme, known[enrolment], curriculum, when)
    if reader.errors or not (attendance and when and component):
        return None
    return Attendance(enrolment, known[enrolment], component, when, attendance)


def _titles_of(programme: Programme) -> dict[str, str]:
    """The components of a programme: ids with their titles."""
    return {each.id: each.title for each in programme.components}


def _enrolment(reader: RowReader, known: KnownEnrolments, curriculum: Curriculum) -> str | None:
    """The enrolment that the row names, or the only one of its participant that has the component."""
    if reader.text("enrolment"):
        enrolment = reader.identifier("enrolment")
        if enrolment is not None and enrolment not in known:
            reader.fault("enrolment", "is not known", _UNKNOWN)
            return None
        return enrolment
    if not reader.has("participant"):
        return reader.identifier("enrolment")
    participant = reader.identifier("participant")
    return None if participant is None else _enrolment_of(participant, reader, known, curriculum)


def _enrolment_of(participant: str, reader: RowReader, known: KnownEnrolments, curriculum: Curriculum) -> str | None:
    theirs = known.by_participant.get(participant, [])
    if len(theirs) > 1:
        theirs = [each for each in theirs if _has_component(known[each], reader, curriculum)] or theirs
    if not theirs:
        reader.fault("participant", "has no enrolment that is known", _UNKNOWN)
    elif len(theirs) > 1:
        reader.fault("participant", f"has several enrolments ({', '.join(theirs)})", "add a column with the enrolment")
    return theirs[0] if len(theirs) == 1 else None


def _has_component(known: Known, reader: RowReader, curriculum: Curriculum) -> bool:
    programme = curriculum.programmes.get(known.latest("programme"))
    return programme is not None and bool(matching(reader.text("component"), _titles_of(programme)))


def _check_day(reader: RowReader, programme: Programme, known: Known, curriculum: Curriculum, when: datetime) -> None:
    try:
        intake = curriculum.intake(programme.id, known.latest("intake"))
    except UnknownProgrammeError:
        return  # the enrolment came from elsewhere with an intake of its own; its dates are not known here
    latest = intake.start + relativedelta(months=programme.months) + _AFTER
    reader.near("date", uk_day(when), intake.start - _BEFORE, latest, what=f"the programme in intake {intake.id}")
