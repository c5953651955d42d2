"""Walks a partition page by page, for all who read more of it than one answer of the log holds."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, Protocol

from eventlog.base import CorruptLogError, Stored

PAGE: Final = 20_000
"""Records asked for at once, unless a log answers with fewer because they are large."""


class Readable(Protocol):
    """What records can be read from: a log, or something that has them like one."""

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Stored]:
        """Up to `limit` records from `offset` on, in order; empty at the end."""


def pages(
    log: Readable, topic: str, partition: int, start: int = 0, end: int | None = None
) -> Iterator[Sequence[Stored]]:
    """The records of a partition from offset `start` to before `end`, in order.

    They end where the partition ends when a page is read, before `end` too; None: only there.
    """
    offset = start
    while end is None or offset < end:
        page = log.read(topic, partition, offset, PAGE if end is None else min(PAGE, end - offset))
        if not page:
            return
        yield page
        offset = page[-1].offset + 1


def pages_until(log: Readable, topic: str, partition: int, start: int, end: int) -> Iterator[Sequence[Stored]]:
    """The same records, of which the log has been told that all are there.

    Raises:
        CorruptLogError: The partition ends before.
    """
    offset = start
    for page in pages(log, topic, partition, start, end):
        yield page
        offset = page[-1].offset + 1
    if offset < end:
        raise CorruptLogError(f"{topic}/{partition} ends at offset {offset}, {end - offset} records too early.")


def each_record(log: Readable, topic: str, partition: int, start: int = 0, end: int | None = None) -> Iterator[Stored]:
    """What `pages` has, record by record."""
    return chain.from_iterable(pages(log, topic, partition, start, end))
