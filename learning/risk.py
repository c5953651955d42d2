"""How much an enrolment is at risk as a day begins, why, since when, and what would clear it.

The points of all signals are added up; from so many points on a level holds. A level rises at once and comes down
only after `hold_days` days without its cause: it is the highest that the points of these days amount to. What was
before a pause is forgotten: who is deferred or excused has no flag at once, and none is held afterwards. Everything is
worked out from the state's own dates, never from what was said before, so any order and any repetition of the
facts gives the same answer. What happened on the day itself is looked at on the next one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct

from learning.codes import CourseIdentifier
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import ActivitySeen, AttendanceRecorded, ComponentCompleted, ComponentReopened
from learning.hindsight import happened_before
from learning.measures import Measured, measured
from learning.milestones import Milestone, shipped_milestones
from learning.plan import start_of
from learning.policy import COUNTDOWNS, FLAGGED, LEVELS, Level, Policies, Rules, SignalCode, Step
from learning.progress import State
from learning.signals import SIGNALS, Inputs
from learning.stretches import next_change, stretches
from learning.trail import Trail
from learning.view import View

_DAY = timedelta(days=1)


class Reason(Struct, frozen=True, kw_only=True):
    """One signal that counts."""

    signal: SignalCode
    points: int
    figure: float
    """What the signal measured; of days that are left, which are other ones every day, the threshold."""
    threshold: float
    """The figure from which it is worth these points; days that are left count below zero."""
    weighty: bool
    """Whether its points alone would put an enrolment on watch."""
    inputs: Inputs

    @property
    def sentence(self) -> str:
        """It in plain English, with its figures."""
        return SIGNALS[self.signal].sentence(self.inputs)

    @property
    def remedy(self) -> str:
        """What would clear it."""
        return SIGNALS[self.signal].remedy(self.inputs)


class Assessment(Struct, frozen=True, kw_only=True):
    """The risk of one enrolment as a day begins."""

    level: Level
    points: int
    reasons: tuple[Reason, ...]
    """The weightiest first. Of a level that is held, those of the latest day on which they amounted to it."""
    policy: str
    """The version of the policy."""
    as_of: date
    since: date | None = None
    """The day on which the level began; None on track."""
    flagged_since: date | None = None
    """The day from which the level has been at risk or critical without a break."""
    comes_down: date | None = None
    """When the cause is gone: the day on which the level comes down if nothing else happens."""
    next_change: date | None = None
    """The next day on which the answer, or a measure, can be another one without any new fact; None: never."""

    @property
    def uneventful(self) -> bool:
        """Whether there is nothing to tell: on track, without any reason."""
        return self.level == "on-track" and not self.reasons

    @property
    def flagged(self) -> bool:
        """Whether somebody is to act."""
        return LEVELS.index(self.level) >= FLAGGED


class _Found(NamedTuple):
    signal: SignalCode
    figure: float
    step: Step


class Earlier(NamedTuple):
    """An answer that was given about the same facts by the same rules: it spares looking further back."""

    level: Level
    since: date | None
    flagged_since: date | None
    until: date
    """The last day on which it held."""


def assess(
    state: State,
    curriculum: Curriculum,
    policies: Policies,
    day: date,
    *,
    now: Measured | None = None,
    earlier: Earlier | None = None,
) -> Assessment | None:
    """Assess an enrolment as `day` begins; None while it is not known to be enrolled.

    Args:
        state: What is known of it; what happened on the day or later is left out.
        curriculum: The programmes.
        policies: The versions of the policy; the one in force on the day counts.
        day: A day in the UK.
        now: The enrolment measured as of the day, if that is at hand.
        earlier: An earlier answer about the same facts, if that is at hand; it changes nothing but the time it takes.

    Raises:
        UnknownProgrammeError: When the curriculum does not have its programme or intake.
    """
    past = happened_before(state, day, now.doings.latest if now else None)
    if now is None or past.state is not state:
        now = measured(past.state, curriculum, day)
    if now is None:
        return None
    standing, plan = now.progress.standing, now.plan
    rules = policies.on(day).rules(standing.provider)
    due, newer = _milestones(day, standing.intake, plan.programme.course)
    trail = Trail(past.state, now, due, rules.excused_days)
    again = None if past.next_day is None else day + _DAY  # measures have in them what is still to happen
    if standing.status == "active":
        if earlier and (
            _turned_since(trail, earlier.until)
            or _milestones(earlier.until, standing.intake, plan.programme.course)[0] != due
        ):
            earlier = None
        return _Look(trail, rules, day, (again, newer)).assessment(earlier)
    change = next_change(trail, rules, day, (again,), held=())
    return Assessment(level="on-track", points=0, reasons=(), policy=rules.version, as_of=day, next_change=change)


_LOOKED_AT_LATER = frozenset({ActivitySeen, AttendanceRecorded, ComponentCompleted, ComponentReopened})
"""Facts that say nothing but what a person has done: not their standing, nor what is done about their flag."""


def is_looked_at_later(fact: Fact, day: date) -> bool:
    """Whether no assessment as `day` begins looks at a fact, for it happened on the day itself or later.

    Without it the assessment is the same, but that it can be another one on the next day (`next_change`).
    """
    return type(fact.data) in _LOOKED_AT_LATER and fact.time >= start_of(day)


def _turned_since(trail: Trail, day: date) -> bool:
    """Whether anything happened on a day or later by which the days before it look different now.

    A fact of its life can place an enrolment anew, or make one active again that was not; so can a component that is
    done no longer, where all being done completes the enrolment.
    """
    begun = start_of(day)
    life = trail.state.life
    undone = (points <= 0 for _, points, _ in trail.flips[bisect_left(trail.times, begun) :])
    return (bool(life) and life[-1].time >= begun) or any(undone)


def _milestones(day: date, intake: str, course: CourseIdentifier | None) -> tuple[tuple[Milestone, ...], date | None]:
    """DfE's milestones as they had been published by a day, and the day on which that changes."""
    if course is None:
        return (), None
    history = shipped_milestones()
    table = history.known_on(day)
    newer = next((each.published for each in history.versions if each.published > day), None)
    return () if table is None else table.of_course(intake, course), newer


