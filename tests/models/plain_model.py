"""A second, plain account of one enrolment: slow, without a state, written straight from the facts and the rules.

It shares no code with the fold, the plan, the attempts and the measures, so each can be held against the other.
"""

from calendar import monthrange
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from learning.curriculum import Curriculum
from learning.events import Fact
from learning.programme import Component

DAY = timedelta(days=1)
DONE = {"completed", "attended", "caught-up", "submitted", "banked"}
WORDS: dict[str, Callable[[Any], str]] = {
    "component-completed": lambda _: "completed",
    "component-reopened": lambda _: "reopened",
    "attendance-recorded": lambda data: str(data.attendance),
    "assessment-submitted": lambda data: "banked" if data.banked else "submitted",
}
"""What a fact about a component says of it, by kind of fact."""


def plain_row(facts: Iterable[Fact], curriculum: Curriculum, day: date | None) -> dict[str, Any] | None:
    """What the facts of one enrolment amount to as `day` begins; None when nobody was enrolled."""
    told = list(facts)
    if any(kind(each) == "participant-erased" for each in told):
        told = [of_nobody(each) for each in told]
    told = sorted(told, key=lambda each: (each.time, each.recordedtime, word(each), msgspec.json.encode(each.data)))
    enrolments: list[Any] = [each.data for each in told if kind(each) == "enrolled"]
    if not enrolments:
        return None
    row: dict[str, Any] = {name: getattr(enrolments[-1], name) for name in ("participant", "partner", "intake")}
    for each in told:
        data: Any = each.data
        if kind(each) == "transferred":
            row["partner"], row["intake"] = data.partner or row["partner"], data.intake or row["intake"]
        if kind(each) == "participant-merged":
            row["participant"] = data.into
    course = Course(curriculum, enrolments[-1].programme, row["intake"])
    done = {name: when for name in components(told) if (when := done_since(told, name)) is not None}
    status, since = status_of(told, course, done, day)
    clock = day if day is None or since is None else min(day, since)
    begun = fresh_start(told, course)
    return {
        **row,
        "status": status,
        "points": course.points_of(done),
        "components_done": len([each for each in course.counting if each.id in done]),
        "assessments_submitted": len({c for c in components(told) if {"submitted", "banked"} & set(said(told, c))}),
        "last_activity_at": last_activity(told),
        "expected_points": None if clock is None else course.expected_pro_rata(clock, begun),
        "lag_weeks": None if clock is None else course.lag(clock, course.points_of(done), begun),
    }


def of_nobody(fact: Fact) -> Fact:
    """A fact without the id of the participant, as an erased enrolment has it."""
    names = {"enrolled": ("participant",), "participant-merged": ("retired", "into")}.get(kind(fact), ())
    return msgspec.structs.replace(fact, data=msgspec.structs.replace(fact.data, **dict.fromkeys(names, "erased")))


