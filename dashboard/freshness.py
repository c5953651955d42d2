"""How far the projections were when something was read from them; pages say it of what they show."""

from datetime import date, datetime
from typing import NamedTuple, Self


class Freshness(NamedTuple):
    """How far the projections are."""

    as_of: date | None
    """The day as of which every figure is measured: the latest that has started everywhere."""
    updated_at: datetime | None
    """When anything of an enrolment changed last."""
    behind: int
    """Records on the log that the projections do not have yet."""
    stale: bool
    """Whether they have been behind for so long that what is shown is not to be relied on."""
    records: int
    """Records of the log that the projections have."""

    def has_all_of(self, other: Self) -> bool:
        """Whether both are of the same projections, wherever the log ends by now."""
        return (self.records, self.updated_at, self.as_of) == (other.records, other.updated_at, other.as_of)

    def seen_from(self, now: Self) -> Self:
        """This as of a later moment: what has come into the projections since is missing here, and that is told."""
        return self._replace(behind=now.behind + max(0, now.records - self.records), stale=now.stale)
