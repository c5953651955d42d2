"""Folds a run of records of one partition into the projections: decode, check, fold, assess, write.

The tracking agent, `engagement rebuild` and `engagement verify` all go through here, so a replay is the same run.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import Parked
from learning.curriculum import UnknownProgrammeError
from learning.errors import EngagementError
from learning.events import Fact, UnreadableFactError, decode
from learning.facts import DayStarted, Enrolled, Transferred
from projections.observing import Observer
from projections.rulebook import Rulebook
from projections.run import Run
from projections.store import Checkpoint, Store


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


class Stretch(NamedTuple):
    """Facts that stand one after the other on the log, and the day that started after them, if one did."""

    facts: list[Fact]
    day: date | None


class Projector:
    """Applies records to one store, in order, each once."""

    def __init__(
        self,
        store: Store,
        rulebook: Rulebook,
        *,
        park: Callable[[Sequence[Parked]], object],
        now: Callable[[], datetime],
        observer: Observer | None = None,
    ) -> None:
        """Fold into `store`; what cannot be read goes to `park`, dated `now`, before the checkpoint passes it.

        Rows are dated `now`, too: when they changed in this store.
        """
        self._store = store
        self._observer = observer or Observer()
        self._rulebook = rulebook
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
        stretches, rejects = self._read(partition, fresh)
        if rejects:
            self._park(rejects)
        days = [stretch.day for stretch in stretches if stretch.day is not None]
        today = max((*days, *filter(None, (before.day,))), default=None)
        policy = before.policy if today == before.day or today is None else self._rulebook.policies.on(today).version
        after = Checkpoint(last + 1, head, today, policy)
        with self._store.writing(partition, before, after) as connection:
            run = Run(connection, self._rulebook, partition, before, today, now=self._now(), observer=self._observer)
            for stretch in stretches:
                run.fold(stretch.facts)
                if stretch.day is not None and (run.day is None or stretch.day > run.day):
                    run.start_day(stretch.day)
            run.finish()
        for decided in run.decided:
            self._observer.day_decided(decided)
        facts = sum(len(stretch.facts) for stretch in stretches)
        return Applied(facts + len(days), len(rejects), len(run.enrolments))

    def _read(self, partition: int, records: Iterable[Entry]) -> tuple[list[Stretch], list[Parked]]:
        """The facts about enrolments, cut where a day started, and what is no fact."""
        stretches: list[Stretch] = []
        facts: list[Fact] = []
        rejects: list[Parked] = []
        for offset, value in records:
            try:
                fact = decode(value)
                if isinstance(fact.data, DayStarted):
                    stretches.append(Stretch(facts, fact.data.day))
                    facts = []
                    continue
                self._check(fact)
            except (UnreadableFactError, UnknownProgrammeError) as error:
                origin = f"{FACTS_TOPIC}/{partition}/{offset}"
                rejects.append(Parked(origin=origin, reason=str(error), original=value, at=self._now()))
            else:
                facts.append(fact)
        return [*stretches, Stretch(facts, None)], rejects

    def _check(self, fact: Fact) -> None:
        """Refuse what could never be measured; whether it can does not depend on any other fact."""
        data = fact.data
        if isinstance(data, Enrolled):
            self._rulebook.curriculum.plan(data.programme, data.intake)
        elif isinstance(data, Transferred) and data.intake is not None:
            self._rulebook.curriculum.require_intake(data.intake)
