"""The one door to the registry: opens it in its place and gives transactions; the other modules say what is done there.

What belongs together is one transaction, above all an action and its entry in the audit trail.
"""

from registry.database import Database, Layout, Place
from registry.errors import RegistryAwayError, RegistryBusyError, RegistryError
from registry.postgresql_schema import PostgresqlDatabase
from registry.schema import VERSION, contact, endpoint, metadata, person, upgrade_from_1

__all__ = ["Place", "PostgresqlDatabase", "Registry", "RegistryAwayError", "RegistryBusyError", "RegistryError"]

LAYOUT = Layout(
    name="registry",
    metadata=metadata,
    version=VERSION,
    schema="registry",
    lock_number=0x6E70710000000001,  # other numbers of the database are the projections' and the alert book's
    upgrades={1: upgrade_from_1},
)


class Registry(Database):
    """The registry in one place."""

    def __init__(self, place: Place, *, patience: float = 30.0) -> None:
        """Open the registry, or make it; see `Database` for what it takes and raises."""
        super().__init__(place, LAYOUT, patience=patience)

    def purge(self) -> None:
        """Overwrite what deleting left of people and addresses: after `contacts.remove` and in `erasing.erase`."""
        self.overwrite_deleted(person, contact, endpoint)
