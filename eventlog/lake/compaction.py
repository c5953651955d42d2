"""Merges the many small files that archiving leaves into few, while others read them and archiving goes on."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

import duckdb
from msgspec.structs import replace

from eventlog.lake.columns import NAMES
from eventlog.lake.committing import Change, NewFile, Writer, remove, writing
from eventlog.lake.connection import DEFAULT_MEMORY, working_on
from eventlog.lake.lake import Lake, relation
from eventlog.lake.manifest import Archived, LakeFile, Manifest, Retired, StaleLakeError
from eventlog.lake.parquet import write_months
from learning.facts import Enrolled

TARGET_ROWS: Final = 2_000_000
GRACE: Final = timedelta(hours=24)
"""For so long a file that was replaced stays, for those who began to read it before."""

_NEAREST: Final = 50_000
"""Places that were archived up to are kept at least so far apart: enough to begin a replay in between."""


class Compacted(NamedTuple):
    """What a compaction did."""

    merged: int = 0
    """Files that no longer count."""
    written: int = 0
    """Files that count in their stead."""
    removed: int = 0
    """Files that were deleted, since they had been replaced long enough ago."""


def compact(
    lake: Lake,
    now: datetime,
    *,
    target_rows: int = TARGET_ROWS,
    grace: timedelta = GRACE,
    memory_limit: str = DEFAULT_MEMORY,
) -> Compacted:
    """Merge the files of each month and partition, sort them anew and give their facts the cohort hints they lacked.

    A partition changes in one step. Who began to read goes on with the files that were there.

    Args:
        lake: What to compact.
        now: The present, with a zone.
        target_rows: How many facts a file may have; one that has more was merged before and is left alone.
        grace: How long replaced files stay.
        memory_limit: How much memory sorting may take; the rest goes to the lake's disk.

    Raises:
        StaleLakeError: Somebody else compacted a partition meanwhile; it is as they left it.
        LakeError: The lake cannot be read or written.
    """
    done = Compacted()
    for partition in lake.partitions():
        with (
            writing(lake, partition) as writer,
            working_on(lake.folder, writer.aside / "spill", memory_limit=memory_limit) as connection,
        ):
            groups = list(_groups(lake.manifest(partition).files, target_rows))
            if groups:
                _know_cohorts(connection, lake)
            files = [new for group in groups for new in _merged(connection, writer, group)]
            old = [file for group in groups for file in group]
            removed = _commit(writer, old, files, now, grace)
            done = Compacted(done.merged + len(old), done.written + len(files), done.removed + removed)
    return done


def _groups(files: Iterable[LakeFile], target_rows: int) -> Iterator[list[LakeFile]]:
    """The files of each month that are to become one, in the order of the log."""
    by_month = sorted(files, key=lambda file: (file.month, file.first_offset))
    for _, of_month in groupby(by_month, key=lambda file: file.month):
        group: list[LakeFile] = []
        for file in of_month:
            if group and sum(each.rows for each in group) + file.rows > target_rows:
                yield from _worthwhile(group)
                group = []
            group.append(file)
        yield from _worthwhile(group)


def _worthwhile(group: list[LakeFile]) -> Iterator[list[LakeFile]]:
    if len(group) > 1 or not group[0].compacted:
        yield group


def _know_cohorts(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    connection.execute(
        f"""
        CREATE TEMP TABLE IF NOT EXISTS hint AS
        SELECT enrolment, arg_min(programme || ' ' || intake, (log_partition, log_offset)) AS cohort_hint
        FROM {lake.relation()} WHERE type = ? GROUP BY enrolment""",
        [Enrolled.TYPE],
    )


def _merged(connection: duckdb.DuckDBPyConnection, writer: Writer, group: Sequence[LakeFile]) -> list[NewFile]:
    columns = ", ".join(
        "coalesce(hint.cohort_hint, facts.cohort_hint) AS cohort_hint" if name == "cohort_hint" else f"facts.{name}"
        for name in NAMES
    )
    facts = relation([writer.lake.folder / file.name for file in group])
    rows = f"(SELECT {columns} FROM {facts} AS facts LEFT JOIN hint ON hint.enrolment = facts.enrolment)"
    offsets = (min(file.first_offset for file in group), max(file.next_offset for file in group))
    return write_months(connection, rows, offsets, writer.aside, compacted=True)


def _commit(writer: Writer, old: Sequence[LakeFile], new: Sequence[NewFile], now: datetime, grace: timedelta) -> int:
    """Have the new files count instead of the old ones; answer how many were deleted that had been replaced before."""
    expired = [file.name for file in writer.lake.manifest(writer.partition).retired if file.at <= now - grace]
    if not old and not expired:
        return 0
    writer.commit(new, _replacing(old, expired, now))
    remove(writer.lake, expired)
    return len(expired)


def _replacing(old: Sequence[LakeFile], expired: Sequence[str], now: datetime) -> Change:
    def change(manifest: Manifest, files: Sequence[LakeFile]) -> Manifest:
        if not set(expired) <= {file.name for file in manifest.retired} or any(
            file not in manifest.files for file in old
        ):
            raise StaleLakeError(
                f"partition {manifest.partition} of the lake was compacted by somebody else meanwhile; "
                "their work stands, so there is nothing to do"
            )
        kept = [file for file in manifest.files if file not in old]
        waiting = [file for file in manifest.retired if file.name not in expired]
        return replace(
            manifest,
            archived=_thinned(manifest.archived),
            files=sorted([*kept, *files], key=lambda file: (file.first_offset, file.month)),
            retired=[*waiting, *(Retired(name=file.name, at=now) for file in old)],
        )

    return change


def _thinned(archived: Sequence[Archived]) -> list[Archived]:
    """Leave out places that lie close together; the last one stays, as it says how far the lake goes."""
    kept: list[Archived] = []
    for place in archived:
        before = kept[-2].next_offset if len(kept) > 1 else 0
        if kept and place.next_offset - before <= _NEAREST:
            kept.pop()
        kept.append(place)
    return kept
