"""What the API tells about facts that were sent to it."""

from typing import Literal

from dashboard.api.models import Told


class EventResult(Told):
    """What became of one envelope."""

    index: int
    """Its place in what was sent, counted from 0."""
    id: str | None
    """Its id, if it could be read."""
    source: str | None
    """Its source, if it could be read."""
    result: Literal["accepted", "duplicate", "conflict", "refused"]
    """`accepted`: it is on the log, durably. `duplicate`: it was there already. `conflict`: its id stands for another
    fact, which stays. `refused`: it is not taken."""
    status: int
    """The HTTP status that it would have by itself."""
    reason: str | None = None
    """Why it was not taken, and what to do."""


class EventResults(Told):
    """What became of each envelope of a list."""

    accepted: int
    """Envelopes that are on the log now."""
    duplicates: int
    """Envelopes that were there already."""
    conflicts: int
    """Envelopes whose id stands for another fact."""
    refused: int
    """Envelopes that are not taken."""
    results: list[EventResult]
    """One for each envelope, in their order."""
