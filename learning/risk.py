"""How much an enrolment is at risk as a day begins, why, since when, and what would clear it.

The points of all signals are added up; from so many points on a level holds. A level rises at once and comes down
only after `hold_days` days without its cause: it is the highest that the points of these days amount to. Everything
is worked out from the state's own dates, never from what was said before, so any order and any repetition of the
facts gives the same answer. What happened on the day itself is looked at on the next one.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from msgspec import Struct

from learning.curriculum import Curriculum
from learning.hindsight import happened_before
from learning.measures import Progress, measure
from learning.milestones import Milestone, shipped_milestones
from learning.policy import FLAGGED, LEVELS, Level, Policies, Rules, SignalCode, Step
from learning.progress import State
from learning.signals import SIGNALS, Inputs
from learning.stretches import next_change, stretches
from learning.trail import Trail, View

_DAY = timedelta(days=1)


class Reason(Struct, frozen=True, kw_only=True):
    """One signal that counts."""

    signal: SignalCode
    points: int
    figure: float
    threshold: float
    """The figure from which it is worth these points; days that are left count below zero."""
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
    def flagged(self) -> bool:
        """Whether somebody is to act."""
        return LEVELS.index(self.level) >= FLAGGED


class _Found(NamedTuple):
    signal: SignalCode
    figure: float
    step: Step


def assess(
    state: State, curriculum: Curriculum, policies: Policies, day: date, progress: Progress | None = None
) -> Assessment | None:
    """Assess an enrolment as `day` begins; None while it is not known to be enrolled.

    Args:
        state: What is known of it; what happened on the day or later is left out.
        curriculum: The programmes.
        policies: The versions of the policy; the one in force on the day counts.
        day: A day in the UK.
        progress: The enrolment measured as of the day, if that is at hand.

    Raises:
        UnknownProgrammeError: When the curriculum does not have its programme or intake.
    """
    past = happened_before(state, day)
    if progress is None or past.state is not state:
        progress = measure(past.state, curriculum, day)
    if progress is None:
        return None
    standing = progress.standing
    plan = curriculum.plan(standing.programme, standing.intake)
    rules = policies.on(day).rules(standing.provider)
    due = _milestones(day, standing.intake, plan.programme.course)
    trail = Trail(past.state, plan, standing, due, rules.excused_days)
    if standing.status == "active":
        return _Look(trail, rules, day, past.next_day).assessment()
    change = next_change(trail, rules, day, past.next_day, held=())
    return Assessment(level="on-track", points=0, reasons=(), policy=rules.version, as_of=day, next_change=change)


def _milestones(day: date, intake: str, course: object) -> tuple[Milestone, ...]:
    table = shipped_milestones().known_on(day)
    return () if table is None or course is None else table.of_course(intake, course)  # type: ignore[arg-type]  # a literal


class _Look:
    """The levels of one enrolment over the days up to one."""

    def __init__(self, trail: Trail, rules: Rules, day: date, next_fact: date | None) -> None:
        self._trail = trail
        self._rules = rules
        self._day = day
        self._next_fact = next_fact
        self._known: dict[date, tuple[_Found, ...]] = {}

    def assessment(self) -> Assessment:
        """The answer."""
        rules, today = self._rules, self._day
        window = stretches(self._trail, rules, today - (rules.hold_days - 1) * _DAY, today)
        levels = [(end, self._level(end)) for _, end in window]
        now, level = levels[0][1], max(each for _, each in levels)
        last = next(end for end, each in levels if each == level)
        reasons = tuple(self._reasons(last))
        return Assessment(
            level=LEVELS[level],
            points=sum(reason.points for reason in reasons),
            reasons=reasons,
            policy=rules.version,
            as_of=today,
            since=self._since(level, lambda each: each) if level else None,
            flagged_since=self._since(1, lambda each: int(each >= FLAGGED)) if level >= FLAGGED else None,
            comes_down=None if now == level else last + rules.hold_days * _DAY,
            next_change=next_change(
                self._trail, rules, today, self._next_fact, held=[end for end, each in levels if each > now]
            ),
        )

    def _since(self, wanted: int, height: Callable[[int], int]) -> date:
        """The day on which the level, by its height, became what it is now, held levels included."""
        hold = self._rules.hold_days * _DAY
        began = self._day
        found = False
        for start, end in stretches(self._trail, self._rules, self._trail.begins, self._day):
            reached = height(self._level(end))
            if reached > wanted:
                return end + hold
            if found and end + hold < began:
                return began
            if reached == wanted:
                began, found = start, True
        return began

    def _level(self, day: date) -> int:
        """What the points of a day alone amount to."""
        return self._rules.level(sum(found.step.points for found in self._found(day)))

    def _found(self, day: date) -> tuple[_Found, ...]:
        if day not in self._known:
            view = View(self._trail, day)
            self._known[day] = () if view.quiet else tuple(_signals(view, self._rules))
        return self._known[day]

    def _reasons(self, day: date) -> Iterator[Reason]:
        view = View(self._trail, day)
        for found in sorted(self._found(day), key=lambda each: (-each.step.points, each.signal)):
            yield Reason(
                signal=found.signal,
                points=found.step.points,
                figure=found.figure,
                threshold=found.step.threshold,
                inputs=SIGNALS[found.signal].inputs(view),
            )


def _signals(view: View, rules: Rules) -> Iterator[_Found]:
    """The signals that count, each with the highest step that its figure reaches."""
    for code, steps in rules.signals.items():
        figure = SIGNALS[code].figure(view)
        if figure is not None and figure >= steps[0].threshold:
            step = [step for step in steps if figure >= step.threshold][-1]
            if step.points:
                yield _Found(code, figure, step)
