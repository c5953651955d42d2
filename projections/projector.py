"""Folds a run of records of one partition into the projections: decode, check, fold, measure, write.

The tracking agent, `engagement rebuild` and `engagement verify` all go through here, so a replay is the same work.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import Parked
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.errors import EngagementError
from learning.events import Fact, UnreadableFactError, decode
from learning.facts import DayStarted, Enrolled, Transferred
from learning.measures import measure
from learning.progress import State, decode_state, encode_state, fold
from projections import enrolment_progress
from projections.store import Checkpoint, Store, StoredState


class GapError(EngagementError):
    """Records between the checkpoint and what was handed over are missing; nothing was applied."""


Entry = tuple[int, bytes]
"""A record's offset and its bytes."""


class Applied(NamedTuple):
    """What became of a run of records."""

    facts: int = 0
    rejects: int = 0
    enrolments: int = 0
    """Enrolments whose state changed."""


class Folded(NamedTuple):
    """A state after a fold, and as it is to be stored."""

    state: State
    stored: StoredState


class Projector:
    """Applies records to one store, in order, each once."""

    def __init__(
        self,
        store: Store,
        curriculum: Curriculum,
        *,
        park: Callable[[Sequence[Parked]], object],
        now: Callable[[], datetime],
    ) -> None:
        """Fold into `store`; what cannot be read goes to `park`, dated `now`, before the checkpoint passes it."""
        self._store = store
        self._curriculum = curriculum
        self._park = park
        self._now = now

    def apply(self, partition: int, records: Sequence[Entry], head: bytes) -> Applied:
        """Apply consecutive records; `head` is the log's hash chain after the last. What was applied before is skipped.

        Raises:
            GapError: When records before these were never applied.
            StaleWriteError: When somebody else applied them in the meantime.
        """
        before = self._store.checkpoint(partition)
        fresh = [entry for entry in records if entry[0] >= before.next_offset]
        if not fresh:
            return Applied()
        first, last = fresh[0][0], fresh[-1][0]
        if first > before.next_offset:
            raise GapError(f"partition {partition} goes on at offset {before.next_offset}, not at {first}")
        facts, days, rejects = self._read(partition, fresh)
        after = Checkpoint(last + 1, head, max((*days, *filter(None, (before.day,))), default=None))
        states = self._fold(partition, facts)
        rows = self._measure(partition, states, after.day, everybody=after.day != before.day)
        if rejects:
            self._park(rejects)
        stored = {enrolment: folded.stored for enrolment, folded in states.items()}
        self._store.write(partition, before, after, stored, rows)
        return Applied(len(facts) + len(days), len(rejects), len(states))

    def _read(self, partition: int, records: Iterable[Entry]) -> tuple[list[Fact], list[date], list[Parked]]:
        """The facts about enrolments, the days that started, and what is neither."""
        facts: list[Fact] = []
        days: list[date] = []
        rejects: list[Parked] = []
        for offset, value in records:
            try:
                fact = decode(value)
                if isinstance(fact.data, DayStarted):
                    days.append(fact.data.day)
                    continue
                self._check(fact)
            except (UnreadableFactError, UnknownProgrammeError) as error:
                origin = f"{FACTS_TOPIC}/{partition}/{offset}"
                rejects.append(Parked(origin=origin, reason=str(error), original=value, at=self._now()))
            else:
                facts.append(fact)
        return facts, days, rejects

    def _check(self, fact: Fact) -> None:
        """Refuse what could never be measured; whether it can does not depend on any other fact."""
        data = fact.data
        if isinstance(data, Enrolled):
            self._curriculum.plan(data.programme, data.intake)
        elif isinstance(data, Transferred) and data.intake is not None:
            self._curriculum.require_intake(data.intake)

    def _fold(self, partition: int, facts: Sequence[Fact]) -> dict[str, Folded]:
        """Fold facts into the states of their enrolments; answer the states that this changed."""
        stored = self._store.states({fact.subject for fact in facts})
        states = {enrolment: decode_state(each.state) for enrolment, each in stored.items()}
        for fact in facts:
            state = states.get(fact.subject)
            if state is None:
                state = states[fact.subject] = State()
            fold(state, fact)
        changed: dict[str, Folded] = {}
        for enrolment, state in states.items():
            before = stored.get(enrolment)
            after = StoredState(min(partition, before.home) if before else partition, encode_state(state))
            if after != before:
                changed[enrolment] = Folded(state, after)
        return changed

    def _measure(
        self, partition: int, changed: dict[str, Folded], day: date | None, *, everybody: bool
    ) -> Iterator[dict[str, Any]]:
        """Measure, one by one, who changed and, when a new day has started, everybody at home in the partition."""
        days = {partition: day}
        for enrolment, folded in self._to_measure(partition, changed) if everybody else changed.items():
            home = folded.stored.home
            if home not in days:
                days[home] = self._store.checkpoint(home).day
            progress = measure(folded.state, self._curriculum, days[home])
            if progress is not None:
                yield enrolment_progress.row(enrolment, progress)

    def _to_measure(self, partition: int, changed: dict[str, Folded]) -> Iterator[tuple[str, Folded]]:
        yield from changed.items()
        for enrolment, stored in self._store.states_at_home(partition):
            if enrolment not in changed:
                yield enrolment, Folded(decode_state(stored.state), stored)
