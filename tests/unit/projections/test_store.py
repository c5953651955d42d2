"""The store: effects with their checkpoint, and stale writes refused."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from weakref import ReferenceType, ref

import pytest
from sqlalchemy import insert, update

from learning.curriculum import UnknownProgrammeError
from learning.measures import measure
from learning.progress import encode_state, fold_all
from projections import enrolment_progress, enrolment_states, schema
from projections.schema import VERSION, about
from projections.store import Checkpoint, StaleWriteError, Store, StoredState, StoreError
from tests.builders import SMALL, completed, enrolled


class Row(dict[str, object]):
    """A row that tells when it is gone."""


FIRST = Checkpoint(10, b"head-10", date(2025, 10, 1))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    with Store(tmp_path / "store.db") as opened:
        yield opened


def write(  # noqa: PLR0917 - all that one write has
    store: Store,
    partition: int,
    before: Checkpoint,
    after: Checkpoint,
    states: Mapping[str, StoredState],
    rows: Iterable[Mapping[str, object]],
) -> None:
    """Write states and rows with a checkpoint."""
    with store.writing(partition, before, after) as connection:
        enrolment_states.put(connection, states)
        enrolment_progress.put(connection, rows)


def some_effects() -> tuple[dict[str, StoredState], list[dict[str, object]]]:
    """A state and its row."""
    state = fold_all([enrolled(), completed("module-1")])
    progress = measure(state, SMALL, date(2025, 10, 1))
    assert progress is not None
    return {"e-1": StoredState(3, encode_state(state))}, [enrolment_progress.row("e-1", progress)]


def test_effects_are_there_with_their_checkpoint(store: Store) -> None:
    """State, row and checkpoint of one write are read back together."""
    states, rows = some_effects()

    write(store, 3, Checkpoint(), FIRST, states, rows)

    assert store.checkpoint(3) == FIRST
    assert store.states(["e-1", "e-2"]) == states
    with store.connect() as connection:
        assert enrolment_progress.find(connection, "e-1") == {**rows[0], "as_of": FIRST.day}


def test_a_stale_write_is_refused_whole(store: Store) -> None:
    """Who read an older checkpoint writes nothing, neither state nor checkpoint."""
    write(store, 3, Checkpoint(), FIRST, {}, [])
    states, rows = some_effects()

    with pytest.raises(StaleWriteError, match="partition 3 is no longer at offset 0"):
        write(store, 3, Checkpoint(), Checkpoint(5, b"head-5"), states, rows)

    assert store.checkpoint(3) == FIRST
    assert store.states(["e-1"]) == {}


def test_a_write_that_fails_leaves_the_checkpoint(store: Store) -> None:
    """When a row cannot be written, the checkpoint does not move."""
    states, rows = some_effects()
    rows[0]["programme"] = None

    with pytest.raises(Exception, match="NOT NULL"):
        write(store, 3, Checkpoint(), FIRST, states, rows)

    assert store.checkpoint(3) == Checkpoint()
    assert store.states(["e-1"]) == {}


def test_rows_are_let_go_of_as_they_are_written(store: Store) -> None:
    """Rows may come one by one: all are written, while only the newest of them are held."""
    _, [row] = some_effects()
    made: list[ReferenceType[Row]] = []

    def rows() -> Iterator[Row]:
        for number in range(5_000):
            yield (fresh := Row(row, enrolment=f"e-{number}"))
            made.append(ref(fresh))
        assert sum(each() is not None for each in made) <= 2_500

    write(store, 3, Checkpoint(), FIRST, {}, rows())

    with store.connect() as connection:
        assert len(connection.execute(schema.enrolment_progress.select()).all()) == len(made) == 5_000


def test_a_row_that_cannot_be_measured_leaves_nothing_written(store: Store) -> None:
    """When the rows break off in the middle, neither the rows before nor the checkpoint stay."""
    _, [row] = some_effects()

    def rows() -> Iterator[dict[str, object]]:
        for number in range(1_500):
            yield {**row, "enrolment": f"e-{number}"}
        raise UnknownProgrammeError("programme small/gone is in no catalogue file")

    with pytest.raises(UnknownProgrammeError):
        write(store, 3, Checkpoint(), FIRST, {}, rows())

    assert store.checkpoint(3) == Checkpoint()
    with store.connect() as connection:
        assert connection.execute(schema.enrolment_progress.select()).all() == []


def test_a_full_disk_is_one_sentence(store: Store) -> None:
    """When there is no room, the error names the file and the remedy, and nothing is written."""
    states, rows = some_effects()
    states |= {f"e-{number}": StoredState(3, bytes(2_000)) for number in range(100)}
    with store.connect() as connection:  # the one connection, which the write will use again
        [[pages]] = connection.exec_driver_sql("PRAGMA page_count")
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")

    with pytest.raises(StoreError, match=r"store\.db could not be read or written: the disk is full; free some space"):
        write(store, 3, Checkpoint(), FIRST, states, rows)

    assert store.checkpoint(3) == Checkpoint()


def test_a_store_that_lost_a_table_is_to_be_rebuilt(store: Store) -> None:
    """A query that makes no sense to the file says that the file is wrong, not that the query is."""
    with store.connect() as connection:
        connection.exec_driver_sql("DROP TABLE enrolment_progress")
        connection.commit()

    with store.connect() as connection, pytest.raises(StoreError, match=r"store\.db is not a readable .*rebuild`"):
        enrolment_progress.find(connection, "e-1")


def test_a_write_for_a_partition_that_was_never_read_begins_at_zero(store: Store) -> None:
    """A first write that claims to go on from somewhere is stale."""
    with pytest.raises(StaleWriteError):
        write(store, 3, Checkpoint(4), Checkpoint(5, b"head-5"), {}, [])


def test_a_reader_sees_one_moment(store: Store) -> None:
    """What is read on one connection does not move while somebody writes."""
    states, rows = some_effects()
    with store.connect() as connection:
        assert enrolment_progress.find(connection, "e-1") is None
        write(store, 3, Checkpoint(), FIRST, states, rows)
        assert enrolment_progress.find(connection, "e-1") is None


def test_more_states_than_one_statement_takes_are_found(store: Store) -> None:
    """Asking for thousands of states at once works."""
    states = {f"e-{number}": StoredState(0, b"state") for number in range(1_700)}
    write(store, 0, Checkpoint(), FIRST, states, [])

    assert store.states(states) == states


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    """The refusal names the file and the remedy."""
    path = tmp_path / "store.db"
    with Store(path) as store, store.connect() as connection:
        connection.execute(update(about).values(version=0))
        connection.commit()

    with pytest.raises(StoreError, match=r"store\.db has version 0, this program writes 2; run `engagement rebuild`"):
        Store(path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """A damaged file gets a sentence, not a traceback of the database."""
    path = tmp_path / "store.db"
    path.write_bytes(b"this is no database" * 500)

    with pytest.raises(StoreError, match=r"store\.db is not a readable projection store"):
        Store(path)


def test_the_version_is_written_once(tmp_path: Path) -> None:
    """Opening a store again does not add another version."""
    path = tmp_path / "store.db"
    Store(path).close()
    with Store(path) as store, store.connect() as connection, pytest.raises(Exception, match="UNIQUE"):
        connection.execute(insert(about).values(version=VERSION))
