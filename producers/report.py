"""What became of an import: one result for every producer that reads files, so that all are reported alike."""

from datetime import datetime

from msgspec import Struct

from eventlog.base import EventLog
from eventlog.rejects import Parked, park
from learning.errors import EngagementError
from producers.publisher import Published


class UnreadableFileError(EngagementError):
    """A file that holds something else altogether; the message says what, and what to send instead."""


class RowError(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with one row of a sheet, told so that its keeper can mend it."""

    file: str
    row: int
    """As the spreadsheet program numbers it, from 1."""
    column: str
    """The heading as the sheet has it."""
    value: str
    wrong: str
    remedy: str


class Report(Struct, frozen=True, kw_only=True):
    """What an import did."""

    appended: int = 0
    """Facts that are new on the log."""
    duplicates: int = 0
    """Facts that were on the log already; nothing was added."""
    conflicts: int = 0
    """Facts whose id stands for another fact; parked as rejects."""
    parked: int = 0
    """Lines or rows that could not be understood; parked as rejects (once, however often they are sent)."""
    row_errors: tuple[RowError, ...] = ()
    """Why rows were parked; a row can have several faults."""
    notes: tuple[str, ...] = ()
    """What else the user should know, a sentence each."""

    def __add__(self, other: "Report") -> "Report":
        """Two imports told as one."""
        return Report(
            appended=self.appended + other.appended,
            duplicates=self.duplicates + other.duplicates,
            conflicts=self.conflicts + other.conflicts,
            parked=self.parked + other.parked,
            row_errors=self.row_errors + other.row_errors,
            notes=self.notes + other.notes,
        )

    def plus(self, published: Published) -> "Report":
        """This report with a publication counted in."""
        return self + Report(
            appended=published.appended, duplicates=published.duplicates, conflicts=published.conflicts
        )


class Refused(Struct, frozen=True):
    """A line or row that is no fact: where it stands, why it was refused, and what of it may be kept."""

    origin: str
    reason: str
    original: bytes


def set_aside(log: EventLog, refused: list[Refused], now: datetime) -> Report:
    """Park what was refused and count it."""
    park(log, [Parked(origin=each.origin, reason=each.reason, original=each.original, at=now) for each in refused])
    return Report(parked=len(refused))
