"""`engagement cohort` and `engagement partners`: completion by programme and intake, and by delivery partner."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection
from typer import Context

from engagement import output
from engagement.filters import Intake, Partner, Programme
from engagement.output import AsJson, figures, percent
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from projections.cohort_completion import cohorts as cohort_rows
from projections.partner_summary import partners as partner_rows

COUNTS = figures(
    "Enrolled",
    "Active",
    "Deferred",
    "Withdrawn",
    "Completed",
    "Completion",
    "Plan",
    "At gate",
    "Submitted",
    "Mean lag",
)
"""Headings of `counts`."""

OF_COUNTS = "(mean lag of the active, in study weeks)"
"""What the headings do not say."""

_Query = Callable[[Connection, Mapping[str, str]], list[dict[str, Any]]]


def cohort(
    context: Context,
    programme: Programme = None,
    intake: Intake = None,
    partner: Partner = None,
    as_json: AsJson = False,
) -> None:
    """Show each programme and intake: how many are where, and how much is completed beside the plan.

    Completion and plan are of all who have not withdrawn. The plan stops for who has completed or deferred: it counts
    what was due on that day. The lag is in study weeks and of the active.
    """
    rows = _rows(context.obj, cohort_rows, programme=programme, intake=intake, partner=partner)
    if as_json:
        output.json(rows)
    elif rows:
        cells = [(row["programme"], row["intake"], *counts(row)) for row in rows]
        output.table(f"Cohorts {OF_COUNTS}", ["Programme", "Intake", *COUNTS], cells, keys=2)


def partners(
    context: Context,
    programme: Programme = None,
    intake: Intake = None,
    partner: Partner = None,
    as_json: AsJson = False,
) -> None:
    """Show each delivery partner: how many are where, how much is completed, and how many are behind their plan.

    The figures are made as those of `engagement cohort`; only the active are counted as behind their plan.
    """
    rows = _rows(context.obj, partner_rows, programme=programme, intake=intake, partner=partner)
    if as_json:
        output.json(rows)
    elif rows:
        cells = [(row["partner"], *counts(row), row["behind_plan"]) for row in rows]
        output.table(f"Delivery partners {OF_COUNTS}", ["Partner", *COUNTS, *figures("Behind plan")], cells)


def counts(row: Mapping[str, Any]) -> tuple[object, ...]:
    """The cells that every group of enrolments has."""
    return (
        *(row[each] for each in ("enrolled", "active", "deferred", "withdrawn", "completed")),
        percent(row["completion_ratio"]),
        percent(row["expected_ratio"]),
        row["gate_reached"],
        row["assessments_submitted"],
        row["mean_lag_weeks"],
    )


def _rows(wiring: Wiring, query: _Query, **filters: str | None) -> list[dict[str, Any]]:
    """The groups that match; where there is none, say what could have been meant."""
    wanted = {column: value for column, value in filters.items() if value is not None}
    with wiring.store() as store, store.connect() as connection:
        rows = query(connection, wanted)
        if not rows:
            _explain_nothing(wanted, cohort_rows(connection), partner_rows(connection))
    return rows


def _explain_nothing(wanted: Mapping[str, str], *known: list[dict[str, Any]]) -> None:
    if not wanted:
        output.say("Nobody is enrolled yet; load enrolments with `engagement import`.")
    for column, value in wanted.items():
        values = {row[column] for rows in known for row in rows if column in row}
        if value not in values:
            output.say(f"Nobody is enrolled with {column} {value}{did_you_mean(value, values) or '.'}")
            return
    if wanted:
        output.say(f"Nobody is enrolled with {' and '.join(f'{column} {value}' for column, value in wanted.items())}.")
