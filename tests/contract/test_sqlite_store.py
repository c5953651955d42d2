"""A store in an SQLite file keeps the promises of every store, and some of its own."""

from pathlib import Path

import pytest

from projections.checkpoints import Checkpoint
from projections.enrolment_states import StoredState
from projections.store import Store, StoreError
from tests.contract.live_contract import LiveContract
from tests.contract.store_contract import FIRST, StoreContract, write


class TestSqliteStore(StoreContract):
    """The contract, and what comes with a file."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """A file that is not there yet."""
        return tmp_path / "data" / "store.db"

    def test_a_full_disk_is_one_sentence(self, store: Store) -> None:
        """When there is no room, the error names the file and the remedy, and nothing is written."""
        states = {f"e-{number}": StoredState(3, bytes(2_000)) for number in range(100)}
        with store.connect() as connection:  # the one connection, which the write will use again
            [[pages]] = connection.exec_driver_sql("PRAGMA page_count")
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")

        with pytest.raises(
            StoreError, match=r"store\.db could not be read or written: the disk is full; free some space"
        ):
            write(store, 3, Checkpoint(), FIRST, states=states)

        assert store.checkpoint(3) == Checkpoint()

    def test_a_file_that_is_no_store_is_refused(self, place: Path) -> None:
        """A damaged file gets a sentence, not a traceback of the database."""
        place.parent.mkdir()
        place.write_bytes(b"this is no database" * 500)

        with pytest.raises(StoreError, match=r"store\.db is not a readable projection store"):
            Store(place)


class TestLiveFolder(LiveContract):
    """The contract, and what comes with files."""

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        """A folder that is not there yet."""
        return tmp_path / "projections"
