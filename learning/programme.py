"""What a programme is: its components, what each is worth, and the gate that must be reached to be assessed.

Rules differ between lead providers, so they are data; here they are turned into whole numbers of points. Completion
is then one exact division, whatever the rule.
"""

from collections.abc import Collection, Mapping
from fractions import Fraction
from functools import cached_property
from math import lcm
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from learning.codes import CourseIdentifier

Kind = Literal[
    "assessment-clinic",
    "assessment-webinar",
    "assignment",
    "case-study",
    "clinic",
    "coaching",
    "community",
    "conference",
    "course",
    "end-point-assessment",
    "exam",
    "face-to-face",
    "formative-task",
    "induction",
    "module",
    "placement",
    "practice-task",
    "project",
    "project-report",
    "quiz",
    "quiz-assessment",
    "reflection",
    "school-visit",
    "self-study",
    "seminar",
    "tutor-meeting",
    "webinar",
]
"""What a component can be. A university's tutor-marked assignment is an `assignment`, one marked by computer a
`quiz-assessment`."""

LIVE_KINDS: frozenset[Kind] = frozenset(
    {
        "assessment-clinic",
        "assessment-webinar",
        "clinic",
        "coaching",
        "community",
        "conference",
        "face-to-face",
        "school-visit",
        "seminar",
        "tutor-meeting",
        "webinar",
    }
)
"""Sessions at a fixed time, for which a register is kept; all other kinds are done in one's own time."""

Measure = Literal["counted", "weighted", "shares"]
CalendarName = Literal["school-terms", "continuous"]

STUDY_WEEKS_A_YEAR = 39
"""School weeks in a year: teachers work 195 days (DfE, School teachers' pay and conditions document)."""

_MONTHS_A_YEAR = 12
_DAYS_A_WEEK = 7
_DAYS_OF_LONGEST_MONTH = 31


class Component(Struct, frozen=True, kw_only=True):
    """One thing to do, due by the end of a study week or of a day; exactly one of the two is given."""

    id: str
    """A short readable path such as `conference-1` or `course-3/module-5-study`."""
    kind: Kind
    title: str
    weight: int = 1
    """What it is worth where the rule is `weighted`."""
    due_week: int | None = None
    """Study week, counted from 1."""
    due_day: int | None = None
    """Calendar day, counted from 0 on the first day of the intake."""
    counts: bool = True
    """Whether it counts towards completion; the final assessment does not, it comes after the gate."""


class Group(Struct, frozen=True, kw_only=True):
    """Kinds that a completion rule looks at together, such as the live sessions."""

    name: str
    kinds: frozenset[Kind]
    share: Fraction | None = None
    """The part of completion that is shared equally by the components of the group; where the rule is `shares`."""


class CompletionRule(Struct, frozen=True, kw_only=True):
    """How completion is measured, and how much of it is the gate."""

    threshold: Fraction
    """Above 0, at most 1."""
    measure: Measure = "counted"
    """`counted`: components are equal; `weighted`: by their weight; `shares`: by the share of their group."""
    groups: tuple[Group, ...] = ()
    each_group: bool = False
    """Whether the threshold must be reached in each group too, such as in live sessions and in self-study."""


class AssessmentRule(Struct, frozen=True, kw_only=True):
    """How often and how long a participant may sit the final assessment."""

    attempts: int
    window_days: int
    """Days from the opening of an attempt to its close."""
    word_limit: int | None = None