class Course:
    """A programme in an intake, its points and days worked out one by one."""

    def __init__(self, curriculum: Curriculum, programme_id: str, intake_id: str) -> None:
        self.programme = curriculum.programme(programme_id)
        self.start = curriculum.intake(programme_id, intake_id).start
        self.counting = [each for each in self.programme.components if each.counts]
        month = self.start.month - 1 + self.programme.months
        year, month = self.start.year + month // 12, month % 12 + 1
        self.deadline = date(year, month, min(self.start.day, monthrange(year, month)[1])) - DAY
        self.week_ends = []
        monday = self.start - self.start.weekday() * DAY
        while monday <= self.deadline:
            if curriculum.calendars[self.programme.calendar].is_study_week(monday):
                self.week_ends.append(min(monday + 6 * DAY, self.deadline))
            monday += 7 * DAY

    def worth(self, component: Component) -> Fraction:
        """What a counting component is worth next to the others."""
        rule = self.programme.completion
        if rule.measure == "weighted":
            return Fraction(component.weight)
        if rule.measure == "shares":
            [group] = [each for each in rule.groups if component.kind in each.kinds]
            return (group.share or Fraction(0)) / len([each for each in self.counting if each.kind in group.kinds])
        return Fraction(1)

    def completion(self, done: Collection[str], kinds: Collection[str] | None = None) -> Fraction:
        """The part that is done: of everything that counts, or of some kinds."""
        looked_at = [each for each in self.counting if kinds is None or each.kind in kinds]
        return sum((self.worth(each) for each in looked_at if each.id in done), Fraction(0)) / sum(
            self.worth(each) for each in looked_at
        )

    def points_of(self, done: Collection[str]) -> Fraction:
        """Completion on the programme's own scale; the measures must find the same whole number."""
        return self.completion(done) * self.programme.total_points

    def gate_reached(self, done: Collection[str]) -> bool:
        """Whether enough is done, and in each group where the rule says so."""
        rule = self.programme.completion
        parts = [None, *(group.kinds for group in rule.groups if rule.each_group)]
        return all(self.completion(done, part) >= rule.threshold for part in parts)

    def due(self, component: Component) -> date:
        """The day by whose end it is due."""
        if component.due_day is not None:
            return min(self.start + component.due_day * DAY, self.deadline)
        return [*self.week_ends, *[self.deadline] * 99][(component.due_week or 0) - 1]

    def expected(self, day: date) -> Fraction:
        """Points of what was due before a day."""
        return self.points_of({each.id for each in self.counting if self.due(each) < day})

    def over(self, day: date) -> int:
        """Study weeks over before a day."""
        return len([end for end in self.week_ends if end < day])

    def reached(self, points: Fraction) -> int:
        """The latest study week whose plan these points fulfil."""
        return max([0, *(week for week, end in enumerate(self.week_ends, 1) if self.expected(end + DAY) <= points)])

    def lag(self, day: date, points: Fraction, begun: tuple[int, int] | None) -> int:
        """Study weeks due before a day, less those whose plan these points fulfil."""
        return max(0, self.weeks_due(day, begun) - self.reached(points))

    def weeks_due(self, day: date, begun: tuple[int, int] | None) -> int:
        """The weeks over; of who began anew behind the plan, the weeks missed are shared out over those left."""
        over = self.over(day)
        if begun is None:
            return over
        week, reached = begun
        if over <= week:
            return min(over, reached)
        weeks = len(self.week_ends)
        return reached + int(Fraction(weeks - reached, weeks - week) * (over - week))

    def expected_pro_rata(self, day: date, begun: tuple[int, int] | None) -> Fraction:
        """What was due before a day, the weeks missed before a new beginning shared out."""
        if begun is None:
            return self.expected(day)
        week = self.weeks_due(day, begun)
        return self.expected(self.week_ends[week - 1] + DAY) if week else Fraction(0)


def fresh_start(told: list[Fact], course: Course) -> tuple[int, int] | None:
    """Weeks over and weeks fulfilled on the latest day on which somebody behind the plan joined, returned or moved.

    What was done on that day counts, though it was taken back later: the plan from then on is not drawn up again.
    """
    days = {next(uk(each.time) for each in told if kind(each) == "enrolled")}
    days |= {uk(each.time) for each in told if kind(each) == "resumed"}
    days |= {uk(each.time) for each in told if kind(each) == "transferred" and each.data.intake}  # type: ignore[attr-defined]
    for day in sorted(days, reverse=True):
        before = [each for each in told if uk(each.time) < day]
        points = course.points_of([name for name in components(before) if done_since(before, name) is not None])
        if course.reached(points) < course.over(day):
            return course.over(day), course.reached(points)
    return None


