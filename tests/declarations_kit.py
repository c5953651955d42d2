"""Enrolments of autumn 2024 with what they have done, and how DfE's declarations stand by it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from learning.codes import DeclarationType
from learning.curriculum import Curriculum
from learning.declarations import Readiness, readiness
from learning.events import Fact
from learning.facts import (
    AssessmentMarked,
    AttendanceRecorded,
    Withdrawn,
)
from learning.milestones import milestones
from learning.progress import fold_all
from tests.builders import SMALL, completed, enrolled, make

SPECIALIST = "ambition-2024/npqltd"
LEADERSHIP = "ambition-2024/npqsl"
EHCO = "ambition-2024/ehco"

INDUCTION = datetime(2024, 10, 8, 9, tzinfo=UTC)
"""In the window of `started` of autumn 2024, which goes from 1 October to 25 November 2024."""

WINTER = datetime(2025, 1, 14, 16, tzinfo=UTC)
"""In the window of `retained-1`, which goes from 26 November 2024 to 26 May 2025."""

MARKED = datetime(2025, 11, 20, 10, tzinfo=UTC)
"""In the window of `completed` of specialist courses, which goes from 27 May 2025 to 21 February 2026."""

LATER = date(2025, 12, 1)


def joined(programme: str = SPECIALIST, time: datetime = datetime(2024, 9, 20, tzinfo=UTC), **data: Any) -> Fact:
    """An enrolment of autumn 2024."""
    return enrolled(time, **{"programme": programme, "intake": "2024-autumn", "cohort": "2024a", **data})


def register(attendance: Any, time: datetime, component: str = "clinic-1", **envelope: Any) -> Fact:
    """An answer of a register."""
    return make(AttendanceRecorded(component=component, attendance=attendance), time, **envelope)


STARTED = (joined(), completed("induction", INDUCTION))
RETAINED = (*STARTED, register("attended", WINTER))
MARK = make(AssessmentMarked(attempt=1, outcome="passed"), MARKED)


def all_types(facts: Iterable[Fact], day: date = LATER, curriculum: Curriculum = SMALL) -> dict[str, Readiness]:
    """How each declaration stands after these facts."""
    return {each.declaration_type: each for each in readiness(fold_all(facts), curriculum, milestones(), day)}


def judged(declaration_type: DeclarationType, *facts: Fact, day: date = LATER) -> Readiness:
    """How one declaration stands after these facts."""
    return all_types(facts, day)[declaration_type]


def codes(declaration: Readiness) -> list[str]:
    """What stands in its way, warnings included."""
    return [blocker.code for blocker in declaration.blockers]


def withdrawn(effective: date) -> Fact:
    """A withdrawal that was signed off in February."""
    left = Withdrawn(reason="other", effective=effective, signed_off_by="partner-1")
    return make(left, datetime(2025, 2, 20, tzinfo=UTC))
