"""What live projections promise wherever they are; the test of a kind inherits these and gives a `home` fixture."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from producers.publisher import publish
from projections import outbox
from projections.checkpoints import Checkpoint
from projections.live import LiveProjections, RebuildRunningError
from projections.projector import Projector
from projections.rebuild import rebuild, replay, verify
from projections.rulebook import Rulebook
from projections.schema import enrolment_progress
from projections.storage.places import Database
from projections.store import Store
from tests.builders import COMPONENTS, SMALL, START, at, completed, enrolled

RULEBOOK = Rulebook(SMALL)
PEOPLE = range(12)


def now() -> object:
    """The time of these tests."""
    return START


def fold(log: EmbeddedLog, store: Store) -> int:
    """Apply all that is new on the log."""
    return replay(log, Projector(store, RULEBOOK, park=lambda _: None, now=now), store)


class LiveContract:
    """The promises. `home` is a folder or database where nothing is yet."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[EmbeddedLog]:
        """A log with some enrolments, some of them at risk on the one day that has started."""
        with EmbeddedLog(tmp_path / "log.db") as opened:
            opened.create_topic(FACTS_TOPIC, 3)
            publish(opened, [enrolled(enrolment=f"e-{each}", participant=f"p-{each}") for each in PEOPLE], now=START)
            steps = [
                completed(component, at(each), enrolment=f"e-{each}", participant=f"p-{each}")
                for each in PEOPLE
                for component in COMPONENTS[: each % 10]
            ]
            publish(opened, steps, now=START)
            start_day(opened, date(2025, 10, 20), START)
            yield opened

    @pytest.fixture
    def live(self, home: Path | Database, log: EmbeddedLog) -> Iterator[LiveProjections]:
        """Projections that have seen all of the log."""
        with LiveProjections(home) as projections:
            with projections.writing() as store:
                fold(log, store)
            yield projections

    def test_nothing_is_there_before_somebody_writes(self, home: Path | Database) -> None:
        """Whether there is a live store can be asked without making one."""
        live = LiveProjections(home)
        assert not live.exists()

        with live, live.writing():
            assert live.exists()

    def test_workers_that_start_at_once_share_one_store(self, home: Path | Database) -> None:
        """The first store is made once, whoever comes first; what each of them writes is in it."""
        barrier = Barrier(3)

        def start(partition: int) -> object:
            barrier.wait()
            with LiveProjections(home) as live, live.writing() as store:
                with store.writing(partition, Checkpoint(), Checkpoint(1, b"head")):
                    pass
                return store.place

        with ThreadPoolExecutor(3) as workers:
            places = set(workers.map(start, range(3)))
        with LiveProjections(home).open() as store:
            assert places == {store.place}
            assert store.checkpoints().keys() == {0, 1, 2}

    def test_a_rebuild_takes_over_with_equal_rows(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """A rebuilt store is in another place and is what the log says."""
        before = live.place

        assert rebuild(log, live, RULEBOOK, now) == sum(log.end_offsets(FACTS_TOPIC).values())

        assert live.place != before
        with live.open() as store:
            assert store.place == live.place
            assert verify(log, store, RULEBOOK, now) > 0

    def test_a_writer_goes_on_in_the_new_store(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """After a swap, writing goes to the store that took over, at its checkpoint."""
        rebuild(log, live, RULEBOOK, now)
        publish(log, [completed("module-8", enrolment="e-1", participant="p-1")], now=START)

        with live.writing() as store:
            assert store.place == live.place
            assert fold(log, store) == 1

    def test_threads_go_on_in_the_new_store_together(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """After a swap several threads of a worker look at once, and each finds the new store open."""
        with live.writing() as store:
            fold(log, store)
        rebuild(log, live, RULEBOOK, now)
        together = Barrier(4)

        def look(_: int) -> int:
            together.wait()
            with live.writing() as store:
                return len(store.checkpoints())

        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(look, range(4))) == {len(log.end_offsets(FACTS_TOPIC))}

    def test_a_reader_of_the_old_store_is_not_disturbed(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """Who had the old store open still reads from it after the swap."""
        with live.open() as old, old.connect() as connection:
            rebuild(log, live, RULEBOOK, now)
            assert connection.execute(enrolment_progress.select()).first() is not None

    def test_what_has_left_is_not_told_again_after_a_rebuild(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """Messages that were relayed from the old store are marked so in the new one; the others still wait."""
        with live.writing() as store, store.changing() as connection:
            sent = outbox.waiting(connection, 2, date.max)
            outbox.mark_relayed(connection, sent)

        rebuild(log, live, RULEBOOK, now)

        with live.open() as store, store.connect() as connection:
            assert outbox.relayed(connection) == [each.id for each in sent]
            assert len(outbox.waiting(connection, 100, date.max)) > 2

    def test_projections_that_are_lost_are_built_again(self, log: EmbeddedLog, home: Path | Database) -> None:
        """Rebuilding where nothing is gives a live store."""
        rebuild(log, LiveProjections(home), RULEBOOK, now)

        with LiveProjections(home).open() as store:
            assert verify(log, store, RULEBOOK, now) > 0

    def test_what_is_left_of_a_rebuild_that_was_cut_off_is_no_hindrance(
        self, log: EmbeddedLog, live: LiveProjections
    ) -> None:
        """A half-built store is thrown away and built again."""
        before = live.place
        with pytest.raises(InterruptedError):
            rebuild(log, live, RULEBOOK, now, step=_broken_off)
        assert live.place == before

        rebuild(log, live, RULEBOOK, now)

        with live.open() as store:
            verify(log, store, RULEBOOK, now)

    def test_a_second_rebuild_is_refused(self, log: EmbeddedLog, live: LiveProjections, home: Path | Database) -> None:
        """It would build in the same place; the first one goes on and takes over."""
        before = live.place

        def rebuild_once_more(_records: int) -> None:
            with pytest.raises(RebuildRunningError, match="are being rebuilt already; wait until"):
                rebuild(log, LiveProjections(home), RULEBOOK, now)

        rebuild(log, live, RULEBOOK, now, step=rebuild_once_more)

        assert live.place != before
        rebuild(log, live, RULEBOOK, now)  # and afterwards the way is free


def _broken_off(_records: int) -> None:
    raise InterruptedError
