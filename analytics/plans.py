"""The catalogue as tables for SQL: programmes, components, gates, and the plans of those intakes that are in use."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import accumulate
from typing import Any, Final

from duckdb import DuckDBPyConnection

from analytics.tables import create_table
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.plan import Plan, start_of
from learning.programme import LIVE_KINDS, Programme

_DAY = timedelta(days=1)
_Row = tuple[Any, ...]

_TYPES: Final[dict[str, dict[str, str]]] = {
    "programme": {
        "programme_no": "USMALLINT",
        "programme": "VARCHAR",
        "title": "VARCHAR",
        "points_total": "INTEGER",
        "gate_points": "INTEGER",
        "threshold": "DOUBLE",
        "assessed": "BOOLEAN",
        "attempts": "INTEGER",
        "months": "INTEGER",
        "components_total": "INTEGER",
    },
    "component": {
        "programme": "VARCHAR",
        "component": "component_code",
        "title": "VARCHAR",
        "kind": "component_kind",
        "live": "BOOLEAN",
        "position": "INTEGER",
        "counts": "BOOLEAN",
        "points": "INTEGER",
    },
    "gate": {"programme_no": "USMALLINT", "gate": "UTINYINT", "needed": "INTEGER", "gates": "INTEGER"},
    "gate_component": {
        "programme_no": "USMALLINT",
        "gate": "UTINYINT",
        "component": "component_code",
        "points": "INTEGER",
        "dispensable": "INTEGER",
    },
    "plan": {
        "programme": "VARCHAR",
        "intake": "VARCHAR",
        "starts_on": "DATE",
        "weeks": "INTEGER",
        "deadline": "DATE",
    },
    "week": {
        "programme": "VARCHAR",
        "intake": "VARCHAR",
        "week": "INTEGER",
        "ends_on": "DATE",
        "ended_at": "TIMESTAMPTZ",
        "expected": "DOUBLE",
    },
    "due": {
        "programme": "VARCHAR",
        "intake": "VARCHAR",
        "component": "component_code",
        "due_on": "DATE",
        "week": "INTEGER",
    },
}


def create_catalogue(connection: DuckDBPyConnection, curriculum: Curriculum, in_use: Iterable[tuple[str, str]]) -> None:
    """Make the tables of schema `input` that the catalogue fills.

    Args:
        connection: One with the types `component_code` and `component_kind`, and the schema.
        curriculum: The programmes and intakes.
        in_use: Programme and intake of everybody, at least; pairs that the curriculum does not know get no plan.
    """
    programmes = list(curriculum.programmes.values())
    plans = list(_plans(curriculum, in_use))
    rows: dict[str, Iterable[_Row]] = {
        "programme": [(number, *_programme_row(each)) for number, each in enumerate(programmes)],
        "component": [row for each in programmes for row in _component_rows(each)],
        "gate": [(number, *row) for number, each in enumerate(programmes) for row in _gate_rows(each)],
        "gate_component": [
            (number, *row) for number, each in enumerate(programmes) for row in _gate_component_rows(each)
        ],
        "plan": [(*key, plan.intake.start, plan.weeks, plan.deadline) for key, plan in plans],
        "week": [(*key, *row) for key, plan in plans for row in _week_rows(plan)],
        "due": [(*key, *row) for key, plan in plans for row in _due_rows(plan)],
    }
    for name, some in rows.items():
        create_table(connection, name, _TYPES[name], some)


def _plans(curriculum: Curriculum, in_use: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Plan]]:
    for key in in_use:
        with suppress(UnknownProgrammeError):  # facts may name what no catalogue file has (yet)
            yield key, curriculum.plan(*key)


def _programme_row(programme: Programme) -> _Row:
    return (
        programme.id,
        programme.title,
        programme.total_points,
        programme.gate_points,
        float(programme.completion.threshold),
        programme.assessment is not None,
        programme.assessment.attempts if programme.assessment else None,
        programme.months,
        len(programme.points),
    )


def _component_rows(programme: Programme) -> Iterator[_Row]:
    for position, component in enumerate(programme.components):
        yield (
            programme.id,
            component.id,
            component.title,
            component.kind,
            component.kind in LIVE_KINDS,
            position,
            component.counts,
            programme.points.get(component.id, 0),
        )


def _gates(programme: Programme) -> list[tuple[int, dict[str, int]]]:
    """The parts of the gate: what each needs, and the points of its components.

    The first is everything that counts; where each group of kinds must reach the threshold too, the others are they.
    """
    parts = [dict(programme.points)]
    if programme.completion.each_group:
        kinds = {each.id: each.kind for each in programme.components}
        groups = programme.completion.groups
        parts += [{id_: each for id_, each in parts[0].items() if kinds[id_] in group.kinds} for group in groups]
    threshold = programme.completion.threshold
    needed = [-(-sum(part.values()) * threshold.numerator // threshold.denominator) for part in parts]
    return [(least, part) for least, part in zip(needed, parts, strict=True) if least > 0]


def _gate_rows(programme: Programme) -> Iterator[_Row]:
    gates = _gates(programme)
    for gate, (needed, _) in enumerate(gates):
        yield gate, needed, len(gates)


def _gate_component_rows(programme: Programme) -> Iterator[_Row]:
    for gate, (needed, part) in enumerate(_gates(programme)):
        dispensable = _dispensable(part.values(), sum(part.values()) - needed)
        for component, points in part.items():
            yield gate, component, points, dispensable


def _dispensable(points: Iterable[int], spare: int) -> int:
    """How many components may be missing at most when no more points than these are."""
    return sum(missing <= spare for missing in accumulate(sorted(points)))


def _week_rows(plan: Plan) -> Iterator[_Row]:
    ends = (plan.intake.start - _DAY, *plan.week_ends)
    for week, (end, points) in enumerate(zip(ends, plan.week_points, strict=True)):
        yield week, end, start_of(end + _DAY), points / plan.programme.total_points


def _due_rows(plan: Plan) -> Iterator[_Row]:
    for component in plan.programme.components:
        due = plan.due_day(component)
        yield component.id, due, min(bisect_left(plan.week_ends, due) + 1, plan.weeks)
