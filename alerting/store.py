"""The one door to the alert book: opens it in its place and gives transactions."""

from alerting.schema import VERSION, metadata
from registry.database import Database, Layout, Place

LAYOUT = Layout(
    name="alert book",
    metadata=metadata,
    version=VERSION,
    schema="alerting",
    lock_number=0x6E70710000000002,  # the registry's is the one before
)


class AlertStore(Database):
    """The alert book in one place: `alerts.db` in the data folder, or a schema beside the registry's."""

    def __init__(self, place: Place, *, patience: float = 30.0) -> None:
        """Open the alert book, or make it; see `Database` for what it takes and raises."""
        super().__init__(place, LAYOUT, patience=patience)
