"""What a read brings: the next records of a partition, as many as are wanted and fit, without a gap."""

import sqlite3
from contextlib import closing
from pathlib import Path

from eventlog.base import Stored
from eventlog.sqlite.file import damaged
from eventlog.sqlite.slots import Place

_FETCH = 128
_READ = (
    "SELECT ?, position - ?, key, value, head FROM records "
    "WHERE position >= ? AND position < ? ORDER BY position LIMIT ?"
)


def read_records(
    connection: sqlite3.Connection, path: Path, place: Place, offset: int, *, limit: int, max_bytes: int
) -> list[Stored]:
    """Up to `limit` records from `offset` on; their values add up to `max_bytes` at most, unless the first is larger.

    Raises:
        CorruptLogError: When a record in between is gone.
    """
    with closing(connection.cursor()) as rows:
        rows.execute(_READ, (place.partition, place.base, place.base + offset, place.end, limit))
        records = _fetch(rows, max_bytes)
    if records and (records[0].offset != offset or records[-1].offset != offset + len(records) - 1):
        raise damaged(path, f"{place} has a gap at or after offset {offset}")
    return records


def _fetch(rows: sqlite3.Cursor, max_bytes: int) -> list[Stored]:
    """The first row, and those after it while all values together stay within `max_bytes`."""
    records: list[Stored] = []
    left = max_bytes
    while left >= 0 and (some := rows.fetchmany(_FETCH)):
        records.extend(map(Stored._make, some))
        left -= sum([len(row[3]) for row in some])
    while left < 0 and len(records) > 1:
        left += len(records.pop().value)
    return records
