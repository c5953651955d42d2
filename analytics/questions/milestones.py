"""How many of the declarations that DfE counts on have evidence in time, for every milestone of intakes and groups.

The rules are those of `learning.declarations`, asked once for all enrolments that they cannot tell apart
(`milestone_cases`).
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import percent
from analytics.questions.milestone_cases import Alike, alike, state_like
from learning.curriculum import Curriculum
from learning.declarations import Readiness, readiness
from learning.milestones import MilestoneTable
from learning.milestones import milestones as newest_milestones
from learning.plan import start_of

_EVERYBODY: Final = Filters()

COLUMNS: Final = {
    "intake": "intake",
    "course_group": "DfE's course group: leadership, specialist, ehco or support",
    "milestone": "declaration that is due: started, retained-1, retained-2 or completed",
    "window_start": "first day of the milestone period; empty where its dates are not published yet",
    "deadline": "last day of the milestone period; empty likewise",
    "enrolments": "enrolments of the intake and course group",
    "expected": "of these, enrolments whose declaration DfE counts on by now",
    "in_time": "of those expected, enrolments with evidence dated by the deadline",
    "late": "of those expected, enrolments whose evidence is dated after the deadline",
    "without": "of those expected, enrolments without evidence",
    "others": "enrolments with evidence that DfE does not count on: withdrawn, deferred, or without the one before",
    "share_in_time": "in time, of those expected (0 to 1)",
}

_COUNTS: Final = ("enrolments", "expected", "in_time", "late", "without", "others")
_DAY: Final = timedelta(days=1)
_MOST_BARS: Final = 12

_RULES: Final = (
    (
        "DfE counts on `started` of everybody, and on the others of who is active and has evidence for the one before, "
        "from the day on which the window opens."
    ),
    (
        "Evidence is a component completed, attended, caught up on or handed in; a visit is none. Evidence for "
        "`completed` is the outcome of the assessment. What was sent to DfE is not known here."
    ),
    "The table holds how things stand at the end of the day before the one as of which the connection measures.",
)


def milestones(
    connection: duckdb.DuckDBPyConnection,
    filters: Filters = _EVERYBODY,
    *,
    curriculum: Curriculum | None = None,
    table: MilestoneTable | None = None,
) -> Answer:
    """Expected declarations with and without evidence, per milestone of an intake and course group.

    Args:
        connection: To the models.
        filters: Whose declarations, by where they are now.
        curriculum: The programmes, with DfE's courses; those that come with the product by default.
        table: DfE's dates; the newest by default.
    """
    curriculum, table = curriculum or Curriculum.shipped(), table or newest_milestones()
    need(connection, "dim_time")
    [(as_of,)] = connection.execute("SELECT as_of FROM dim_time").fetchall()
    frame = _frame(alike(connection, filters, curriculum, table), curriculum, table, as_of - _DAY)
    return Answer(
        question="milestones",
        finding=_finding(frame, as_of - _DAY),
        frame=frame,
        columns=COLUMNS,
        people=_COUNTS,
        groups=("intake", "course_group"),
        notes=(f"DfE's dates as published on {table.published}.", *_RULES),
        chart=_chart(frame),
    )


def _frame(found: Iterable[Alike], curriculum: Curriculum, table: MilestoneTable, day: date) -> pd.DataFrame:
    counts: dict[tuple[Any, ...], dict[str, int]] = {}
    for alike_ones in found:
        key = alike_ones.key
        for each in readiness(state_like(alike_ones, curriculum, day), curriculum, table, day):
            place = (key.intake, key.group, each.declaration_type, each.window_start, each.deadline)
            count = counts.setdefault(place, dict.fromkeys(_COUNTS, 0))
            for name in ("enrolments", *_counted(each)):
                count[name] += alike_ones.enrolments
    places = sorted(counts, key=lambda place: (place[0], place[1], place[4] or date.max))
    frame = pd.DataFrame([(*place, *counts[place].values()) for place in places], columns=list(COLUMNS)[:-1])
    return frame.assign(share_in_time=frame["in_time"].astype(float) / frame["expected"].where(frame["expected"] > 0))


def _counted(each: Readiness) -> Iterator[str]:
    """The columns in which a declaration counts."""
    if not each.expected:
        if each.declaration_date is not None:
            yield "others"
        return
    yield "expected"
    if each.declaration_date is None:
        yield "without"
    elif each.deadline is not None and each.declaration_date >= start_of(each.deadline + _DAY):
        yield "late"
    else:
        yield "in_time"


def _finding(frame: pd.DataFrame, day: date) -> str:
    over = frame[frame["deadline"].map(lambda deadline: deadline is not None and deadline <= day).astype(bool)]
    expected = int(over["expected"].sum())
    if not expected:
        return "DfE counts on no declaration whose deadline has passed, as far as its dates are published."
    whole = f"{over['in_time'].sum():,} of {expected:,} declarations whose deadline has passed have evidence in time"
    share = percent(over["in_time"].sum() / expected)
    most = over.iloc[int(over["without"].argmax())]
    if not most["without"]:
        return f"{whole} ({share}); none is without evidence."
    return (
        f"{whole} ({share}); most is missing for {most['milestone']} of {most['intake']} ({most['course_group']}), "
        f"where {most['without']:,} of {most['expected']:,} have none."
    )


def _chart(frame: pd.DataFrame) -> Chart | None:
    shown = frame[frame["expected"] > 0].tail(_MOST_BARS)
    if shown.empty:
        return None
    categories = [f"{row.intake} {row.course_group} {row.milestone}" for row in shown.itertuples()]
    values = tuple((shown[name] / shown["expected"]).tolist() for name in ("in_time", "late", "without"))
    bars = Bars(categories=categories, labels=("In time", "Late", "Without evidence"), values=values)
    return Chart(x_title="Milestone", y_title="Declarations that DfE counts on", bars=bars)
