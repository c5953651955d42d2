"""The alert book keeps what the registry keeps apart: where alerts stand, and no address of anybody."""

from pathlib import Path

from sqlalchemy import inspect

from alerting.schema import VERSION, metadata
from alerting.store import LAYOUT, AlertStore
from registry.schema import metadata as registry_metadata
from registry.store import LAYOUT as REGISTRY_LAYOUT


def test_it_has_its_tables_and_no_others(tmp_path: Path) -> None:
    """A new alert book has all tables of its schema."""
    with AlertStore(tmp_path / "alerts.db") as store, store.reading() as connection:
        assert set(inspect(connection).get_table_names()) == metadata.tables.keys()


def test_no_column_is_for_names_or_addresses() -> None:
    """Whom to write to stands in the registry, where it can be erased; here are ids."""
    personal = {"name", "email", "label", "url", "secret"}
    columns = {column.name for table in metadata.tables.values() for column in table.columns}

    assert columns & personal == set()
    assert personal <= {column.name for table in registry_metadata.tables.values() for column in table.columns}


def test_beside_the_registry_it_has_a_place_of_its_own() -> None:
    """In one PostgreSQL database neither schema nor lock is the registry's: who sends holds up nobody who signs in."""
    assert LAYOUT.schema != REGISTRY_LAYOUT.schema
    assert LAYOUT.lock_number != REGISTRY_LAYOUT.lock_number


def test_every_version_that_there_was_can_be_upgraded() -> None:
    """Whoever has an older alert book loses nothing by a new version of the program."""
    assert sorted(LAYOUT.upgrades) == list(range(1, VERSION))
