"""A process that appends numbered records to a log and prints each number after its append was acknowledged.

Run as: appender.py LOG NAME APPENDS BATCH; one that is started again with the same name begins again at 0.
"""

import sys
from pathlib import Path

from eventlog.base import Record
from eventlog.embedded import EmbeddedLog


def main(path: Path, name: str, appends: int, batch: int) -> None:
    """Append `appends` times `batch` records, spread over the partitions by their keys."""
    with EmbeddedLog(path) as log:
        for first in range(0, appends * batch, batch):
            numbers = range(first, first + batch)
            log.append("facts", [Record(b"%d" % (n % 7), f"{name}:{n}".encode(), f"{name}\n{n:08}") for n in numbers])
            sys.stdout.write("".join(f"{name}:{n}\n" for n in numbers))
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
