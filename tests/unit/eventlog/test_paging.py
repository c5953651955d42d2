"""Walking through a partition: every record once, in order, however the log cuts its answers."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import paging
from eventlog.base import CorruptLogError, Stored

TOPIC = "learning-events"


class Cut:
    """A partition whose log answers with fewer records than asked for, as one does whose records are large."""

    def __init__(self, length: int, at_once: int) -> None:
        """Have this many records and answer with at most so many."""
        self._stored = [Stored(0, offset, None, b"%d" % offset, b"") for offset in range(length)]
        self._at_once = at_once

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Stored]:
        """Records from an offset on."""
        assert (topic, partition) == (TOPIC, 0)
        return self._stored[offset : offset + min(limit, self._at_once)]


@given(
    length=st.integers(0, 30), at_once=st.integers(1, 7), start=st.integers(0, 35), end=st.integers(0, 35) | st.none()
)
def test_every_record_comes_once_and_in_order(length: int, at_once: int, start: int, end: int | None) -> None:
    """Between two offsets, or up to the end, each record comes once, wherever the log cuts its answers."""
    found = paging.each_record(Cut(length, at_once), TOPIC, 0, start, end)

    assert [record.offset for record in found] == list(range(start, length if end is None else min(end, length)))


def test_no_empty_page_comes() -> None:
    """Who asks for the last record of each page always finds one."""
    assert all(paging.pages(Cut(10, 5), TOPIC, 0))


def test_a_partition_that_ends_too_early_is_not_passed_over() -> None:
    """When the records up to an offset were promised, a shorter partition is said to be one, after what it has."""
    pages = paging.pages_until(Cut(7, 5), TOPIC, 0, 2, 10)

    assert [page[-1].offset for page in (next(pages),)] == [6]
    with pytest.raises(CorruptLogError, match="learning-events/0 ends at offset 7, 3 records too early"):
        next(pages)
