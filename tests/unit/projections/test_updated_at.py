"""When a row says that it changed: whoever polls sees every change of what is shown, and little else."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from learning.events import Fact, encode
from learning.facts import DayStarted, FlagAcknowledged
from producers.publisher import publish
from projections import enrolment_progress
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rebuild import rebuild, replay, verify
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import SMALL, START, at, completed, enrolled, make
from tests.risk_kit import policies_of, rules_of, steps

MONDAYS = [date(2025, 9, 15), date(2025, 9, 22)]
TUESDAY = date(2025, 9, 23)
RULEBOOK = Rulebook(SMALL, policies_of(rules_of(behind=steps("behind", (1, 1), (2, 2), (4, 3)))))


class Bench:
    """Two enrolments in a store whose clock stands at another minute for each run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._minutes = 0
        self._projector = Projector(store, RULEBOOK, park=lambda _: None, now=self.now)
        self.apply(enrolled(), enrolled(enrolment="e-2", participant="p-2"))

    def now(self) -> datetime:
        """The time of the latest run."""
        return START + timedelta(minutes=self._minutes)

    def apply(self, *items: Fact | date) -> set[str]:
        """Apply facts and days a minute later; answer which enrolments say that they changed then."""
        self._minutes += 1
        first = self._store.checkpoint(0).next_offset
        facts = (item if isinstance(item, Fact) else make(DayStarted(day=item), enrolment="calendar") for item in items)
        self._projector.apply(0, list(enumerate(map(encode, facts), first)), b"head")
        with self._store.connect() as connection:
            rows = {each: enrolment_progress.find(connection, each) or {} for each in ("e-1", "e-2")}
        return {each for each, row in rows.items() if row["updated_at"] == self.now()}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Two enrolments of whom nothing else is known."""
    with Store(tmp_path / "store.db") as store:
        yield Bench(store)


def test_a_fact_moves_the_time_of_its_enrolment_only(bench: Bench) -> None:
    """The other one did not change."""
    assert bench.apply(completed("module-1", at(1))) == {"e-1"}


def test_a_fact_that_is_there_already_moves_nothing(bench: Bench) -> None:
    """Sent again, it changes no state."""
    fact = completed("module-1", at(1))
    bench.apply(fact)

    assert bench.apply(fact) == set()


def test_a_day_moves_who_is_measured_anew(bench: Bench) -> None:
    """As a study week ends everybody is behind by another week; on the Tuesday after it nothing is another."""
    assert bench.apply(MONDAYS[0]) == {"e-1", "e-2"}
    assert bench.apply(MONDAYS[1]) == {"e-1", "e-2"}
    assert bench.apply(TUESDAY) == set()


def test_days_of_one_run_move_it_once(bench: Bench) -> None:
    """However many days start in a run, the rows are written when it ends, at one time."""
    assert bench.apply(*MONDAYS, TUESDAY) == {"e-1", "e-2"}


def test_what_was_done_about_a_flag_moves_it(bench: Bench) -> None:
    """Nothing but the stage of the flag changes, and that stands in the register."""
    bench.apply(*MONDAYS)

    assert bench.apply(make(FlagAcknowledged(by="staff-1"), at(15))) == {"e-1"}


def test_after_a_rebuild_every_row_counts_as_updated(tmp_path: Path) -> None:
    """Given a live store that went on meanwhile, all rows of the new one are later than the latest of the old one."""
    minutes = count()

    def now() -> datetime:
        return START + timedelta(minutes=next(minutes))

    with EmbeddedLog(tmp_path / "log.db") as log, LiveProjections(tmp_path / "projections") as live:
        log.create_topic(FACTS_TOPIC, 1)
        ids = [f"e-{each}" for each in range(9)]

        def take_in(*facts: Fact) -> None:
            publish(log, facts, now=START)
            with live.writing() as store:
                replay(log, Projector(store, RULEBOOK, park=lambda _: None, now=now), store)

        def times() -> list[datetime]:
            with live.open() as store, store.connect() as connection:
                verify(log, store, RULEBOOK, now)
                return [row["updated_at"] for each in ids if (row := enrolment_progress.find(connection, each))]

        take_in(*(enrolled(enrolment=each, participant="p-1") for each in ids))
        late = [completed("module-1", at(1), enrolment="e-1")]
        rebuild(log, live, RULEBOOK, now, lambda _: take_in(late.pop()) if late else None)
        before = START + timedelta(minutes=next(minutes) - 1)

        [after] = set(times())
        assert after == before
        assert len(times()) == len(ids)