class _Look:
    """The levels of one enrolment over the days up to one."""

    def __init__(self, trail: Trail, rules: Rules, day: date, coming: tuple[date | None, ...]) -> None:
        self._trail = trail
        self._rules = rules
        self._day = day
        self._coming = coming
        self._signals = [
            (SIGNALS[code], steps, steps[0].threshold)
            for code, steps in rules.signals.items()
            if SIGNALS[code].applies(trail)
        ]
        self._known: dict[date, list[_Found] | None] = {}
        """What counts on a day; None on a quiet one."""

    def assessment(self, earlier: Earlier | None) -> Assessment:
        """The answer."""
        rules, today = self._rules, self._day
        first = today - (rules.hold_days - 1) * _DAY
        if earlier is not None and earlier.level == "on-track":
            first = max(
                first, min(today, earlier.until + _DAY)
            )  # on track then, so no day up to then holds anything up
        window = stretches(self._trail, rules, first, today)
        awake = takewhile(lambda end: self._look_at(end) is not None, (end for _, end in window))
        levels = [(end, self._level(end)) for end in awake] or [(today, 0)]
        now, level = levels[0][1], max(each for _, each in levels)
        last = next(end for end, each in levels if each == level)
        reasons = self._reasons(last) if self._look_at(last) else ()
        held = [end for end, each in levels if each > now]
        return Assessment(
            level=LEVELS[level],
            points=sum(reason.points for reason in reasons),
            reasons=reasons,
            policy=rules.version,
            as_of=today,
            since=self._since(level, lambda each: each, earlier, earlier and earlier.since) if level else None,
            flagged_since=(
                self._since(1, lambda each: int(each >= FLAGGED), earlier, earlier and earlier.flagged_since)
                if level >= FLAGGED
                else None
            ),
            comes_down=last + rules.hold_days * _DAY if held else None,
            next_change=next_change(self._trail, rules, today, self._coming, held),
        )

    def _since(
        self, wanted: int, height: Callable[[int], int], earlier: Earlier | None, began_earlier: date | None
    ) -> date:
        """The day on which the level, by its height, became what it is now, held levels included."""
        if earlier is None:
            return self._run(wanted, height, self._trail.begins)
        began = self._run(wanted, height, max(self._trail.begins, earlier.until - (self._rules.hold_days - 1) * _DAY))
        if began > earlier.until:
            return began
        if height(LEVELS.index(earlier.level)) == wanted and began_earlier is not None:
            return began_earlier
        return earlier.until + _DAY

    def _run(self, wanted: int, height: Callable[[int], int], first: date) -> date:
        """The first day of the run of days at a height that ends today, looking back to `first`."""
        hold = self._rules.hold_days * _DAY
        began = self._day
        found = False
        for start, end in stretches(self._trail, self._rules, first, self._day):
            if self._look_at(end) is None:
                return began
            reached = height(self._level(end))
            if found and end + hold < began:  # there is a day between that nothing holds up
                return began
            if reached > wanted:
                return end + hold
            if reached == wanted:
                began, found = start, True
        return began

    def _level(self, day: date) -> int:
        """What the points of a day alone amount to."""
        return self._rules.level(sum([found.step.points for found in self._look_at(day) or ()]))

    def _look_at(self, day: date) -> list[_Found] | None:
        """The signals that count on a day, each with the last step that its figure reaches; None on a quiet day."""
        if day not in self._known:
            view = View(self._trail, day)
            self._known[day] = None if view.quiet else list(self._found(view))
        return self._known[day]

    def _found(self, view: View) -> Iterator[_Found]:
        for signal, steps, first in self._signals:
            figure = signal.figure(view)
            if figure is not None and figure >= first:
                step = [step for step in steps if figure >= step.threshold][-1]
                if step.points:
                    yield _Found(signal.code, figure, step)

    def _reasons(self, day: date) -> tuple[Reason, ...]:
        view = View(self._trail, day)
        return tuple(
            Reason(
                signal=found.signal,
                points=found.step.points,
                figure=found.step.threshold if found.signal in COUNTDOWNS else found.figure,
                threshold=found.step.threshold,
                weighty=found.step.points >= self._rules.levels.watch,
                inputs=SIGNALS[found.signal].inputs(view),
            )
            for found in sorted(self._look_at(day) or (), key=lambda each: (-each.step.points, each.signal))
        )
