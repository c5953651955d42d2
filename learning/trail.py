"""What happened to an enrolment in order of time, laid out so that it can be looked at as of many days cheaply.

A flag needs to know how things stood on days before today: since when, and whether the cause is gone long enough. A
trail is made once from the state; a view of it as of any day (`learning.view`) then costs a few look-ups.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from learning.assessment import Answer, Window, answers, windows
from learning.calendar import uk_day
from learning.facts import (
    AssessmentSubmitted,
    DeferralRequested,
    Deferred,
    Enrolled,
    ExtenuatingCircumstancesGranted,
    Resumed,
    Withdrawn,
)
from learning.measures import Measured
from learning.milestones import Milestone
from learning.plan import NewStart, start_of
from learning.progress import Mark, Noted, State, visit_days
from learning.standing import start_days

_DAY = timedelta(days=1)


class Trail:
    """The facts of one enrolment that happened before a day, and the plan by which they are looked at."""

    def __init__(
        self, state: State, measured: Measured, milestones: tuple[Milestone, ...] = (), excused_days: int = 0
    ) -> None:
        """Lay out a state.

        Args:
            state: The facts, none of which happened on the last day that will be looked at, or later.
            measured: What they amount to.
            milestones: DfE's, for its intake and course.
            excused_days: How long extenuating circumstances excuse at least.
        """
        self.state = state
        self.plan = measured.plan
        self.standing = measured.progress.standing
        self.milestones = milestones
        self.flips = sorted(measured.doings.flips)
        """When which counting component was done, with its points, or to be done again, with as many below 0."""
        self.times = [when for when, _, _ in self.flips]
        self.points = [0, *accumulate([points for _, points, _ in self.flips])]
        """Points after none, one, two ... of the flips."""
        self.active = sorted([*measured.doings.active, *(start_of(day) for day in visit_days(state))])
        """When the person was at work; of visits, the start of their day."""
        self.absent = measured.doings.absent
        """Whether any register ever said so."""
        self.sessions = self._sessions() if self.absent else []
        """The live sessions for which a register was kept, by when they took place, with what was said of each."""
        corrected = (mark[0] for _, marks in self.sessions for mark in marks)
        self.moments = sorted([*(noted.time for noted in state.life), *corrected])
        """When something happened that need be neither a component done nor activity."""
        self.joined_on = max(self.standing.enrolled_on, self.plan.intake.start)
        """The day from which the person is to follow the plan."""
        self.begins = min(self.standing.enrolled_on, self.plan.intake.start)
        """A day before which there was nothing to look at."""
        self.new_starts = self._new_starts()
        """The days on which the person joined late, came back or moved, being behind the plan then; latest first."""
        self._lay_out([noted for noted in state.life if type(noted.data) is not Enrolled], excused_days)

    def _lay_out(self, life: Sequence[Noted], excused_days: int) -> None:
        """Sort the facts of its life, of which most enrolments have hardly any."""
        self.windows: tuple[Window, ...] = windows(life) if life else ()
        """The assessment windows that the person was entered for, by when that was said."""
        self.answers: tuple[Answer, ...] = answers(life) if self.windows else ()
        """What came of attempts: work handed in, a mark, or extenuating circumstances."""
        self.scores = _scores(life) if life else ()
        """Scores (0 to 1) of work that was handed in and not carried over, by when it was handed in."""
        self.deferrals_asked = [each.time for each in life if isinstance(each.data, DeferralRequested | Deferred)]
        """When a deferral was asked for, or granted at once."""
        self.quiet = self._quiet(life, excused_days) if life else ()
        """The days on which there is no flag, each span with the day after it: deferred, withdrawn or excused."""
        self.leaves_on = [each.data.effective for each in life if isinstance(each.data, Withdrawn)]
        """The days from which withdrawals hold, which can lie in the future."""

    def _sessions(self) -> list[tuple[datetime, list[Mark]]]:
        live = self.plan.live_sessions
        return sorted([(marks[0][0], marks) for component, marks in self.state.components.items() if component in live])

    def points_before(self, cut: datetime) -> int:
        """Points of the components that were done at an instant."""
        return self.points[bisect_left(self.times, cut)]

    def _new_starts(self) -> tuple[tuple[date, NewStart], ...]:
        plan = self.plan
        days = [day for day in start_days(self.state.life, self.standing.enrolled_on) if day > plan.intake.start]
        starts = ((day, plan.new_start(day, self.points_before(start_of(day)))) for day in reversed(days))
        return tuple((day, start) for day, start in starts if start is not None)

    def _quiet(self, life: Iterable[Noted], excused_days: int) -> tuple[tuple[date, date], ...]:
        spans: list[tuple[date, date]] = []
        since: date | None = None
        for noted in life:
            data: Any = noted.data
            known = uk_day(noted.time) + _DAY
            match data:
                case Deferred():
                    since = min(known, since or known)
                case Withdrawn(effective=effective):
                    since = min(max(known, effective), since or date.max)
                case Resumed() if since is not None:
                    spans.append((since, max(since, known)))
                    since = None
                case ExtenuatingCircumstancesGranted(attempt=attempt):
                    spans.append((known, self._excused_until(attempt, known + excused_days * _DAY)))
        return (*spans, *([] if since is None else [(since, date.max)]))

    def _excused_until(self, attempt: int, at_least: date) -> date:
        """The day after the window of an attempt closes, or after the excused days where that is later."""
        closes = [window.closes + _DAY for window in self.windows if window.attempt == attempt]
        return max([at_least, *closes[-1:]])


def _scores(life: Iterable[Noted]) -> tuple[tuple[datetime, float], ...]:
    submissions: list[tuple[datetime, Any]] = [
        (noted.time, noted.data) for noted in life if isinstance(noted.data, AssessmentSubmitted)
    ]
    return tuple(sorted((when, data.score) for when, data in submissions if data.score is not None and not data.banked))
