"""Writes rows to Parquet files of the lake: one a month, in the order in which one enrolment or cohort reads little."""

from pathlib import Path
from typing import Final

import duckdb

from eventlog.lake.columns import NAMES
from eventlog.lake.committing import NewFile
from eventlog.lake.lake import literal

ROW_GROUP: Final = 20_480
"""Rows of a group, the least that a query reads: a few hundred enrolments of a month. Fewer make the file larger."""

_ORDER: Final = "cohort_hint, enrolment, happened_at, log_offset"
_QUICK, _THOROUGH = 3, 9
"""Levels of compression: the second takes a tenth longer in all, for files that are a thirtieth smaller."""


def write_months(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    offsets: tuple[int, int],
    folder: Path,
    *,
    compacted: bool = False,
) -> list[NewFile]:
    """Write the rows of one partition, a file for each month (UTC) of `recorded_at`.

    Args:
        connection: To DuckDB, in UTC.
        rows: SQL for what follows a FROM, with the lake's columns.
        offsets: The first offset of the log and the one after the last that these rows are all facts of.
        folder: Where the files go; the folder of a `Writer`.
        compacted: Whether the files are to be kept for long.
    """
    months = connection.execute(
        f"SELECT strftime(recorded_at, '%Y-%m') AS month, count(*) FROM {rows} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    files = []
    for month, count in months:
        path = folder / f"{month}-{offsets[0]}.parquet"
        here = rows if len(months) == 1 else f"(FROM {rows} WHERE strftime(recorded_at, '%Y-%m') = {literal(month)})"
        connection.execute(
            f"COPY (SELECT {', '.join(NAMES)} FROM {here} ORDER BY {_ORDER}) TO {literal(str(path))} ("
            f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}, "
            f"COMPRESSION_LEVEL {_THOROUGH if compacted else _QUICK})"
        )
        files.append(NewFile(path, month, *offsets, count, compacted))
    return files
