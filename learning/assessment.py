"""Assessment attempts: how many are left, which were lost and why, and what came of them.

The rules are a lead provider's on top of DfE's pass or fail: missing the gate by the deadline without having asked
for a deferral by then costs one attempt; being entered and not submitting costs one, unless extenuating circumstances
were granted for it; a failed attempt is spent. What was said last of an attempt (its window, its mark) counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from msgspec import Struct

from learning.calendar import uk_day
from learning.catalogue import AssessmentRule
from learning.codes import Outcome
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    Data,
    DeferralRequested,
    Deferred,
    ExtenuatingCircumstancesGranted,
)
from learning.progress import Noted

_Said = Mapping[type[Data], Mapping[int, Noted]]
"""The last word of each type of fact on each attempt, by its number."""


class Attempts(Struct, frozen=True, kw_only=True):
    """Where an enrolment stands with its assessment."""

    left: int
    """Attempts of the rule that are not lost; one that was passed, or waits for its mark, is not lost."""
    lost: tuple[str, ...] = ()
    """Why each attempt that is gone is gone, in plain words."""
    outcome: Outcome | None = None
    """Passed if an attempt was passed, else failed if one was failed."""
    decided_on: date | None = None
    """The day (UK) of the mark that says so."""

    @property
    def final(self) -> bool:
        """Passed, or failed with no attempt left."""
        return self.outcome == "passed" or (self.outcome == "failed" and self.left == 0)


class Window(NamedTuple):
    """A window of days in which work for an attempt is to be handed in, as it was said at a moment."""

    said: datetime
    attempt: int
    opens: date
    closes: date


class Answer(NamedTuple):
    """Something that came of an attempt at a moment: work, a mark, or extenuating circumstances."""

    said: datetime
    attempt: int
    excused: bool


def windows(life: Iterable[Noted]) -> tuple[Window, ...]:
    """Every window that was said, in order."""
    said: Iterable[tuple[datetime, Any]] = ((each.time, each.data) for each in life)
    return tuple(
        Window(when, data.attempt, data.opens, data.closes)
        for when, data in said
        if isinstance(data, AssessmentEntered)
    )


def answers(life: Iterable[Noted]) -> tuple[Answer, ...]:
    """Everything that came of attempts, in order."""
    kinds = AssessmentSubmitted | AssessmentMarked | ExtenuatingCircumstancesGranted
    said: Iterable[tuple[datetime, Any]] = ((each.time, each.data) for each in life)
    return tuple(
        Answer(when, data.attempt, isinstance(data, ExtenuatingCircumstancesGranted))
        for when, data in said
        if isinstance(data, kinds)
    )


def open_window(said: Iterable[Window], came: Iterable[Answer], day: date, before: datetime) -> Window | None:
    """The window that was open on a day and that nothing had come of, by what had happened before an instant."""
    latest = {each.attempt: each for each in said if each.said < before}
    answered = {each.attempt for each in came if each.said < before}
    waiting = (each for each in latest.values() if each.opens <= day <= each.closes and each.attempt not in answered)
    return min(waiting, key=lambda each: each.closes, default=None)


def attempts(
    rule: AssessmentRule, life: Sequence[Noted], *, deadline: date, gate_in_time: bool, day: date | None
) -> Attempts:
    """Count attempts as they stand when `day` begins.

    Args:
        rule: How many there are.
        life: What was noted of the enrolment, in order.
        deadline: The last day on which reaching the gate counts.
        gate_in_time: Whether it was reached by then.
        day: None while no day has started on the log, so that nothing was missed yet.
    """
    said = _said(life)
    lost = _lost(said, day)
    if day is not None and day > deadline and not gate_in_time and not _asked_to_defer(life, deadline):
        lost.insert(0, f"the gate was not reached by {deadline} and no deferral was asked for by then")
    decisive = max(said[AssessmentMarked].values(), key=_weight, default=None)
    return Attempts(
        left=max(0, rule.attempts - len(lost)),
        lost=tuple(lost),
        outcome=_outcome(decisive) if decisive else None,
        decided_on=uk_day(decisive.time) if decisive else None,
    )


def _said(life: Sequence[Noted]) -> _Said:
    said: defaultdict[type[Data], dict[int, Noted]] = defaultdict(dict)
    for each in life:
        attempt = getattr(each.data, "attempt", None)
        if attempt is not None:
            said[type(each.data)][attempt] = each
    return said


def _lost(said: _Said, day: date | None) -> list[str]:
    """Why attempts were lost one by one, in the order of their numbers."""
    lost = {number: "was failed" for number, mark in said[AssessmentMarked].items() if _outcome(mark) == "failed"}
    answered = {*said[AssessmentSubmitted], *said[AssessmentMarked], *said[ExtenuatingCircumstancesGranted]}
    for number, entered in said[AssessmentEntered].items():
        window: Any = entered.data
        if number not in answered and day is not None and window.closes < day:
            lost[number] = f"was entered and not submitted by {window.closes}"
    return [f"attempt {number} {why}" for number, why in sorted(lost.items())]


def _outcome(mark: Noted) -> Outcome:
    data: Any = mark.data
    outcome: Outcome = data.outcome
    return outcome


def _weight(mark: Noted) -> tuple[bool, object, object]:
    """A pass outweighs everything; else the mark given last does."""
    return (_outcome(mark) == "passed", mark.time, mark.recordedtime)


def _asked_to_defer(life: Sequence[Noted], by: date) -> bool:
    """Whether a deferral was asked for, or granted at once, on or before a day (UK time)."""
    return any(isinstance(each.data, DeferralRequested | Deferred) and uk_day(each.time) <= by for each in life)
