"""Explains the level of an enrolment: as it is, and for any past day as it was known then and as it is known now.

Both answers for a past day come from the folded state, which keeps from where on the log each fact was known. What
was decided at the time stands in the risk history as well, and the two are held against each other.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from learning.changes import NOTHING_DECIDED, Decided, decision
from learning.curriculum import Curriculum
from learning.errors import EngagementError
from learning.hindsight import as_known
from learning.plan import start_of
from learning.policy import FLAGGED, LEVELS, Policies, SignalCode
from learning.progress import State, decode_state, visit_days
from learning.risk import Assessment, assess
from projections import days, enrolment_states, risk_history
from projections.rulebook import Rulebook


class NoDecisionError(EngagementError):
    """Nothing was decided on the day that was asked for: it has not come, or no day had started by then."""


class LearnedLater(Struct, frozen=True, kw_only=True):
    """A fact that had happened before a day and was not known when it began."""

    time: datetime
    """When it happened; of visits, the start of their day."""
    what: str
    """A component's word (`completed`, `absent`, ...), `visited`, or the event type of another fact."""
    component: str | None = None
    detail: dict[str, Any] | None = None
    recordedtime: datetime | None = None
    """When it became known, by its own word; not kept of visits."""
    known_after: date
    """The latest day that had started on the log before it: from the next one on it was known here."""


class Hindsight(Struct, frozen=True, kw_only=True):
    """What was, and what is now, to be said of an enrolment on a past day."""

    enrolment: str
    asked: date
    day: date
    """The latest day up to the one asked for that had started: what was decided then held on the day asked for."""
    known_then: Assessment | None
    """None where the enrolment itself was not known."""
    decided: dict[str, Any] | None
    """What the history says; None where nothing had been decided, which means on track."""
    agrees: bool
    """Whether the history says what the rules, as they are now, make of what was known then."""
    known_now: Assessment | None
    learned_later: tuple[LearnedLater, ...]
    """In order of when they happened."""


def without_reason(
    assessment_signals: set[SignalCode], policies: Policies, provider: str, day: date
) -> list[SignalCode]:
    """The signals that the policy of a day looks at and that are no reason."""
    return [code for code in policies.on(day).rules(provider).signals if code not in assessment_signals]


def hindsight(connection: Connection, rulebook: Rulebook, enrolment: str, asked: date) -> Hindsight:
    """Both answers for a past day, and what makes the difference.

    Raises:
        NoDecisionError: The day has not started, no day had started by then, or nothing is known of the enrolment.
    """
    stored = enrolment_states.find(connection, [enrolment]).get(enrolment)
    state = None if stored is None else decode_state(stored.state)
    if stored is None or state is None or state.erased is not None:
        raise NoDecisionError(f"nothing is known of {enrolment}; check the id")
    day = _started(days.of(connection, stored.home), asked)
    curriculum, policies = rulebook
    then = assess_as_known(state, curriculum, policies, day)
    decided = risk_history.decided_on(connection, enrolment, day)
    return Hindsight(
        enrolment=enrolment,
        asked=asked,
        day=day,
        known_then=then,
        decided=decided,
        agrees=_said(decided) == (NOTHING_DECIDED if then is None else decision(then)),
        known_now=assess(state, curriculum, policies, day),
        learned_later=tuple(sorted(learned_later(state, day), key=_order)),
    )


def assess_as_known(state: State, curriculum: Curriculum, policies: Policies, day: date) -> Assessment | None:
    """Assess an enrolment as `day` begins by what was known then; None where the enrolment was not."""
    return assess(as_known(state, day), curriculum, policies, day)


def learned_later(state: State, day: date) -> Iterator[LearnedLater]:
    """The facts that had happened before a day (UK) and came onto the log after it had started there."""
    cut, ordinal = start_of(day), day.toordinal()
    for component, marks in state.components.items():
        for time, recorded, word, late in marks:
            if time < cut and late >= ordinal:
                yield LearnedLater(
                    time=time,
                    what=word,
                    component=component,
                    recordedtime=recorded,
                    known_after=date.fromordinal(late),
                )
    for noted in state.life:
        if noted.time < cut and noted.late >= ordinal:
            yield LearnedLater(
                time=noted.time,
                what=noted.data.TYPE,
                detail=msgspec.to_builtins(noted.data) or None,
                recordedtime=noted.recordedtime,
                known_after=date.fromordinal(noted.late),
            )
    for visited in visit_days(state):
        late = state.late_visits.get(visited.toordinal(), 0)
        if visited < day and late >= ordinal:
            yield LearnedLater(time=start_of(visited), what="visited", known_after=date.fromordinal(late))


def _order(fact: LearnedLater) -> tuple[datetime, date, str, str]:
    return (fact.time, fact.known_after, fact.what, fact.component or "")


def _started(started: list[date], asked: date) -> date:
    if not started:
        raise NoDecisionError("no day has started on the log yet; run `engagement worker` first")
    if asked > started[-1]:
        raise NoDecisionError(
            f"{asked:%d %b %Y} has not started; the latest day that has is {started[-1]:%d %b %Y}, so ask for that one "
            "or an earlier one"
        )
    if asked < started[0]:
        raise NoDecisionError(
            f"nothing was decided by {asked:%d %b %Y}; the first day that started is {started[0]:%d %b %Y}, so ask for "
            "that one or a later one"
        )
    return started[bisect_right(started, asked) - 1]


def _said(decided: dict[str, Any] | None) -> Decided:
    """What a row of the history says, in the form in which decisions are compared."""
    if decided is None:
        return NOTHING_DECIDED
    flagged = LEVELS.index(decided["level"]) >= FLAGGED
    weighty = (reason.signal for reason in decided["reasons"] if reason.weighty)
    return Decided(decided["level"], tuple(sorted(weighty)) if flagged else ())
