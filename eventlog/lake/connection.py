"""Opens DuckDB for work on the lake itself: in memory, in UTC, within bounds, and with its errors in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from eventlog.lake.manifest import LakeError

DEFAULT_MEMORY = "1GB"


@contextmanager
def working_on(
    folder: Path, spill: Path | None = None, *, memory_limit: str = DEFAULT_MEMORY, threads: int = 1
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for the length of the `with` block.

    Args:
        folder: The lake's, for messages.
        spill: Where DuckDB puts what does not fit in its memory; None: it must fit.
        memory_limit: How much memory DuckDB may take, as it says it, such as "1GB".
        threads: How many cores it may use.

    Raises:
        LakeError: DuckDB cannot do what is asked in the block: a file is away or damaged, the disk is full.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "temp_directory": str(spill or ""),
        "autoinstall_known_extensions": False,
    }
    try:
        with duckdb.connect(config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise LakeError(
            f"DuckDB cannot work on the lake in {folder} ({reason}); check that its disk has room and "
            "that its files are whole, or move the folder aside and archive the log anew."
        ) from error
