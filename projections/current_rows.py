"""Gathers what a run has found out of enrolments, and writes the rows of the two read models that say what is current.

Progress and register change together; most days change only a part of most rows, and of many nothing at all.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from learning.changes import Decided, decision
from learning.flags import flag_life
from learning.measures import Progress
from learning.policy import Level
from learning.risk import Assessment
from projections import enrolment_progress, enrolment_risk
from projections.decisions import Folded
from projections.enrolment_risk import Due

_DAY = timedelta(days=1)


class Rows:
    """Rows of some enrolments, written at once."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        """Write on `connection`, as of `now`."""
        self._connection = connection
        self._now = now
        self._progress: list[Mapping[str, Any]] = []
        self._days: list[Mapping[str, Any]] = []
        self._risk: list[Mapping[str, Any]] = []
        self._looks: list[tuple[str, date | None]] = []

    def add_progress(self, enrolment: str, progress: Progress, level: Level | None, *, whole: bool) -> None:
        """Add the measures of an enrolment: the whole row, or what a day can change where the rest is written."""
        if whole:
            self._progress.append(enrolment_progress.row(enrolment, progress, level, self._now))
        else:
            self._days.append(enrolment_progress.of_the_day(enrolment, progress, level, self._now))

    def add_risk(self, folded: Folded, assessment: Assessment, decided: Decided, *, before: Due | None = None) -> None:
        """Add what is said of an enrolment; where there was nothing to tell `before` and is nothing now, only the day.

        `decided` is what was decided last, as of the assessment's day.
        """
        next_look = _next_look(folded, assessment, decided)
        if before is not None and before.uneventful and assessment.uneventful and decided == before.decided:
            self.look_again(folded.enrolment, next_look)
            return
        since = assessment.flagged_since if folded.state.erased is None else None
        flag = None if since is None else flag_life(folded.state.life, since)
        row = enrolment_risk.row(folded.enrolment, assessment, flag, decided)
        self._risk.append({**row, "next_look": next_look})

    def look_again(self, enrolment: str, day: date | None) -> None:
        """Add when to look at an enrolment again, of which the same is said as before."""
        self._looks.append((enrolment, day))

    def write(self) -> None:
        """Write what was gathered."""
        enrolment_progress.put(self._connection, self._progress)
        enrolment_progress.put_days(self._connection, self._days)
        enrolment_risk.put(self._connection, self._risk)
        enrolment_risk.look_again(self._connection, self._looks)


def level_of(assessment: Assessment | None) -> Level | None:
    """The level, where a day has looked at the enrolment."""
    return None if assessment is None else assessment.level


def _next_look(folded: Folded, assessment: Assessment, decided: Decided) -> date | None:
    """When to decide again: on the next day where what is current is not what was decided, or facts stand elsewhere."""
    undecided = decision(assessment) != decided and folded.state.erased is None
    if folded.stored.spread or undecided:
        return assessment.as_of + _DAY
    return assessment.next_change
