"""What pandas and polars begin with: the facts as they load them, and the catalogue, which no fact says, as tables."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import pandas as pd

from eventlog.lake.lake import relation
from learning.curriculum import Curriculum
from learning.plan import start_of
from learning.programme import LIVE_KINDS

PROGRAMME: Final = "ambition-2024/npqsl"
"""Where they stop is asked of one programme."""

TEXTS: Final = (
    *("enrolment", "type", "programme", "intake", "provider", "partner", "cohort", "component"),
    *("attendance", "reason", "outcome"),
)
"""Columns of few different texts: loaded as categories, as one does to fit ten million rows into memory."""

OTHERS: Final = ("happened_at", "recorded_at", "attempt", "effective", "closes", "banked", "day")

WORDS: Final = ("absent", "attended", "banked", "caught-up", "completed", "reopened", "submitted")
"""What can be said of a component, in the order that settles ties."""

UNDONE: Final = ("absent", "reopened")
REGISTER: Final = ("attended", "absent", "caught-up")

ABOUT_COMPONENTS: Final = {
    "learning.component-completed.v1": "completed",
    "learning.component-reopened.v1": "reopened",
    "learning.assessment-submitted.v1": "submitted",
}


class Catalogue(NamedTuple):
    """Programmes and plans, a row each as a dictionary."""

    programmes: Sequence[dict[str, Any]]
    components: Sequence[dict[str, Any]]
    plans: Sequence[dict[str, Any]]
    weeks: Sequence[dict[str, Any]]
    """The end of each study week of each plan; instants without a zone, in UTC."""
    due: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, curriculum: Curriculum, in_use: Iterable[tuple[str, str]]) -> "Catalogue":
        """The plans of these programmes and intakes."""
        keys = sorted(set(in_use))
        plans = [(key, curriculum.plan(*key)) for key in keys]
        programmes = {plan.programme.id: plan.programme for _, plan in plans}
        day = timedelta(days=1)
        return cls(
            programmes=[
                {
                    "programme": id_,
                    "course": each.course or id_,
                    "points_total": each.total_points,
                    "gate_points": each.gate_points,
                    "components_total": len(each.points),
                    "attempts": each.assessment.attempts if each.assessment else 0,
                }
                for id_, each in programmes.items()
            ],
            components=[
                {
                    "programme": id_,
                    "component": component.id,
                    "kind": component.kind,
                    "live": component.kind in LIVE_KINDS,
                    "position": position,
                    "counts": component.counts,
                    "points": each.points.get(component.id, 0),
                }
                for id_, each in programmes.items()
                for position, component in enumerate(each.components)
            ],
            plans=[
                {"programme": key[0], "intake": key[1], "starts_on": plan.intake.start, "deadline": plan.deadline}
                for key, plan in plans
            ],
            weeks=[
                {
                    "programme": key[0],
                    "intake": key[1],
                    "week": week,
                    "ends_on": end,
                    "ended_at": start_of(end + day).replace(tzinfo=None),
                    "due": points,
                }
                for key, plan in plans
                for week, (end, points) in enumerate(
                    zip((plan.intake.start - day, *plan.week_ends), plan.week_points, strict=True)
                )
            ],
            due=[
                {
                    "programme": key[0],
                    "intake": key[1],
                    "component": component.id,
                    "week": min(bisect_left(plan.week_ends, plan.due_day(component)) + 1, plan.weeks),
                }
                for key, plan in plans
                for component in plan.programme.components
            ],
        )


def plans_in_use(files: list[Path]) -> set[tuple[str, str]]:
    """Programme and intake of everybody, before and after transfers."""
    query = f"""
        WITH said AS (SELECT enrolment, programme, intake FROM {relation(files)} WHERE intake IS NOT NULL)
        SELECT DISTINCT enrolled.programme, said.intake
        FROM said JOIN said AS enrolled ON enrolled.enrolment = said.enrolment AND enrolled.programme IS NOT NULL"""
    with duckdb.connect() as connection:
        return set(connection.execute(query).fetchall())


def load_pandas(files: list[Path]) -> pd.DataFrame:
    """The facts as pandas has them: texts as categories, enrolments as numbers, instants in UTC without a zone.

    DuckDB reads the files, since pandas cannot without yet another library.
    """
    columns = ", ".join((*TEXTS, *_plain_columns()))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE fact AS SELECT {columns} FROM {relation(files)}")
        for name in TEXTS:
            words = f"SELECT DISTINCT {name} FROM fact WHERE {name} IS NOT NULL ORDER BY 1"
            connection.execute(f"CREATE TYPE {name}_code AS ENUM ({words})")
        coded = ", ".join(f"{name}::{name}_code AS {name}" for name in TEXTS)
        frame = connection.execute(f"SELECT {coded}, {', '.join(OTHERS)} FROM fact").df()
    return frame.assign(enrolment=frame["enrolment"].cat.codes)


def _plain_columns() -> list[str]:
    instants = ("happened_at", "recorded_at")
    return [f"{name}::TIMESTAMP AS {name}" if name in instants else name for name in OTHERS]
