"""What every store of the projections promises; the test of a kind inherits these tests and gives a `place` fixture."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from weakref import ReferenceType, ref

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from eventlog.rejects import Parked
from learning.curriculum import UnknownProgrammeError
from learning.events import encode
from learning.measures import measure
from learning.progress import encode_state, fold_all
from projections import enrolment_progress, enrolment_states, outbox, schema
from projections.checkpoints import Checkpoint, lock_partitions
from projections.enrolment_states import StoredState
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.schema import VERSION, about
from projections.storage.places import Place
from projections.store import ContendedError, StaleWriteError, Store, StoreError
from tests.builders import SMALL, START, completed, enrolled

FIRST = Checkpoint(10, b"head-10", date(2025, 10, 1), "2025-10")


class Row(dict[str, object]):
    """A row that tells when it is gone."""


def write(
    store: Store,
    partition: int,
    before: Checkpoint,
    after: Checkpoint,
    *,
    states: Mapping[str, StoredState] | None = None,
    rows: Iterable[Mapping[str, object]] = (),
) -> None:
    """Write states and rows with a checkpoint."""
    with store.writing(partition, before, after) as connection:
        enrolment_states.put(connection, states or {})
        enrolment_progress.put(connection, rows)


def some_effects() -> tuple[dict[str, StoredState], list[dict[str, object]]]:
    """A state and its row."""
    state = fold_all([enrolled(), completed("module-1")])
    progress = measure(state, SMALL, date(2025, 10, 1))
    assert progress is not None
    return {"e-1": StoredState(3, encode_state(state))}, [enrolment_progress.row("e-1", progress, "watch", START)]


class StoreContract:
    """The promises. `place` is where no store is yet."""

    @pytest.fixture
    def store(self, place: Place) -> Iterator[Store]:
        """An empty store."""
        with Store(place) as opened:
            yield opened

    def test_effects_are_there_with_their_checkpoint(self, store: Store) -> None:
        """State, row and checkpoint of one write are read back together, as equal values."""
        states, rows = some_effects()

        write(store, 3, Checkpoint(), FIRST, states=states, rows=rows)

        assert store.checkpoint(3) == FIRST
        assert store.states(["e-1", "e-2"]) == states
        with store.connect() as connection:
            assert enrolment_progress.find(connection, "e-1") == {**rows[0], "as_of": FIRST.day}

    def test_a_stale_write_is_refused_whole(self, store: Store) -> None:
        """Who read an older checkpoint writes nothing, neither state nor checkpoint."""
        write(store, 3, Checkpoint(), FIRST)
        states, rows = some_effects()

        with pytest.raises(StaleWriteError, match="partition 3 is no longer at offset 0"):
            write(store, 3, Checkpoint(), Checkpoint(5, b"head-5"), states=states, rows=rows)

        assert store.checkpoint(3) == FIRST
        assert store.states(["e-1"]) == {}

    def test_a_write_for_a_partition_that_was_never_read_begins_at_zero(self, store: Store) -> None:
        """A first write that claims to go on from somewhere is stale."""
        with pytest.raises(StaleWriteError):
            write(store, 3, Checkpoint(4), Checkpoint(5, b"head-5"))

    def test_an_offset_beyond_two_thousand_million_is_kept(self, store: Store) -> None:
        """A partition may hold more records than a small whole number counts."""
        write(store, 3, Checkpoint(), after := Checkpoint(5_000_000_000, b"far"))

        assert store.checkpoint(3) == after

    def test_a_write_that_fails_leaves_the_checkpoint(self, store: Store) -> None:
        """When a row cannot be written, the checkpoint does not move."""
        states, rows = some_effects()
        rows[0]["programme"] = None

        with pytest.raises(IntegrityError):
            write(store, 3, Checkpoint(), FIRST, states=states, rows=rows)

        assert store.checkpoint(3) == Checkpoint()
        assert store.states(["e-1"]) == {}

    def test_a_row_that_cannot_be_measured_leaves_nothing_written(self, store: Store) -> None:
        """When the rows break off in the middle, neither the rows before nor the checkpoint stay."""
        _, [row] = some_effects()

        def rows() -> Iterator[dict[str, object]]:
            for number in range(1_500):
                yield {**row, "enrolment": f"e-{number}"}
            raise UnknownProgrammeError("programme small/gone is in no catalogue file")

        with pytest.raises(UnknownProgrammeError):
            write(store, 3, Checkpoint(), FIRST, rows=rows())

        assert store.checkpoint(3) == Checkpoint()
        with store.connect() as connection:
            assert connection.execute(schema.enrolment_progress.select()).all() == []

    def test_rows_are_let_go_of_as_they_are_written(self, store: Store) -> None:
        """Rows may come one by one: all are written, while only the newest of them are held."""
        _, [row] = some_effects()
        made: list[ReferenceType[Row]] = []

        def rows() -> Iterator[Row]:
            for number in range(5_000):
                yield (fresh := Row(row, enrolment=f"e-{number}"))
                made.append(ref(fresh))
            assert sum(each() is not None for each in made) <= 2_500

        write(store, 3, Checkpoint(), FIRST, rows=rows())

        with store.connect() as connection:
            assert len(connection.execute(schema.enrolment_progress.select()).all()) == len(made) == 5_000

    def test_a_row_is_written_over(self, store: Store) -> None:
        """Writing a row again leaves one, as it is now; a day changes only what it says."""
        _, [row] = some_effects()
        write(store, 3, Checkpoint(), FIRST, states={"e-1": StoredState(3, b"")}, rows=[row])
        changed = {**row, "points": 77, "cohort": None, "completion": 0.1 + 0.2}
        day = {"of": "e-1", **{name: row[name] for name in enrolment_progress.DAILY}, "lag_weeks": 4}

        with store.changing() as connection:
            enrolment_progress.put(connection, [changed])
            enrolment_progress.put_days(connection, [day])

        with store.connect() as connection:
            found = enrolment_progress.find(connection, "e-1")
        assert found == {**changed, "lag_weeks": 4, "as_of": FIRST.day}

    def test_a_state_is_added_once(self, store: Store) -> None:
        """Adding a state that is there by now says that somebody else was first, and adds none of the others."""
        write(store, 3, Checkpoint(), FIRST, states={"e-1": StoredState(3, b"theirs")})

        with pytest.raises(ContendedError), store.changing() as connection:
            enrolment_states.add(connection, {each: StoredState(4, b"ours") for each in ("e-0", "e-1")})

        assert store.states(["e-0", "e-1"]) == {"e-1": StoredState(3, b"theirs")}

    def test_partitions_that_are_locked_answer_their_checkpoints(self, store: Store) -> None:
        """Whoever locks partitions is told how far they are; those that were never read are left out."""
        write(store, 3, Checkpoint(), FIRST)

        with store.changing() as connection:
            assert lock_partitions(connection, [7, 3]) == {3: FIRST}

    def test_a_reader_sees_one_moment(self, store: Store) -> None:
        """What is read on one connection does not move while somebody writes."""
        states, rows = some_effects()
        with store.connect() as connection:
            assert enrolment_progress.find(connection, "e-1") is None
            write(store, 3, Checkpoint(), FIRST, states=states, rows=rows)
            assert enrolment_progress.find(connection, "e-1") is None

    def test_more_states_than_one_statement_takes_are_found(self, store: Store) -> None:
        """Asking for thousands of states at once works."""
        states = {f"e-{number}": StoredState(0, bytes(range(256))) for number in range(1_700)}
        write(store, 0, Checkpoint(), FIRST, states=states)

        assert store.states(states) == states

    def test_texts_are_kept_and_ordered_by_their_characters(self, store: Store) -> None:
        """Long ids, capitals, accents and signs stand in the order of their code points, wherever the server is."""
        ids = ["-", "A", "Z", "_a", "a", "a\N{COMBINING ACUTE ACCENT}", "z", "é", "\U0001f600", "z" * 256]
        write(store, 0, Checkpoint(), FIRST, states={each: StoredState(0, b"") for each in ids})

        with store.connect() as connection:
            query = select(schema.enrolment_state.c.enrolment).order_by(schema.enrolment_state.c.enrolment)
            assert list(connection.scalars(query)) == sorted(ids)

    def test_ids_are_found_whether_in_capitals_or_not(self, store: Store) -> None:
        """Who looks for an id like one in small letters is offered the one in capitals."""
        _, [row] = some_effects()
        write(store, 3, Checkpoint(), FIRST, rows=[{**row, "enrolment": "E-ABCD", "participant": "p_100%"}])

        with store.connect() as connection:
            assert enrolment_progress.ids_like(connection, "e-abxx") == ["E-ABCD"]
            assert enrolment_progress.ids_like(connection, "p_100x") == ["p_100%"]
            assert enrolment_progress.ids_like(connection, "pxxxxx") == []

    def test_what_no_text_can_hold_is_parked(self, store: Store) -> None:
        """A fact with a zero character in any of its texts never reaches a column; the facts beside it count."""
        parked: list[Parked] = []
        projector = Projector(store, Rulebook(SMALL), park=parked.extend, now=lambda: START)
        sound = encode(enrolled(cohort="cohort-1"))
        texts = [b"e-1", b"p-1", b"small/course", b"autumn", b"provider-1", b"partner-1", b"cohort-1", b"/tests"]
        facts = [sound.replace(each, each + rb"\u0000") for each in texts]
        assert len({*facts, sound}) == 9

        projector.apply(0, list(enumerate([*facts, sound])), b"head")

        assert [each.original for each in parked] == facts
        assert store.states(["e-1"]).keys() == {"e-1"}

    def test_messages_are_relayed_in_order(self, store: Store) -> None:
        """What waits is told by day and id, up to a day; what has left waits no more."""
        make = partial(outbox.Message, enrolment="e-1", topic="risk-changes", key="p-1", value=b"{}")
        ids = ["b", "a", "c"]
        with store.changing() as connection:
            outbox.put(connection, [make(id=each, day=date(2025, 10, 1 + (each == "c"))) for each in ids])
            outbox.mark_relayed(connection, outbox.waiting(connection, 1, date(2025, 10, 1)))

        with store.connect() as connection:
            assert [each.id for each in outbox.waiting(connection, 9, date(2025, 10, 1))] == ["b"]
            assert outbox.relayed(connection) == ["a"]

    def test_a_store_of_another_version_is_refused(self, store: Store, place: Place) -> None:
        """The refusal names the place and the remedy."""
        with store.changing() as connection:
            connection.execute(update(about).values(version=0))

        with pytest.raises(StoreError, match=r"has version 0, this program writes \d+; run `engagement rebuild`"):
            Store(place)

    def test_the_version_is_written_once(self, store: Store, place: Place) -> None:
        """Opening a store again does not add another version."""
        with Store(place) as again, again.connect() as connection:
            assert list(connection.scalars(select(about.c.version))) == [VERSION]
        with pytest.raises(IntegrityError), store.changing() as connection:
            connection.execute(insert(about).values(version=VERSION))

    def test_a_store_that_lost_a_table_is_to_be_rebuilt(self, store: Store) -> None:
        """A query that makes no sense to the place says that the place is wrong, not that the query is."""
        with store.changing() as connection:
            connection.exec_driver_sql("DROP TABLE enrolment_progress")

        with store.connect() as connection, pytest.raises(StoreError, match=r"a readable .*store.*rebuild`"):
            enrolment_progress.find(connection, "e-1")
