"""What every database that nothing makes anew promises; the test of a kind of place inherits it and gives a `place`."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, inspect, select, update

from alerting.schema import fact_waiting
from alerting.store import LAYOUT as ALERTS
from alerting.store import AlertStore
from registry.database import Database, Layout, Place
from registry.errors import RegistryError
from registry.schema import erasure
from registry.store import LAYOUT as REGISTRY
from registry.store import Registry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

OLD = MetaData()
Table("about", OLD, Column("version", Integer, primary_key=True, autoincrement=False))
NOTE = Table("note", OLD, Column("id", Text, primary_key=True))

NEW = MetaData()
Table("about", NEW, Column("version", Integer, primary_key=True, autoincrement=False))
Table("note", NEW, Column("id", Text, primary_key=True), Column("words", Text))
PAGE = Table("page", NEW, Column("id", Text, primary_key=True))


def add_words(connection: Connection) -> None:
    """From version 1 to 2."""
    connection.exec_driver_sql("ALTER TABLE note ADD COLUMN words TEXT")


def add_pages(connection: Connection) -> None:
    """From version 2 to 3."""
    PAGE.create(connection)


BOOK_1 = Layout(name="note book", metadata=OLD, version=1, schema="notes", lock_number=0x6E707100000000FF)
BOOK_3 = replace(BOOK_1, metadata=NEW, version=3, upgrades={1: add_words, 2: add_pages})


class Kind(NamedTuple):
    """A durable database: how it is opened, and a table to write to."""

    open: Callable[[Place], Database]
    layout: Layout
    table: Table
    row: Callable[[int], dict[str, Any]]

    def write(self, database: Database, numbers: Iterable[int]) -> None:
        """Write rows in one transaction."""
        with database.writing() as connection:
            connection.execute(insert(self.table), [self.row(number) for number in numbers])

    def ids(self, database: Database) -> list[str]:
        """Of all rows."""
        [key] = self.table.primary_key
        with database.reading() as connection:
            return list(connection.scalars(select(key).order_by(key)))


KINDS = {
    "registry": Kind(Registry, REGISTRY, erasure, lambda number: {"participant": f"p-{number}", "erased_at": NOW}),
    "alerts": Kind(
        AlertStore, ALERTS, fact_waiting, lambda number: {"id": f"p-{number}", "participant": "p", "value": b""}
    ),
    "notes": Kind(partial(Database, layout=BOOK_1), BOOK_1, NOTE, lambda number: {"id": f"p-{number}"}),
}


def columns(database: Database) -> dict[str, list[str]]:
    """The columns of each table, as the database says."""
    with database.reading() as connection:
        found = inspect(connection)
        return {name: [each["name"] for each in found.get_columns(name)] for name in found.get_table_names()}


class DurableContract:
    """The promises. `place` is where no database is yet."""

    @pytest.fixture(params=KINDS.values(), ids=KINDS)
    def kind(self, request: pytest.FixtureRequest) -> Kind:
        """Each durable database there is."""
        found: Kind = request.param
        return found

    def test_what_is_written_is_there_when_it_is_opened_again(self, place: Place, kind: Kind) -> None:
        """The database is kept in its place."""
        with kind.open(place) as database:
            kind.write(database, [1, 2])
        with kind.open(place) as again:
            assert kind.ids(again) == ["p-1", "p-2"]

    def test_several_stand_in_one_place_beside_each_other(self, place: Place) -> None:
        """What is written to one is not in the others, even in one PostgreSQL database."""
        apart = [place.with_name(f"{name}.db") if hasattr(place, "with_name") else place for name in KINDS]
        for number, (where, kind) in enumerate(zip(apart, KINDS.values(), strict=True)):
            with kind.open(where) as database:
                kind.write(database, [number])
        for number, (where, kind) in enumerate(zip(apart, KINDS.values(), strict=True)):
            with kind.open(where) as database:
                assert kind.ids(database) == [f"p-{number}"]

    def test_a_newer_version_is_refused(self, place: Place, kind: Kind) -> None:
        """What this program would misread is not opened; the message says which, and what to do."""
        version = kind.layout.version + 1
        with kind.open(place) as database, database.writing() as connection:
            connection.execute(update(kind.layout.about).values(version=version))
        with pytest.raises(RegistryError, match=f"the {kind.layout.name} .* has version {version}.*newest version"):
            kind.open(place)

    def test_an_older_version_that_nothing_upgrades_is_refused(self, place: Place, kind: Kind) -> None:
        """Where a step is missing, nothing is changed and the message says so."""
        with kind.open(place) as database, database.writing() as connection:
            connection.execute(update(kind.layout.about).values(version=0))
        for _ in range(2):
            with pytest.raises(RegistryError, match=f"the {kind.layout.name} .* has version 0.*newer copy"):
                kind.open(place)

    def test_a_transaction_that_fails_leaves_nothing(self, place: Place, kind: Kind) -> None:
        """What stands in a block is written as a whole or not at all."""

        def fail(database: Database) -> None:
            with database.writing() as connection:
                connection.execute(insert(kind.table), kind.row(1))
                raise LookupError

        with kind.open(place) as database:
            with pytest.raises(LookupError):
                fail(database)
            assert kind.ids(database) == []

    def test_a_reader_changes_nothing(self, place: Place, kind: Kind) -> None:
        """A connection for queries refuses to write."""
        with kind.open(place) as database:
            with database.reading() as connection, pytest.raises(RegistryError, match="could not be read or written"):
                connection.execute(insert(kind.table), kind.row(1))
            assert kind.ids(database) == []

    def test_a_reader_sees_one_moment(self, place: Place, kind: Kind) -> None:
        """What is written meanwhile is not seen until another connection is asked for, and nobody waits."""
        with kind.open(place) as database:
            with database.reading() as connection:
                before = connection.execute(select(kind.table)).all()
                kind.write(database, [1])
                assert connection.execute(select(kind.table)).all() == before == []
            assert kind.ids(database) == ["p-1"]

    def test_many_open_and_write_at_once(self, place: Place, kind: Kind) -> None:
        """Programs that start at the same moment all find one database, and nobody's writing is lost."""

        def work(number: int) -> None:
            with kind.open(place) as database:
                kind.write(database, [number])

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(work, range(10, 22)))
        with kind.open(place) as database:
            assert kind.ids(database) == [f"p-{number}" for number in range(10, 22)]

    def test_overwriting_what_was_deleted_keeps_the_rest(self, place: Place, kind: Kind) -> None:
        """A table that is written anew has the same rows as before."""
        with kind.open(place) as database:
            kind.write(database, range(100, 200))
            database.overwrite_deleted(kind.table)
            assert kind.ids(database) == [f"p-{number}" for number in range(100, 200)]

    def test_an_older_version_is_upgraded_with_everything_kept(self, place: Place) -> None:
        """All steps are done, the rows stay, and the tables are those of a database that is new."""
        with Database(place, BOOK_1) as old:
            KINDS["notes"].write(old, [1, 2])
        for _ in range(2):
            with Database(place, BOOK_3) as upgraded, upgraded.reading() as connection:
                assert KINDS["notes"].ids(upgraded) == ["p-1", "p-2"]
                assert connection.scalar(select(BOOK_3.about.c.version)) == 3
                assert columns(upgraded) == {"about": ["version"], "note": ["id", "words"], "page": ["id"]}

    def test_an_upgrade_that_fails_leaves_the_version_before(self, place: Place) -> None:
        """Whatever the steps before did is undone, the older program still opens it, and another try succeeds."""

        def fail(connection: Connection) -> None:
            add_pages(connection)
            raise LookupError

        with Database(place, BOOK_1) as old:
            KINDS["notes"].write(old, [1])
        with pytest.raises(LookupError):
            Database(place, replace(BOOK_3, upgrades={1: add_words, 2: fail}))

        with Database(place, BOOK_1) as still:
            assert columns(still) == {"about": ["version"], "note": ["id"]}
        with Database(place, BOOK_3) as upgraded:
            assert KINDS["notes"].ids(upgraded) == ["p-1"]

    def test_an_upgrade_with_a_step_missing_changes_nothing(self, place: Place) -> None:
        """A first step that could be done is not, when the second is not there."""
        Database(place, BOOK_1).close()
        with pytest.raises(RegistryError, match="has version 1, this program reads 3"):
            Database(place, replace(BOOK_3, upgrades={1: add_words}))
        with Database(place, BOOK_1) as still:
            assert columns(still)["note"] == ["id"]

    def test_many_that_open_an_older_version_upgrade_it_once(self, place: Place) -> None:
        """Programs of a new version that start at the same moment do each step once."""
        done: list[str] = []

        def counted(connection: Connection) -> None:
            done.append("words")
            add_words(connection)

        Database(place, BOOK_1).close()
        layout = replace(BOOK_3, upgrades={1: counted, 2: add_pages})
        with ThreadPoolExecutor(6) as threads:
            for opened in threads.map(lambda _: Database(place, layout), range(6)):
                opened.close()

        assert done == ["words"]