def status_of(told: list[Fact], course: Course, done: dict[str, datetime], day: date | None) -> tuple[str, date | None]:
    """The status and, unless active, since when."""
    status, since = "active", None
    for each in told:
        data: Any = each.data
        if kind(each) == "deferred":
            status, since = "deferred", uk(each.time)
        if kind(each) == "withdrawn" and (day is None or data.effective <= day):
            status, since = "withdrawn", data.effective
        if kind(each) == "resumed":
            status, since = "active", None
    finished = None if status == "withdrawn" else finished_on(told, course, done, day)
    return (status, since) if finished is None else ("completed", finished)


def finished_on(told: list[Fact], course: Course, done: dict[str, datetime], day: date | None) -> date | None:
    """The day on which the programme was over for the person, if it is."""
    late = day is not None and day > course.deadline
    if course.programme.assessment is None:
        if all(each.id in done for each in course.counting):
            return max(uk(done[each.id]) for each in course.counting)
        for moment in sorted(done.values()):
            if late and course.gate_reached([name for name, when in done.items() if when <= moment]):
                return max(course.deadline, uk(moment))
        return None
    marks = {each.data.attempt: each for each in told if kind(each) == "assessment-marked"}  # type: ignore[attr-defined]
    last_first = sorted(marks.values(), key=lambda mark: (mark.time, mark.recordedtime), reverse=True)
    for mark in last_first:
        if mark.data.outcome == "passed":  # type: ignore[attr-defined]
            return uk(mark.time)
    lost = {number for number, mark in marks.items() if mark.data.outcome == "failed"}  # type: ignore[attr-defined]
    lost |= not_handed_in(told, day)
    in_time = course.gate_reached([name for name, when in done.items() if uk(when) <= course.deadline])
    asked = [uk(each.time) for each in told if kind(each) in ("deferral-requested", "deferred")]
    missed_gate = late and not in_time and not any(when <= course.deadline for when in asked)
    left = course.programme.assessment.attempts - len(lost) - missed_gate
    return uk(last_first[0].time) if last_first and left <= 0 else None


def not_handed_in(told: list[Fact], day: date | None) -> set[int]:
    """Attempts whose window (the last one told of) is over, and nothing came of them."""
    over: set[int] = set()
    for each in told:
        data: Any = each.data
        if kind(each) == "assessment-entered" and day is not None:
            over = over | {data.attempt} if data.closes < day else over - {data.attempt}
    answers = ("assessment-submitted", "assessment-marked", "extenuating-circumstances-granted")
    return over - {each.data.attempt for each in told if kind(each) in answers}  # type: ignore[attr-defined]


def last_activity(told: list[Fact]) -> datetime | None:
    """The latest moment at which the person was at work; a corrected record and banked work are no sign of it."""
    moments = [each.time for each in told if kind(each) == "activity-seen"]
    for name in components(told):
        believed = {each.time: word(each) for each in told if about(each) == name}
        moments += [when for when, what in believed.items() if what in DONE - {"banked"}]
    return max(moments, default=None)


def done_since(told: list[Fact], component: str) -> datetime | None:
    """The first word that says done after the last one that says otherwise."""
    since = None
    for each in told:
        if about(each) == component:
            since = (since or each.time) if word(each) in DONE else None
    return since


def components(told: list[Fact]) -> set[str]:
    """Every component that a fact is about."""
    return {name for each in told if (name := about(each)) is not None}


def said(told: list[Fact], component: str) -> list[str]:
    """The words about a component, in order."""
    return [word(each) for each in told if about(each) == component]


def about(fact: Fact) -> str | None:
    """The component that a fact is about."""
    return getattr(fact.data, "component", None)


def kind(fact: Fact) -> str:
    """`learning.enrolled.v1` is `enrolled`."""
    return fact.type.split(".")[1]


def word(fact: Fact) -> str:
    """What is said of the component, for facts about one; else the type, which settles the order at one moment."""
    return WORDS[kind(fact)](fact.data) if kind(fact) in WORDS else fact.type


def uk(moment: datetime) -> date:
    """The day in the United Kingdom."""
    return moment.astimezone(ZoneInfo("Europe/London")).date()
