"""The work on one run of records within one transaction: fold, and look again at whom facts or a new day concern.

As a day starts, whoever can have changed is assessed and a decision that differs is kept and told; between days only
what is current follows the facts. So decisions depend on the log alone and not on how it was cut into runs.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from learning.changes import NOTHING_DECIDED, Decided
from learning.erased_risk import as_erased
from learning.events import Fact
from learning.facts import ParticipantErased
from learning.measures import Progress, measured
from learning.progress import State, decode_state, encode_state, fold
from learning.risk import Assessment, Earlier, assess, is_looked_at_later
from projections import days, enrolment_risk, enrolment_states
from projections.checkpoints import Checkpoint, lock_partitions
from projections.current_rows import Rows, level_of
from projections.decisions import Decisions, Folded
from projections.enrolment_risk import Current, Due
from projections.enrolment_states import StoredState
from projections.observing import DayDecided, Observer
from projections.rulebook import Rulebook
from projections.storage.paging import ROWS_AT_ONCE, in_pages

_DAY = timedelta(days=1)


class Run:
    """Applies facts and days of one partition, in the order of the log, on a connection."""

    def __init__(
        self,
        connection: Connection,
        rulebook: Rulebook,
        partition: int,
        before: Checkpoint,
        end: date | None,
        *,
        now: datetime,
        observer: Observer,
    ) -> None:
        """Go on from a checkpoint; `end` is the last day of the run, and `now` is when its rows are written."""
        self._connection = connection
        self._observer = observer
        self._rulebook = rulebook
        self._partition = partition
        self._day = before.day
        self._policy = before.policy
        self._end = end
        self._now = now
        self._decisions = Decisions(connection, rulebook)
        self._changed: dict[str, Folded] = {}
        """Enrolments whose state is newer than what is current of them."""
        self._days: dict[int, date | None] = {partition: before.day}
        self._held = {partition}
        """Partitions whose checkpoint this transaction has locked."""
        self._unwritten: set[str] = set()
        """Enrolments whose state changed before a day of this run and whose row waits for a later one."""
        self._anew: set[str] = set()
        """Enrolments whose decisions are to be made again."""
        self._to_assess: set[str] = set()
        """Enrolments of whose new facts one can have changed their risk as of the latest day."""
        self.enrolments: set[str] = set()
        """Enrolments whose state changed."""
        self.decided: list[DayDecided] = []
        """The days that started."""

    @property
    def day(self) -> date | None:
        """The latest day that has started."""
        return self._day

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold facts into the states of their enrolments."""
        unread = {fact.subject for fact in facts} - self._changed.keys()
        stored = self._states(unread)
        before = {**stored, **{enrolment: folded.stored for enrolment, folded in self._changed.items()}}
        states = {enrolment: decode_state(each.state) for enrolment, each in stored.items()}
        states.update((enrolment, folded.state) for enrolment, folded in self._changed.items())
        touched = dict.fromkeys(fact.subject for fact in facts)
        for fact in facts:
            state = states.get(fact.subject)
            if state is None:
                state = states[fact.subject] = State()
            fold(state, fact, self._day)
            if self._day is None or not is_looked_at_later(fact, self._day):
                self._to_assess.add(fact.subject)
        self._decisions.forget({fact.subject for fact in facts if isinstance(fact.data, ParticipantErased)})
        fresh: dict[str, StoredState] = {}
        for enrolment in touched:
            after = self._stored(before.get(enrolment), states[enrolment])
            if after != before.get(enrolment):
                self._changed[enrolment] = Folded(enrolment, states[enrolment], after)
                fresh[enrolment] = after
                if after.spread and self._out_of_step(before.get(enrolment), after):
                    self._anew.add(enrolment)
        enrolment_states.add(self._connection, {key: each for key, each in fresh.items() if key not in before})
        enrolment_states.put(self._connection, {key: each for key, each in fresh.items() if key in before})
        self.enrolments.update(fresh)
        self._observer.piece_done()

    def _states(self, enrolments: Collection[str]) -> dict[str, StoredState]:
        """The states of these enrolments, which nobody else changes until the transaction ends.

        Whoever changes an enrolment holds the checkpoint of its home. While we wait for one, the home can move.
        """
        stored = enrolment_states.find(self._connection, enrolments)
        while homes := {each.home for each in stored.values()} - self._held:
            lock_partitions(self._connection, homes)
            self._held |= homes
            stored = enrolment_states.find(self._connection, enrolments)
        return stored

    def _stored(self, before: StoredState | None, state: State) -> StoredState:
        raw, partition = encode_state(state), self._partition
        if before is None:
            return StoredState(partition, raw)
        return StoredState(min(partition, before.home), raw, before.spread or partition != before.home)

    def _out_of_step(self, before: StoredState | None, after: StoredState) -> bool:
        """Whether days were decided without facts that stood on the log, in another partition, when they started."""
        if before is None or before.home != after.home or not before.spread:
            return True
        return after.home != self._partition and days.latest(self._connection, after.home) != self._day

    def start_day(self, day: date) -> None:
        """Decide everybody at home in the partition who can have changed, as a day starts."""
        began, looked_at = time.monotonic(), 0
        policy = self._rulebook.policies.on(day).version
        due = self._due(day, everybody=policy != self._policy)
        self._day, self._policy = day, policy
        self._days[self._partition] = day
        days.add(self._connection, self._partition, day)
        for some in in_pages(due, ROWS_AT_ONCE):
            self._decide(some, day)
            looked_at += len(some)
            self._observer.piece_done()
        self.decided.append(DayDecided(day, looked_at, time.monotonic() - began))

    def _due(self, day: date, *, everybody: bool) -> Iterator[Due]:
        changed = {key: each for key, each in self._changed.items() if each.stored.home == self._partition}
        decided = enrolment_risk.decided(self._connection, changed)
        for enrolment, folded in changed.items():
            yield Due(enrolment, folded.stored, decided.get(enrolment, NOTHING_DECIDED))
        for each in enrolment_risk.due(self._connection, self._partition, day, everybody=everybody):
            if each.enrolment not in changed:
                yield each._replace(earlier=None, uneventful=False) if everybody else each

    def _decide(self, due: Iterable[Due], day: date) -> None:
        """Decide as a day starts; who is due again before the run ends is not measured yet."""
        rows = Rows(self._connection, self._now)
        for each in due:
            enrolment = each.enrolment
            folded = self._changed.pop(enrolment, None)
            if folded is None:
                folded = Folded(enrolment, decode_state(each.stored.state), each.stored)
            if each.earlier is None:
                self._unwritten.add(enrolment)
            looked = self._look(folded.state, day, each.earlier)
            if looked is None:
                continue
            progress, assessment = looked
            if assessment is None or not self._due_again(assessment):
                rows.add_progress(enrolment, progress, level_of(assessment), whole=enrolment in self._unwritten)
                self._unwritten.discard(enrolment)
            if assessment is not None:
                after = self._decisions.decide(folded, each.decided, assessment, progress.standing)
                rows.add_risk(folded, assessment, after, before=each)
        rows.write()
        self._decisions.write()

    def _due_again(self, assessment: Assessment) -> bool:
        """Whether another day of this run looks at the enrolment again."""
        return self._end is not None and assessment.next_change is not None and assessment.next_change <= self._end

    def finish(self) -> None:
        """Look at everybody whose state has changed since the last day of the run."""
        decided = enrolment_risk.decided(self._connection, self._changed.keys() | self._anew)
        for enrolment, stored in enrolment_states.find(self._connection, self._anew).items():
            decided[enrolment] = self._decisions.make_anew(enrolment, stored)
            self._changed.setdefault(enrolment, Folded(enrolment, decode_state(stored.state), stored))
        # by pages, because a server ends a transaction of which it hears nothing
        for some in in_pages(self._changed.items(), ROWS_AT_ONCE):
            self._look_at(some, decided)
            self._observer.piece_done()

    def _look_at(self, changed: Collection[tuple[str, Folded]], decided: Mapping[str, Decided]) -> None:
        rows = Rows(self._connection, self._now)
        known = self._as_assessed(changed)
        for enrolment, folded in changed:
            if enrolment in known and self._day is not None:
                self._measure(rows, enrolment, folded, known[enrolment], self._day)
                continue
            looked = self._look(folded.state, self._today(folded.stored.home))
            if looked is None:
                continue
            progress, assessment = looked
            rows.add_progress(enrolment, progress, level_of(assessment), whole=True)
            if assessment is not None:
                rows.add_risk(folded, assessment, decided.get(enrolment, NOTHING_DECIDED))
            elif enrolment in decided:  # its home is another partition now, where no day has started yet
                enrolment_risk.forget(self._connection, enrolment)
        rows.write()

    def _as_assessed(self, changed: Iterable[tuple[str, Folded]]) -> dict[str, Current]:
        """What was said today of enrolments that have only facts since that no assessment of today looks at.

        That is the usual fact of a busy day: somebody has just done something.
        """
        if self._day is None:
            return {}
        policy = self._rulebook.policies.on(self._day).version
        others = self._to_assess | self._anew
        usual = (
            enrolment
            for enrolment, folded in changed
            if enrolment not in others and not folded.stored.spread and folded.state.erased is None
        )
        found = enrolment_risk.current(self._connection, usual)
        return {enrolment: said for enrolment, said in found.items() if said.policy == policy}

    def _measure(self, rows: Rows, enrolment: str, folded: Folded, said: Current, day: date) -> None:
        """Measure an enrolment whose risk is what was said; from tomorrow on it can be another one."""
        now = measured(folded.state, self._rulebook.curriculum, day)
        if now is not None:
            rows.add_progress(enrolment, now.progress, said.level, whole=True)
            if said.next_look != day + _DAY:
                rows.look_again(enrolment, day + _DAY)

    def _today(self, home: int) -> date | None:
        if home not in self._days:
            self._days[home] = days.latest(self._connection, home)
        return self._days[home]

    def _look(
        self, state: State, day: date | None, earlier: Earlier | None = None
    ) -> tuple[Progress, Assessment | None] | None:
        """Measure and assess an enrolment; None while nobody is known to be enrolled."""
        curriculum, policies = self._rulebook
        now = measured(state, curriculum, day)
        if now is None:
            return None
        if day is None:
            return now.progress, None
        if state.erased is not None:
            assessment = assess(state, curriculum, policies, day, now=now)
            return now.progress, assessment and as_erased(state, assessment, curriculum, policies)
        return now.progress, assess(state, curriculum, policies, day, now=now, earlier=earlier)
