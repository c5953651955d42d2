"""Live projections in a PostgreSQL database keep the promises of all, and those about locks and lost connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from producers.publisher import publish
from projections.checkpoints import Checkpoint
from projections.live import LiveProjections
from projections.rebuild import rebuild, verify
from projections.schema import enrolment_progress
from projections.storage.places import Database, Schema
from projections.store import StaleWriteError, Store, StoreAwayError, StoreError
from tests.builders import completed
from tests.contract.live_contract import RULEBOOK, LiveContract, fold, now
from tests.contract.postgres_kit import end_connections, wait_for_a_lock


def schemas(store: Store) -> list[str]:
    """The numbered schemas in the database of a store."""
    with store.connect() as connection:
        return sorted(name for name in inspect(connection).get_schema_names() if name.startswith("projections_"))


class TestLiveDatabase(LiveContract):
    """The contract, and what comes with a server."""

    @pytest.fixture
    def home(self, postgres_url: str) -> Database:
        """An empty database."""
        return Database(postgres_url)

    def test_the_store_before_stays_until_the_next_rebuild(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """A rebuild leaves the store that it replaced to its readers, and removes the one before that."""
        rebuild(log, live, RULEBOOK, now)
        with live.open() as store:
            assert schemas(store) == ["projections_000001", "projections_000002"]

        rebuild(log, live, RULEBOOK, now)
        with live.open() as store:
            assert schemas(store) == ["projections_000002", "projections_000003"]

    def test_a_store_that_was_removed_says_so(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """Who still has a store open two rebuilds later is told to open it again, and no empty one is made."""
        with live.open() as old:
            rebuild(log, live, RULEBOOK, now)
            rebuild(log, live, RULEBOOK, now)

            with old.connect() as connection, pytest.raises(StoreError, match="if a rebuild has replaced it try again"):
                connection.execute(enrolment_progress.select())
        with live.open() as store:
            assert "projections_000001" not in schemas(store)

    def test_a_store_that_is_being_read_is_not_removed(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """A rebuild does not wait for a reader of an old store for long: it leaves that store and goes on."""
        with live.open() as old, old.connect() as connection:
            rebuild(log, live, RULEBOOK, now)
            connection.execute(enrolment_progress.select()).first()
            rebuild(log, live, RULEBOOK, now)

            assert connection.execute(enrolment_progress.select()).first() is not None
        with live.open() as store:
            assert schemas(store) == ["projections_000001", "projections_000002", "projections_000003"]

    def test_a_swap_waits_for_a_transaction_that_writes(
        self, log: EmbeddedLog, live: LiveProjections, home: Database
    ) -> None:
        """What a worker is writing when a rebuild wants to take over is written first; then the new store has it."""
        with ThreadPoolExecutor(1) as rebuilder, live.writing() as store:
            publish(log, [completed("module-8", enrolment="e-1", participant="p-1")], now=now())
            with store.changing():
                rebuilding = rebuilder.submit(rebuild, log, LiveProjections(home), RULEBOOK, now)
                wait_for_a_lock(home.url, rebuilding)
                assert live.place == store.place
            rebuilding.result()

            with pytest.raises(StaleWriteError, match="replaced the projections projections_000001 by projections_0"):
                fold(log, store)
        with live.writing() as store:
            assert fold(log, store) == 0
            verify(log, store, RULEBOOK, now)

    def test_a_writer_waits_for_a_swap(self, live: LiveProjections, home: Database) -> None:
        """Nobody writes to a store while another takes over; who waited is told and goes on in the new one."""
        rebuilder = LiveProjections(home)

        def write() -> None:
            with live.writing() as store, store.changing():
                pass

        with ThreadPoolExecutor(1) as writer:
            with rebuilder.rebuilding(), rebuilder.swapping():
                Store(place := rebuilder.next_place()).close()
                rebuilder.swap(place)
                writing = writer.submit(write)
                wait_for_a_lock(home.url, writing)
            with pytest.raises(StaleWriteError):
                writing.result()
        write()
        assert live.place == place

    def test_a_swap_whose_connection_is_lost_swaps_nothing(self, live: LiveProjections, home: Database) -> None:
        """The lock and the new pointer end together, so no writer goes on beside a swap; another rebuild can start."""
        before = live.place

        def swap() -> None:
            with live.rebuilding(), live.swapping():
                Store(place := live.next_place()).close()
                end_connections(home.url)
                live.swap(place)

        with pytest.raises(StoreAwayError):
            swap()

        assert live.place == before
        with live.writing() as store, store.writing(9, Checkpoint(), Checkpoint(1, b"head")):
            pass
        with live.rebuilding():
            assert live.next_place().name == "projections_000002"

    def test_a_rebuild_that_lost_its_lock_takes_over_nothing(self, log: EmbeddedLog, live: LiveProjections) -> None:
        """When its connection is lost, another rebuild may have started: the first one ends without a swap."""
        before = live.place
        ends = iter([True])

        def lose_the_lock(_records: int) -> None:
            if next(ends, False) and isinstance(before, Schema):
                end_connections(before.database.url)

        with pytest.raises(StoreAwayError):
            rebuild(log, live, RULEBOOK, now, step=lose_the_lock)

        assert live.place == before
        assert rebuild(log, live, RULEBOOK, now) == sum(log.end_offsets(FACTS_TOPIC).values())

    def test_a_swap_stands_within_a_rebuild(self, live: LiveProjections) -> None:
        """Whoever has not made sure to be the only one who rebuilds cannot swap."""
        with pytest.raises(RuntimeError, match="within `rebuilding`"), live.swapping():
            pass
