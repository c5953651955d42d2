"""A store in a schema of PostgreSQL keeps the promises of every store, and those to workers that write side by side."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pytest
from psycopg.conninfo import make_conninfo

from projections import checkpoints
from projections.checkpoints import Checkpoint, lock_partitions
from projections.enrolment_states import StoredState
from projections.storage.places import Database, Schema
from projections.store import ContendedError, StaleWriteError, Store, StoreAwayError, StoreError
from tests.contract.postgres_kit import as_user, end_connections, wait_for_a_lock
from tests.contract.store_contract import FIRST, StoreContract, write


class TestPostgresStore(StoreContract):
    """The contract, and what comes with a server."""

    @pytest.fixture
    def place(self, postgres_url: str) -> Schema:
        """A schema that is not there yet."""
        return Schema(Database(postgres_url), "projections_000001")

    @pytest.mark.parametrize("before", [Checkpoint(), FIRST])
    def test_who_waited_for_another_to_move_the_partition_is_stale(
        self, store: Store, place: Schema, before: Checkpoint
    ) -> None:
        """Two write from one checkpoint, the first one of all too: who comes second writes nothing."""
        if before != Checkpoint():
            write(store, 3, Checkpoint(), before)
        ours, theirs = Checkpoint(20, b"ours"), Checkpoint(30, b"theirs")
        with ThreadPoolExecutor(1) as other:
            with store.writing(3, before, ours):
                second = other.submit(write, store, 3, before, theirs, states={"e-1": StoredState(3, b"theirs")})
                wait_for_a_lock(place.database.url, second)
            with pytest.raises(StaleWriteError, match="partition 3"):
                second.result()

        assert store.checkpoint(3) == ours
        assert store.states(["e-1"]) == {}

    def test_workers_write_different_partitions_side_by_side(self, store: Store) -> None:
        """Nobody waits for a partition of another."""
        with store.writing(3, Checkpoint(), FIRST):
            write(store, 4, Checkpoint(), FIRST)

        assert store.checkpoints() == {3: FIRST, 4: FIRST}

    def test_a_locked_partition_is_not_moved_on(self, store: Store, place: Schema) -> None:
        """Whoever locks a partition sees it stand still; who wants to move it waits, and does it then."""
        write(store, 3, Checkpoint(), FIRST)
        with ThreadPoolExecutor(1) as other:
            with store.changing() as connection:
                lock_partitions(connection, [3])
                second = other.submit(write, store, 3, FIRST, Checkpoint(11, b"head"))
                wait_for_a_lock(place.database.url, second)
                assert checkpoints.every(connection)[3] == FIRST
            second.result()

        assert store.checkpoint(3).next_offset == 11

    def test_who_waited_for_a_partition_is_told_how_far_it_is_now(self, store: Store, place: Schema) -> None:
        """A lock answers the checkpoint that the worker before has left."""
        write(store, 3, Checkpoint(), FIRST)

        def lock() -> dict[int, Checkpoint]:
            with store.changing() as connection:
                return lock_partitions(connection, [3])

        with ThreadPoolExecutor(1) as other:
            with store.writing(3, FIRST, after := Checkpoint(11, b"head")):
                locked = other.submit(lock)
                wait_for_a_lock(place.database.url, locked)
            assert locked.result() == {3: after}

    def test_two_who_wait_for_each_other_are_parted(self, store: Store) -> None:
        """Of two workers that want each other's partition one is told to try again; the other goes on."""
        for partition in (3, 4):
            write(store, partition, Checkpoint(), FIRST)
        held = [Future[None](), Future[None]()]

        def hold(mine: int, wanted: int) -> str:
            try:
                with store.writing(mine, FIRST, Checkpoint(11, b"head")) as connection:
                    held[mine - 3].set_result(None)
                    held[wanted - 3].result(60)
                    lock_partitions(connection, [wanted])
            except ContendedError as error:
                return str(error)
            return "written"

        with ThreadPoolExecutor(2) as workers:
            told = sorted(workers.map(hold, (3, 4), (4, 3)))
        assert told[0].startswith("schema projections_000001 of the PostgreSQL database")
        assert "deadlock" in told[0]
        assert told[1] == "written"

    def test_a_connection_that_is_lost_in_the_middle_writes_nothing(self, store: Store, place: Schema) -> None:
        """The server ends the connection of a worker: it is told to try again, and then can."""
        with pytest.raises(StoreAwayError, match="cannot be reached"), store.writing(3, Checkpoint(), FIRST):
            end_connections(place.database.url)

        assert store.checkpoint(3) == Checkpoint()
        write(store, 3, Checkpoint(), FIRST)
        assert store.checkpoint(3) == FIRST

    def test_a_lost_reader_is_told_so(self, store: Store, place: Schema) -> None:
        """A query on a connection that the server has ended says so; the next connection is sound."""
        with store.connect() as connection:
            checkpoints.every(connection)
            end_connections(place.database.url)
            with pytest.raises(StoreAwayError):
                checkpoints.every(connection)

        assert store.checkpoints() == {}

    def test_what_stands_still_lets_go(self, store: Store) -> None:
        """A worker that is stopped in a transaction loses it, and its locks; a reader holds up nobody."""
        settings = (
            "SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit')"
        )
        with store.changing() as connection:
            assert tuple(connection.exec_driver_sql(settings).one()) == ("15s", "on")
        with store.connect() as connection:
            assert tuple(connection.exec_driver_sql(settings).one()) == ("0", "on")

    def test_a_reader_cannot_write(self, store: Store) -> None:
        """What is opened for queries changes nothing."""
        with store.connect() as connection, pytest.raises(StoreError, match="takes no writes"):
            connection.exec_driver_sql("DELETE FROM checkpoint")

    def test_a_store_is_known_to_the_server_by_our_name(self, store: Store) -> None:
        """Whoever looks at the server's connections sees whose they are, and times are told in UTC."""
        with store.connect() as connection:
            told = connection.exec_driver_sql("SELECT current_setting('application_name'), current_setting('TimeZone')")
            assert tuple(told.one()) == ("engagement", "UTC")

    def test_settings_of_the_url_are_kept(self, postgres_url: str) -> None:
        """What a user asks of the server in the URL holds beside what we ask."""
        url = f"{postgres_url}?application_name=district&options=-c%20lock_timeout%3D7s"
        with Store(Schema(Database(url), "projections_000001")) as store, store.changing() as connection:
            asked = "SELECT current_setting('application_name'), current_setting('lock_timeout'), current_schema()"
            assert tuple(connection.exec_driver_sql(asked).one()) == ("district", "7s", "projections_000001")

    def test_a_database_that_is_missing_is_named(self, postgres_url: str) -> None:
        """The error says what to do, and is none that comes right by itself."""
        with pytest.raises(StoreError, match=r"database missing at .*there is no such database; create it") as caught:
            Store(Schema(Database(make_conninfo(postgres_url, dbname="missing")), "projections_000001"))
        assert not isinstance(caught.value, StoreAwayError)

    def test_a_user_who_may_not_make_schemas_is_told(self, postgres_url: str) -> None:
        """The error names the right that is lacking, and never the password."""
        with (
            as_user(postgres_url, "s3cret") as url,
            pytest.raises(StoreError, match="GRANT CREATE ON DATABASE") as told,
        ):
            Store(Schema(Database(url), "projections_000001"))
        assert "s3cret" not in str(told.value)

    def test_a_day_before_any_server_was_there_is_a_day(self, store: Store) -> None:
        """Days come back as days, the first and last that a fact may name too."""
        for partition, day in enumerate((date(2000, 1, 1), date(2099, 12, 31))):
            write(store, partition, Checkpoint(), Checkpoint(1, b"", day))
            assert store.checkpoint(partition).day == day
