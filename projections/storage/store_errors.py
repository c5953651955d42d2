"""What can go wrong with a store, so that a worker can tell what to retry from what a person must put right."""

from learning.errors import EngagementError


class StoreError(EngagementError):
    """The projections cannot be read or written; the message names the place and the remedy."""


class StoreAwayError(StoreError):
    """The database server cannot be reached or went away in the middle; the same may succeed later."""


class ContendedError(StoreError):
    """Another writer was in the way and nothing was written; the same from the start will succeed."""


class StaleWriteError(StoreError):
    """Somebody else has moved this partition on since it was read; what was to be written is out of date."""


class RebuildRunningError(EngagementError):
    """A second rebuild was started beside one that has not ended."""

    def __init__(self, where: object) -> None:
        """Say where."""
        super().__init__(f"The projections in {where} are being rebuilt already; wait until that rebuild has ended.")
