"""An analyst's program: counts the facts of the lake again and again, with nothing but DuckDB and a list of its files.

Run as: analyst.py LAKE; each count is a line on standard output; it ends when standard input does.
"""

import sys
import threading
from pathlib import Path

import duckdb

from eventlog.lake.lake import Lake

_QUERY = "SELECT count(*), count(DISTINCT (log_partition, log_offset)), count(DISTINCT enrolment) FROM "


def main(folder: Path) -> None:
    """Count until told to end, and once more then."""
    told = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(told,), daemon=True).start()
    ended = False
    while not ended:
        ended = told.is_set()
        with duckdb.connect() as connection:
            found = connection.execute(_QUERY + Lake(folder).relation()).fetchone()
        print(*(found or ()), flush=True)  # noqa: T201 - what the test reads


def _wait_for_the_end(told: threading.Event) -> None:
    sys.stdin.read()
    told.set()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
