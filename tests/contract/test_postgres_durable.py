"""A durable database in a schema of PostgreSQL keeps the promises of every durable database."""

import pytest
from sqlalchemy import update

from registry import contacts, schema
from registry.people import Profile, names
from registry.postgresql_schema import PostgresqlDatabase
from registry.store import Registry
from tests.contract.durable_contract import DurableContract
from tests.registry_kit import NOW, know


class TestPostgresDurable(DurableContract):
    """The contract, and the upgrade of a registry in a schema."""

    @pytest.fixture
    def place(self, postgres_url: str) -> PostgresqlDatabase:
        """A database without schemas of ours."""
        return PostgresqlDatabase(postgres_url)

    def test_a_registry_of_version_1_is_upgraded(self, place: PostgresqlDatabase) -> None:
        """People stay, and contacts can be added."""
        with Registry(place) as registry:
            know(registry, Profile(participant="p-1", name="Ada Example"))
            with registry.writing() as connection:
                schema.metadata.drop_all(connection, tables=[schema.endpoint, schema.contact, schema.partner])
                connection.execute(update(schema.about).values(version=1))

        with Registry(place) as registry, registry.writing() as connection:
            made = contacts.create(
                connection, partner="north-hub", label="Desk", email="desk@north.example", now=NOW, by="account-1"
            )
            assert contacts.of_partner(connection, "north-hub") == [made]
            assert names(connection, ["p-1"]) == {"p-1": "Ada Example"}
