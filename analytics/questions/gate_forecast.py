"""How many reach the completion gate by the deadline, judged by what became of people who once stood where they stand.

Every number is a sum over a group. How chances are made stands in `gate_history`, their intervals in `gate_interval`.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.questions.cohorts import By, percent
from analytics.questions.gate_history import FEWEST, Histories
from analytics.questions.gate_interval import Total, total
from analytics.questions.gate_standing import SHARES, Cell, cells_of, finished_cohorts, week_at

_EVERYBODY: Final = Filters()

COLUMNS: Final = {
    "group": "programme, intake or partner; `all` when groups are not told apart",
    "enrolments": "enrolments before their deadline that have begun and are not withdrawn",
    "reached": "of these, enrolments that have reached the gate",
    "studying": "of these, enrolments that study and have not reached it: those that are forecast",
    "deferred": "of these, enrolments deferred without having reached it: not expected to",
    "by_pace": "of those studying, enrolments without enough history, forecast from their recent pace",
    "expected": "number expected at the gate by the deadline, with those who have reached it",
    "low": "lower edge of the 95 % interval of this number",
    "high": "upper edge of the 95 % interval of this number",
    "expected_share": "expected number as a share of the enrolments (0 to 1)",
    "low_share": "lower edge as a share (0 to 1)",
    "high_share": "upper edge as a share (0 to 1)",
}

_RULES: Final = (
    "Everybody is looked at as of the end of the latest study week of their plan, and only until their deadline.",
    (
        "A chance is the share that reached the gate in time of earlier people of the same programme (of all "
        f"programmes, where they are fewer than {FEWEST}) who were studying after the same share of their weeks "
        "with completion in the same band of ten percentage points. All finished cohorts are history, whatever the"
        " filters."
    ),
    (
        f"Where fewer than {FEWEST} such people are known at all, who would reach the gate at the pace of the last "
        "four study weeks counts as expected, and the interval spans from none to all of them."
    ),
    (
        "The interval takes in chance, the size of the history, and that every cohort may differ from those before it: "
        "by as much as finished cohorts differed from what other intakes said of them (random effects on the log-odds, "
        "Student's t for how few they are). Cohorts of one intake are taken to differ all in the same direction."
    ),
    "Forecasts are about groups; they say nothing of what a single person will do.",
)

_MOST_BARS: Final = 12
_EXPECTED: Final = "Expected, with the 95 % interval"


def gate_forecast(
    connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY, *, by: By | None = None
) -> Answer:
    """The expected number and share at the gate by the deadline, per group, with an interval and its past accuracy.

    Args:
        connection: To the models.
        filters: Who is forecast, by where they are now.
        by: Tell these groups apart.

    Raises:
        QuestionError: Groups are not told apart by this.
    """
    cells = cells_of(connection, filters, by)
    histories = Histories(finished_cohorts(connection))
    groups = _groups([each for each in cells if each[0] is not None], histories)
    frame = pd.DataFrame([_row(each) for each in groups], columns=list(COLUMNS))
    return Answer(
        question="gate-forecast",
        finding=_finding(frame),
        frame=frame,
        columns=COLUMNS,
        people=("enrolments", "reached", "studying", "deferred", "by_pace"),
        groups=("group",),
        notes=(
            *_accuracy([cell for group, cell in cells if group is None], histories),
            *_reservations(groups),
            *_RULES,
        ),
        chart=_chart(frame),
    )


class _Group(NamedTuple):
    """People who are told apart from others, and what is expected of them."""

    name: str | None
    cells: list[Cell]
    found: Total

    def number(self, *names: str) -> int:
        """How many there are of all these kinds."""
        return sum(getattr(cell, name) for cell in self.cells for name in names)


def _groups(cells: list[tuple[str | None, Cell]], histories: Histories) -> list[_Group]:
    told_apart = ((name, [cell for _, cell in pairs]) for name, pairs in groupby(cells, key=lambda pair: pair[0]))
    return [_Group(name, own, total(own, histories)) for name, own in told_apart]


def _row(group: _Group) -> tuple[Any, ...]:
    enrolments, found = group.number("there", "people", "deferred"), group.found
    edges = (found.expected, found.low, found.high)
    counted = (group.number("there"), group.number("people"), group.number("deferred"), found.by_pace)
    return (group.name, enrolments, *counted, *edges, *(each / enrolments for each in edges))


def _reservations(groups: list[_Group]) -> Iterator[str]:
    """Where the interval says less than it seems to."""
    if people := sum(each.found.unbounded for each in groups):
        yield (
            f"For {people:,} of those studying too few cohorts are over to say how much cohorts differ: none to all of "
            "them may make it, and the interval spans all that."
        )
    if people := sum(each.found.of_one_intake for each in groups):
        yield (
            f"For {people:,} of those studying all finished cohorts are of one intake, so how intakes differ is not "
            "known yet: the interval is as wide as for the fewest cohorts, and may still be too narrow."
        )


def _accuracy(cells: list[Cell], histories: Histories) -> Iterator[str]:
    """What the forecast would have said of finished cohorts, with what was known then, and what became of them."""
    if not cells:
        yield "No cohort is over yet, so how good the forecast is cannot be said."
    for share in SHARES:
        then = (cell for cell in cells if cell.week == week_at(share, cell.weeks))
        cohorts = [list(own) for _, own in groupby(then, key=lambda cell: (cell.programme, cell.intake))]
        tried = [_Group(None, own, total(own, histories)) for own in cohorts if any(cell.people for cell in own)]
        for method in ("history", "pace"):
            some = [each for each in tried if _method(each) == method]
            if some:
                yield _told(share, method, some)


def _method(group: _Group) -> str:
    """How most of the people were forecast."""
    return "pace" if group.found.by_pace * 2 > group.number("people") else "history"


def _told(share: float, method: str, cohorts: list[_Group]) -> str:
    errors = [
        (each.found.expected - each.number("there", "reached")) / each.number("there", "people") for each in cohorts
    ]
    people = sum(each.number("people") for each in cohorts)
    brier = sum(each.found.squared_error for each in cohorts) / people
    return (
        f"Tried out after {share * 100:.0f} % of the weeks of {len(cohorts)} finished cohorts, "
        f"by {method} as known then: mean error {np.mean(errors) * 100:+.1f} percentage points (without sign "
        f"{np.mean(np.abs(errors)) * 100:.1f}){_coverage(cohorts) if method == 'history' else ''}, "
        f"Brier score {brier:.3f} over {people:,} people."
    )


def _coverage(cohorts: list[_Group]) -> str:
    """How often the interval held what happened, where there could be one, and how wide it was."""
    bounded = [each for each in cohorts if not each.found.unbounded]
    if not bounded:
        return ", too little known for an interval"
    held = sum(each.found.low <= each.number("there", "reached") <= each.found.high for each in bounded)
    widths = [(each.found.high - each.found.low) / each.number("there", "people") for each in bounded]
    return (
        f", the interval held what happened {held} of {len(bounded)} times and was {np.mean(widths) * 100:.1f} points "
        "wide on average"
    )


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "Nobody who was asked for is on the way to a deadline, so there is nothing to forecast."
    if len(frame) == 1:
        row = frame.iloc[0]
        return (
            f"{row['expected']:,.0f} of {row['enrolments']:,} participants ({percent(row['expected_share'])}) are "
            f"expected to reach the gate by their deadline (95 % interval {percent(row['low_share'])} to "
            f"{percent(row['high_share'])}); {row['reached']:,} have."
        )
    in_order = frame.sort_values("expected_share", kind="stable")
    low, high = in_order.iloc[0], in_order.iloc[-1]
    return (
        f"Between {percent(low['expected_share'])} ({low['group']}) and {percent(high['expected_share'])} "
        f"({high['group']}) are expected to reach the gate by their deadline."
    )


def _chart(frame: pd.DataFrame) -> Chart | None:
    if frame.empty:
        return None
    shown = frame.nsmallest(_MOST_BARS, "expected_share")
    expected, low, high = (shown[f"{name}_share"].tolist() for name in ("expected", "low", "high"))
    bars = Bars(
        categories=shown["group"].tolist(),
        labels=("Reached", _EXPECTED),
        values=((shown["reached"] / shown["enrolments"]).tolist(), expected),
        intervals={_EXPECTED: (low, high)},
    )
    return Chart(x_title="Group", y_title="Participants at the gate by the deadline", bars=bars)
