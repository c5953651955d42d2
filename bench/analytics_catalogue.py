"""The catalogue and DfE's dates, which no fact says, as the tables that pandas and polars are given."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from learning.codes import COURSE_GROUPS
from learning.curriculum import Curriculum
from learning.milestones import MilestoneTable
from learning.milestones import milestones as newest_milestones
from learning.plan import Plan, start_of
from learning.programme import LIVE_KINDS, Programme

_DAY: Final = timedelta(days=1)
_Row = dict[str, Any]


class Catalogue(NamedTuple):
    """Programmes, plans and milestones, a row each as a dictionary."""

    programmes: Sequence[_Row]
    components: Sequence[_Row]
    plans: Sequence[_Row]
    weeks: Sequence[_Row]
    """The end of each study week of each plan; instants without a zone, in UTC."""
    due: Sequence[_Row]
    milestones: Sequence[_Row]
    """When declarations are due, by intake and DfE's course group."""

    @classmethod
    def of(cls, curriculum: Curriculum, in_use: Iterable[tuple[str, str]]) -> "Catalogue":
        """The plans of these programmes and intakes."""
        plans = [curriculum.plan(*key) for key in sorted(set(in_use))]
        programmes = {plan.programme.id: plan.programme for plan in plans}.values()
        return cls(
            programmes=[_programme(each) for each in programmes],
            components=[row for each in programmes for row in _components(each)],
            plans=[
                {**_key(plan), "starts_on": plan.intake.start, "deadline": plan.deadline, "plan_weeks": plan.weeks}
                for plan in plans
            ],
            weeks=[row for plan in plans for row in _weeks(plan)],
            due=[row for plan in plans for row in _due(plan)],
            milestones=list(_milestones(newest_milestones(), sorted({plan.intake.id for plan in plans}))),
        )


def _key(plan: Plan) -> _Row:
    return {"programme": plan.programme.id, "intake": plan.intake.id}


def _programme(programme: Programme) -> _Row:
    return {
        "programme": programme.id,
        "course": programme.course or programme.id,
        "course_group": COURSE_GROUPS.get(programme.course) if programme.course else None,
        "points_total": programme.total_points,
        "gate_points": programme.gate_points,
        "threshold": float(programme.completion.threshold),
        "components_total": len(programme.points),
        "attempts": programme.assessment.attempts if programme.assessment else 0,
    }


def _components(programme: Programme) -> Iterator[_Row]:
    for position, component in enumerate(programme.components):
        yield {
            "programme": programme.id,
            "component": component.id,
            "kind": component.kind,
            "live": component.kind in LIVE_KINDS,
            "position": position,
            "counts": component.counts,
            "points": programme.points.get(component.id, 0),
        }


def _weeks(plan: Plan) -> Iterator[_Row]:
    ends = (plan.intake.start - _DAY, *plan.week_ends)
    for week, (end, points) in enumerate(zip(ends, plan.week_points, strict=True)):
        ended_at = start_of(end + _DAY).replace(tzinfo=None)
        yield {**_key(plan), "week": week, "ends_on": end, "ended_at": ended_at, "due": points}


def _due(plan: Plan) -> Iterator[_Row]:
    for component in plan.programme.components:
        yield {**_key(plan), "component": component.id, "due_on": plan.due_day(component)}


def _milestones(table: MilestoneTable, intakes: Iterable[str]) -> Iterator[_Row]:
    """By intake and group in the order of their deadlines, with the first day that DfE accepts for the intake."""
    for intake in intakes:
        for group, dates in table.by_intake.get(intake, {}).items():
            for place, each in enumerate(dates):
                yield {
                    "intake": intake,
                    "course_group": group,
                    "milestone": each.declaration_type,
                    "place": place,
                    "window_start": each.window_start,
                    "deadline": each.deadline,
                    "opens": dates[0].window_start,
                }
