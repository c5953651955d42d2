"""Assessment attempts: how many are left, which were lost and why, and what came of them.

The rules are a lead provider's on top of DfE's pass or fail: missing the gate by the deadline without having asked
for a deferral by then costs one attempt; being entered and not submitting costs one, unless extenuating circumstances
were granted for it; a failed attempt is spent.
"""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from learning.calendar import uk_day
from learning.catalogue import AssessmentRule
from learning.codes import Outcome
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    DeferralRequested,
    ExtenuatingCircumstancesGranted,
)
from learning.progress import Noted


class Attempts(Struct, frozen=True, kw_only=True):
    """Where an enrolment stands with its assessment."""

    left: int
    lost: tuple[str, ...] = ()
    """Why each attempt that is gone is gone, in plain words."""
    outcome: Outcome | None = None
    """Of the attempt marked last."""
    decided_on: date | None = None
    """The day (UK) of that mark."""

    @property
    def final(self) -> bool:
        """Passed, or failed with no attempt left."""
        return self.outcome == "passed" or (self.outcome == "failed" and self.left == 0)


def attempts(
    rule: AssessmentRule, life: Iterable[Noted], *, deadline: date, gate_in_time: bool, day: date | None
) -> Attempts:
    """Count attempts as they stand when `day` begins (None: no day has passed, so nothing was missed yet)."""
    noted = list(life)
    submitted = {each.data.attempt for each in noted if isinstance(each.data, AssessmentSubmitted)}
    excused = {each.data.attempt for each in noted if isinstance(each.data, ExtenuatingCircumstancesGranted)}
    marks = {each.data.attempt: each for each in noted if isinstance(each.data, AssessmentMarked)}
    lost: dict[int, str] = {}
    for each in noted:
        data = each.data
        if isinstance(data, AssessmentEntered) and day is not None and data.closes < day:
            lost[data.attempt] = f"attempt {data.attempt} was entered and not submitted by {data.closes}"
    for attempt in submitted | excused | marks.keys():
        lost.pop(attempt, None)
    for attempt, mark in marks.items():
        if isinstance(mark.data, AssessmentMarked) and mark.data.outcome == "failed":
            lost[attempt] = f"attempt {attempt} was failed"
    reasons = [lost[attempt] for attempt in sorted(lost)]
    if day is not None and day > deadline and not gate_in_time and not asked_to_defer(noted, deadline):
        reasons.insert(0, f"the gate was not reached by {deadline} and no deferral was asked for by then")
    last = max(marks.values(), key=lambda mark: (mark.time, mark.recordedtime), default=None)
    return Attempts(
        left=max(0, rule.attempts - len(reasons)),
        lost=tuple(reasons),
        outcome=last.data.outcome if last and isinstance(last.data, AssessmentMarked) else None,
        decided_on=uk_day(last.time) if last else None,
    )


def asked_to_defer(life: Iterable[Noted], by: date) -> bool:
    """Whether a deferral was asked for on or before a day (UK time)."""
    return any(isinstance(each.data, DeferralRequested) and uk_day(each.time) <= by for each in life)
