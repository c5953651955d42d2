"""What every word and figure on the pages means, told by the code that makes them, and how accessible the pages are."""

import sys
from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from analytics.questions.registry import QUESTIONS
from dashboard.api.cohort_models import Counted
from dashboard.api.enrolment_models import Enrolment
from dashboard.pages.at_risk import thresholds
from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import Anybody, SignedIn
from dashboard.visitors import parts_of
from dashboard.wording import words
from learning.signals import SIGNALS

router = APIRouter(include_in_schema=False)

STATUSES: Final = (
    ("active", "Studies now. Only active enrolments have a level of risk."),
    ("deferred", "Pauses, as was granted. The clock of the plan stops until they are back."),
    ("withdrawn", "Has left before completing; holds from its effective date once the delivery partner signs it off."),
    ("completed", "Has passed the assessment, or where nothing is assessed has reached the gate."),
)
STAGES: Final = (
    ("raised", "Nobody has done anything about the flag yet."),
    ("acknowledged", "Somebody has seen it and takes care of it."),
    ("contacted", "Somebody has tried to reach the participant since it was raised."),
    ("improving", "Somebody sees the participant improving."),
    (
        "withdrawal-recommended",
        "Staff recommend a withdrawal. Nothing changes until the delivery partner signs it off.",
    ),
    (
        "withdrawal-objected",
        "The delivery partner does not agree with a recommended withdrawal: the participant goes on.",
    ),
    ("withdrawal-signed-off", "The delivery partner has signed the withdrawal off."),
    ("deferred", "A deferral was approved."),
)
_OF_ONE: Final = (
    *("completion", "expected", "lag_weeks", "gate_reached", "deadline", "pace", "pace_needed", "forecast"),
    *("next_due", "next_due_on", "last_activity_at", "contacted_at", "attempts_left", "outcome", "since"),
)
_OF_MANY: Final = (
    *("enrolled", "flagged", "not_assessed", "completion_ratio", "expected_ratio", "gate_reached", "mean_lag_weeks"),
)
_ASKED: Final = (
    *("completion-curve", "where-they-stop", "survival", "gate-forecast"),
    *("partners", "timeliness", "milestones"),
)
"""The questions whose answers are on pages."""


@router.get("/definitions")
def definitions(request: Request, rows: Rows, _: SignedIn) -> Response:  # noqa: ARG001 - it finds the day of the policy
    """Statuses, levels, signals with the thresholds in force, and figures."""
    as_of = request.state.freshness.as_of
    policy = None if as_of is None else parts_of(request).rulebook().policies.on(as_of)
    return render(
        request,
        "definitions.html",
        title="Definitions",
        statuses=[(words(status), meaning) for status, meaning in STATUSES],
        stages=[(words(stage), meaning) for stage, meaning in STAGES],
        policy=policy,
        thresholds=[] if policy is None else list(thresholds(policy)),
        signals=[(each.title, each.measures) for each in SIGNALS.values()],
        of_one=list(_fields(Enrolment, _OF_ONE)),
        of_many=list(_fields(Counted, _OF_MANY)),
        questions=list(_questions()),
    )


@router.get("/accessibility")
def accessibility(request: Request, _: Anybody) -> Response:
    """The accessibility statement."""
    return render(request, "accessibility.html", title="Accessibility statement")


def _fields(model: type[BaseModel], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        yield _name(name), (model.model_fields[name].description or "").replace("`", "")


def _questions() -> Iterator[dict[str, Any]]:
    """Each with its purpose and what the columns of its answer mean."""
    for name in _ASKED:
        question = QUESTIONS[name]
        columns = sys.modules[question.load().__module__].COLUMNS
        rows = [(_name(column), meaning.replace("`", "")) for column, meaning in columns.items()]
        yield {
            "name": words(name),
            "purpose": question.purpose,
            "table": {"columns": ["Figure", "Meaning"], "rows": rows},
        }


def _name(column: str) -> str:
    return column.replace("_", " ").capitalize()
