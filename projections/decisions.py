"""Decisions: what is kept of an assessment when a day starts, and what is told to others where the flag changed."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection

from learning.changes import NOTHING_DECIDED, Decided, change_between, decision, encode_change, risk_change
from learning.hindsight import as_known
from learning.measures import measured
from learning.progress import State, decode_state
from learning.risk import Assessment, assess
from learning.standing import Standing
from projections import days, outbox, risk_history
from projections.enrolment_states import StoredState
from projections.outbox import Message
from projections.rulebook import Rulebook

RISK_TOPIC = "risk-changes"
"""What the pipeline decided, for other systems, keyed by participant."""


class Folded(NamedTuple):
    """An enrolment with its state, and the state as it is stored."""

    enrolment: str
    state: State
    stored: StoredState


class Decisions:
    """Collects decisions and writes them."""

    def __init__(self, connection: Connection, rulebook: Rulebook) -> None:
        """Write on `connection`."""
        self._connection = connection
        self._rulebook = rulebook
        self._history: list[dict[str, Any]] = []
        self._messages: list[Message] = []

    def decide(self, folded: Folded, before: Decided, assessment: Assessment, standing: Standing) -> Decided:
        """Note the decision of a day, if it is another one than `before`; answer what holds now.

        An enrolment whose facts stand in several partitions is decided by those that its home knew: how far the other
        partitions have been read must make no difference. Nothing is decided about whom personal data were erased.
        """
        if _is_over(folded.state, assessment.as_of):
            return before
        if not folded.stored.spread:
            return self._note(folded.enrolment, before, assessment, standing)
        return self._decide_as_known(folded.enrolment, folded.state, before, assessment.as_of)

    def make_anew(self, enrolment: str, stored: StoredState) -> Decided:
        """Decide every day again that has started at the enrolment's home, because more is known of what was known."""
        risk_history.forget(self._connection, enrolment)
        relayed = outbox.forget(self._connection, enrolment)
        state, decided = decode_state(stored.state), NOTHING_DECIDED
        for day in days.of(self._connection, stored.home):
            if _is_over(state, day):
                break
            decided = self._decide_as_known(enrolment, state, decided, day)
        self.write()
        outbox.keep_relayed(self._connection, relayed)
        return decided

    def forget(self, enrolments: Collection[str]) -> None:
        """Keep of decisions about erased enrolments only what is counted, and no message."""
        for enrolment in enrolments:
            risk_history.forget_reasons(self._connection, enrolment)
            outbox.forget(self._connection, enrolment)

    def _decide_as_known(self, enrolment: str, state: State, before: Decided, day: date) -> Decided:
        known = as_known(state, day)
        now = measured(known, self._rulebook.curriculum, day)
        if now is None:
            return before
        assessment = assess(known, self._rulebook.curriculum, self._rulebook.policies, day, now=now)
        return before if assessment is None else self._note(enrolment, before, assessment, now.progress.standing)

    def _note(self, enrolment: str, before: Decided, assessment: Assessment, standing: Standing) -> Decided:
        after = decision(assessment)
        if after == before:
            return before
        change = change_between(before, after)
        erased = standing.erased
        self._history.append(risk_history.row(enrolment, before, assessment, change, standing, erased=erased))
        if change is not None and not erased:
            message = risk_change(enrolment, change, before, assessment, standing)
            self._messages.append(
                Message(
                    id=message.id,
                    day=assessment.as_of,
                    enrolment=enrolment,
                    topic=RISK_TOPIC,
                    key=standing.participant,
                    value=encode_change(message),
                )
            )
        return after

    def write(self) -> None:
        """Write what was noted."""
        risk_history.put(self._connection, self._history)
        outbox.put(self._connection, self._messages)
        self._history.clear()
        self._messages.clear()


def _is_over(state: State, day: date) -> bool:
    """Whether it was known before the day that personal data of the person were erased."""
    return state.erased is not None and state.erased < day.toordinal()
