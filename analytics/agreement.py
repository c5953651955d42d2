"""Holds the models against the projections: two independent accounts of the same facts, which must agree row by row."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Any, Final

from duckdb import DuckDBPyConnection

from analytics.models import need
from learning.errors import EngagementError

_BY_FACTS: Final = (
    "participant",
    "programme",
    "intake",
    "provider",
    "partner",
    "cohort",
    "schedule",
    "enrolled_on",
    "points",
    "points_total",
    "completion",
    "gate_reached",
    "components_done",
    "last_activity_at",
)
"""What follows from the facts alone, as the projection `enrolment_progress` calls it."""

_BY_THE_DAY: Final = ("status", "status_since", "status_reason")
"""What depends on the day as which begins is measured, too."""

_ROWS: Final = """
SELECT
    enrolment.enrolment, participant, programme, intake, provider, partner, cohort, schedule, enrolled_on,
    points, points_total, completion, gate_reached, components_done, last_active_at AS last_activity_at,
    status, status_since, status_reason
FROM fact_completion
JOIN dim_enrolment AS enrolment USING (enrolment_no)
ORDER BY enrolment.enrolment
"""
_AT_ONCE: Final = 10_000


class AgreementError(EngagementError):
    """The models and the projections differ about an enrolment."""


def check_completion(connection: DuckDBPyConnection, rows: Iterable[Mapping[str, Any]]) -> int:
    """Compare the models with what the projection `enrolment_progress` says; answer how many rows agree: all.

    Args:
        connection: The models, over the same facts.
        rows: Rows of the projection in the order of the enrolments' ids (of their bytes). A row that has `as_of` is
            compared by its status too, where that is the day that the models are measured as of.

    Raises:
        AgreementError: Naming the first enrolment that differs, and in what.
    """
    need(connection, "dim_time", "dim_enrolment", "fact_completion")
    [(day,)] = connection.execute("SELECT as_of FROM dim_time").fetchall()
    compared = 0
    ours = _fetched(connection)
    for theirs in rows:
        compared += 1
        _check(next(ours, None), theirs, day)
    if (left := next(ours, None)) is not None:
        raise AgreementError(f"enrolment {left['enrolment']} is in the lake and not in the projections; {_REMEDY}")
    return compared


_REMEDY: Final = "run `engagement rebuild`, and tell us if it says so again"


def _fetched(connection: DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """The rows of the models. While they are fetched the connection is not used otherwise."""
    found = connection.execute(_ROWS)
    names = [name for name, *_ in found.description]
    chunks = iter(lambda: found.fetchmany(_AT_ONCE), [])
    return (dict(zip(names, row, strict=True)) for row in chain.from_iterable(chunks))


def _check(ours: Mapping[str, Any] | None, theirs: Mapping[str, Any], day: date) -> None:
    enrolment = theirs["enrolment"]
    if ours is None or ours["enrolment"] > enrolment:
        raise AgreementError(f"enrolment {enrolment} is in the projections and not in the lake; {_REMEDY}")
    if ours["enrolment"] < enrolment:
        raise AgreementError(f"enrolment {ours['enrolment']} is in the lake and not in the projections; {_REMEDY}")
    names = (*_BY_FACTS, *_BY_THE_DAY) if theirs.get("as_of") == day else _BY_FACTS
    for name in names:
        if ours[name] != theirs[name]:
            raise AgreementError(
                f"enrolment {enrolment}: {name} is {ours[name]} in the lake and {theirs[name]} in the projections; "
                f"{_REMEDY}"
            )
