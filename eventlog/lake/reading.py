"""Reads the facts of a partition of the lake in the order of the log, although its files are in another one."""

from collections.abc import Generator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from eventlog.lake.columns import NAMES
from eventlog.lake.connection import working_on
from eventlog.lake.lake import Lake, relation
from eventlog.lake.manifest import Manifest
from eventlog.lake.rows import fact_of
from learning.events import Fact

_WINDOW: Final = 250_000
"""Offsets that are sorted at once: they must fit in memory, and each window reads every file that it overlaps."""

_PAGE: Final = 10_000


class LakeFact(NamedTuple):
    """A fact as it stands in the lake."""

    partition: int
    offset: int
    day_known: date | None
    fact: Fact


def facts_in_order(lake: Lake, manifest: Manifest, first: int = 0) -> Generator[LakeFact, None, None]:
    """Every fact of a partition's files from an offset on, by offset; what should not be in them comes, too.

    Memory does not grow with the number of facts. Close it where it is not read to its end.

    Raises:
        LakeError: A file cannot be read.
    """
    with TemporaryDirectory(prefix="engagement-lake-") as spill, working_on(lake.folder, Path(spill)) as connection:
        for start in range(first, max(manifest.position.next_offset, first + 1), _WINDOW):
            connection.execute(*_window(lake, manifest, start))
            while page := connection.fetchmany(_PAGE):
                for row in page:
                    yield LakeFact(row[0], row[1], row[2], fact_of(row))


def _window(lake: Lake, manifest: Manifest, start: int) -> tuple[str, list[int]]:
    """The query of a window with its parameters; the last window has no end, so that nothing is overlooked."""
    end = start + _WINDOW
    is_last = end >= manifest.position.next_offset
    files = [
        lake.folder / file.name
        for file in manifest.files
        if is_last or (file.next_offset > start and file.first_offset < end)
    ]
    until = "" if is_last else "AND log_offset < ?"
    query = f"SELECT {', '.join(NAMES)} FROM {relation(files)} WHERE log_offset >= ? {until} ORDER BY log_offset"
    return query, [start] if is_last else [start, end]