class Programme(Struct, frozen=True, kw_only=True, dict=True):
    """A paced programme of a lead provider, in one generation of its rules."""

    id: str
    """`<catalogue file>/<code>`, such as `ambition-2024/npqsl`."""
    title: str
    code: str
    provider: str
    generation: str
    course: CourseIdentifier | None = None
    """DfE's identifier; None for what DfE's service does not know."""
    months: int
    calendar: CalendarName
    components: tuple[Component, ...]
    """In the order in which they are due."""
    completion: CompletionRule
    assessment: AssessmentRule | None = None
    """None when nothing is passed or failed."""

    @cached_property
    def points(self) -> Mapping[str, int]:
        """What each counting component is worth, by id: completion is the points done over `total_points`, exactly."""
        worth = {component.id: self._worth(component) for component in self.components if component.counts}
        scale = lcm(*(each.denominator for each in worth.values()))
        return MappingProxyType({id_: int(each * scale) for id_, each in worth.items()})

    @cached_property
    def total_points(self) -> int:
        """The points of everything that counts."""
        return sum(self.points.values())

    @cached_property
    def gate_points(self) -> int | None:
        """The points with which the gate is reached; None where each group must reach it too."""
        if self.completion.each_group:
            return None
        threshold = self.completion.threshold
        return -(-self.total_points * threshold.numerator // threshold.denominator)

    def component(self, component_id: str) -> Component | None:
        """The component with this id, or None when the programme has no such component."""
        return self._by_id.get(component_id)

    def group_of(self, component: Component) -> Group | None:
        """The group of the completion rule that the component is in, if any."""
        return next((group for group in self.completion.groups if component.kind in group.kinds), None)

    def completion_of(self, done: Collection[str]) -> Fraction:
        """How much of the programme these components are, from 0 to 1; ids that do not count add nothing."""
        return Fraction(sum(self.points[each] for each in self.points.keys() & done), self.total_points)

    def gate_reached(self, done: Collection[str]) -> bool:
        """Whether the threshold is reached with these components: overall, and in each group where the rule says so."""
        return self._missing(done) == 0

    def missing_for_gate(self, done: Collection[str]) -> Fraction:
        """The points that are missing for the gate: overall, or in all groups together where that is more."""
        return Fraction(self._missing(done), self.completion.threshold.denominator)

    @cached_property
    def _by_id(self) -> Mapping[str, Component]:
        return {component.id: component for component in self.components}

    @cached_property
    def _group_sizes(self) -> Mapping[str, int]:
        return {
            group.name: sum(each.counts and each.kind in group.kinds for each in self.components)
            for group in self.completion.groups
        }

    @cached_property
    def _gates(self) -> tuple[tuple[Mapping[str, int], int], ...]:
        """What must reach the threshold: everything, and each group where the rule says so.

        Each with its points by component, and the points it requires times the denominator of the threshold.
        """
        groups = self.completion.groups if self.completion.each_group else ()
        of_groups = (
            {each.id: self.points[each.id] for each in self.components if each.counts and each.kind in group.kinds}
            for group in groups
        )
        return tuple(
            (part, self.completion.threshold.numerator * sum(part.values())) for part in (self.points, *of_groups)
        )

    def _worth(self, component: Component) -> Fraction:
        """What a counting component is worth next to the others."""
        if self.completion.measure == "counted":
            return Fraction(1)
        if self.completion.measure == "weighted":
            return Fraction(component.weight)
        group = self.group_of(component)
        if group is None or group.share is None:
            return Fraction(0)
        return group.share / self._group_sizes[group.name]

    def _missing(self, done: Collection[str]) -> int:
        """`missing_for_gate`, times the denominator of the threshold: a whole number."""
        denominator = self.completion.threshold.denominator
        overall, *groups = (
            max(0, required - denominator * sum([part[each] for each in done if each in part]))
            for part, required in self._gates
        )
        return max(overall, sum(groups))


def last_week(months: int, calendar: CalendarName) -> int:
    """The last study week in which something can be due in a programme of so many months."""
    if calendar == "school-terms":
        return months * STUDY_WEEKS_A_YEAR // _MONTHS_A_YEAR
    return -(-last_day(months) // _DAYS_A_WEEK)


def last_day(months: int) -> int:
    """The last day, counted from 0, on which something can be due; generous by the length of short months."""
    return months * _DAYS_OF_LONGEST_MONTH - 1
