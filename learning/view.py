"""A trail as it stood when a day began: what every signal looks at."""

from bisect import bisect_left
from datetime import date

from learning.assessment import Window, open_window
from learning.plan import NewStart, start_of
from learning.trail import Trail


class View:
    """An enrolment as a day began: nothing that happened on the day or later is seen."""

    __slots__ = (
        "_missed",
        "asked_from",
        "cut",
        "day",
        "flips_seen",
        "last_active",
        "plan",
        "points",
        "trail",
        "week_due",
        "weeks_behind",
        "weeks_over",
    )

    def __init__(self, trail: Trail, day: date) -> None:
        """Look at the trail as of `day`."""
        plan = trail.plan
        self._missed: list[bool] | None = None
        self.trail = trail
        self.plan = plan
        self.day = day
        self.cut = start_of(day)
        self.flips_seen = bisect_left(trail.times, self.cut)
        self.points = trail.points[self.flips_seen]
        """Points of the components that were done."""
        self.weeks_over = plan.weeks_done(day)
        """Study weeks that had ended."""
        seen = bisect_left(trail.active, self.cut)
        self.last_active = trail.active[seen - 1] if seen else None
        """When the person was last at work; of a visit, the start of its day."""
        self.asked_from, start = self._start() if trail.new_starts else (trail.joined_on, None)
        """From this day on work that fell due was asked of the person: since joining, coming back or moving."""
        self.week_due = plan.weeks_due(day, start) if start else self.weeks_over
        """The study week whose plan was to be fulfilled."""
        self.weeks_behind = max(0, self.week_due - plan.week_reached(self.points))
        """Study weeks behind the plan."""

    def _start(self) -> tuple[date, NewStart | None]:
        starts = (each for each in self.trail.new_starts if each[0] < self.day)
        return next(starts, (self.trail.joined_on, None))

    @property
    def quiet(self) -> bool:
        """Whether no signal counts: not begun, deferred, withdrawn, or excused."""
        if self.day <= self.trail.joined_on:
            return True
        return any(first <= self.day < end for first, end in self.trail.quiet)

    @property
    def done(self) -> frozenset[str]:
        """The counting components that were done."""
        last_words = {component: points > 0 for _, points, component in self.trail.flips[: self.flips_seen]}
        return frozenset(component for component, done in last_words.items() if done)

    @property
    def points_to_gate(self) -> float:
        """Points that were missing for the gate; 0 when it was reached."""
        programme = self.plan.programme
        if programme.gate_points is not None:
            return max(0, programme.gate_points - self.points)
        return float(programme.missing_for_gate(self.done))

    @property
    def sessions_missed(self) -> list[bool]:
        """Of each live session with a register, in their order: whether it was missed and not caught up on."""
        if self._missed is None:
            self._missed = self._sessions_missed()
        return self._missed

    def _sessions_missed(self) -> list[bool]:
        missed: list[bool] = []
        for held, marks in self.trail.sessions:
            if held >= self.cut:
                break
            said = marks if len(marks) == 1 else [mark for mark in marks if mark[0] < self.cut]
            missed.append(said[-1][2] == "absent")
        return missed

    @property
    def window(self) -> Window | None:
        """The assessment window that was open, if one was and nothing had come of it yet."""
        return open_window(self.trail.windows, self.trail.answers, self.day, self.cut)

    @property
    def deferral_asked_in_time(self) -> bool:
        """Whether a deferral had been asked for, or granted at once, by the end of the deadline day."""
        before = min(self.cut, self.plan.closes)
        return any(asked < before for asked in self.trail.deferrals_asked)

    def points_between(self, first_week: int, end_week: int) -> int:
        """Points done from the beginning of one study week (counted from 0) to the beginning of another.

        In a holiday the next study week has yet to begin: what is done later in the holiday is not seen.
        """
        first, end = (min(self.plan.week_starts[week], self.cut) for week in (first_week, end_week))
        return self.trail.points_before(end) - self.trail.points_before(first)
