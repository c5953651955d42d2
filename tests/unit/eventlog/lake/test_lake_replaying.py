"""The lake can be read as if it were the log."""

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import pytest

from eventlog.base import Stored
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.compaction import compact
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError
from eventlog.lake.replaying import LakeLog
from eventlog.lake.writing import archive
from tests.unit.eventlog.lake.lake_kit import GARBAGE, NOW, a_little_of_everything, a_log, a_log_and_a_lake, put, visits

_FACTS = [*a_little_of_everything(), GARBAGE]


def _all_of(log: LakeLog | EmbeddedLog, partition: int, limit: int, end: int) -> list[Sequence[Stored]]:
    pages: list[Sequence[Stored]] = []
    offset = 0
    while offset < end and (page := log.read(FACTS_TOPIC, partition, offset, min(limit, end - offset))):
        pages.append(page)
        offset = page[-1].offset + 1
    return pages


@pytest.mark.parametrize("limit", [1, 7, 20_000])
@pytest.mark.parametrize("window", [5, 250_000])
def test_a_replay_of_the_lake_is_a_replay_of_the_log(limit: int, window: int) -> None:
    """Offsets, keys and values of all records are the log's, what is no fact included, whatever is read at once."""
    with a_log_and_a_lake(_FACTS) as (log, lake), patch("eventlog.lake.reading._WINDOW", window):
        archive(lake, log, 0, len(_FACTS), chunk=9)
        compact(lake, NOW)

        with LakeLog(lake, log) as lake_log:
            end = lake_log.end_offsets(FACTS_TOPIC)[0]
            replayed = [each[:4] for page in _all_of(lake_log, 0, limit, end) for each in page]

        assert replayed == [each[:4] for each in log.read(FACTS_TOPIC, 0, 0, 1_000)]


def test_heads_are_right_where_archiving_paused() -> None:
    """A read ends where a chunk ended, with the log's own head there; elsewhere the head is empty or the log's."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS), chunk=10)

        pages = _all_of(LakeLog(lake, log), 0, 25, len(_FACTS))

        assert [page[-1].offset + 1 for page in pages] == [20, 40, len(_FACTS)]
        for page in pages:
            assert page[-1].head == log.head(FACTS_TOPIC, 0, page[-1].offset + 1)
            assert all(each.head in {b"", log.head(FACTS_TOPIC, 0, each.offset + 1)} for each in page)


def test_reading_may_begin_anywhere() -> None:
    """An offset in the middle, or one before the last, gives the records from there on."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS))
        with LakeLog(lake, log) as lake_log:
            for offset in (20, 4, 30):
                [first, *_] = lake_log.read(FACTS_TOPIC, 0, offset, 3)
                assert first[:4] == log.read(FACTS_TOPIC, 0, offset, 1)[0][:4]


def test_the_end_is_where_the_lake_ends() -> None:
    """Records that came after the lake was opened are not read, and beyond the end there is nothing."""
    with a_log_and_a_lake(visits(6)) as (log, lake):
        archive(lake, log, 0, 4)
        lake_log = LakeLog(lake, log)
        archive(lake, log, 0, 6)

        assert lake_log.end_offsets(FACTS_TOPIC) == {0: 4}
        assert [each.offset for each in lake_log.read(FACTS_TOPIC, 0, 2, 100)] == [2, 3]
        assert lake_log.read(FACTS_TOPIC, 0, 4, 100) == []


def test_other_topics_are_not_in_the_lake(tmp_path: Path) -> None:
    """Who asks the lake for another topic is told where it is."""
    with a_log(tmp_path) as log:
        lake_log = LakeLog(Lake(tmp_path / "lake"), log)

        with pytest.raises(LakeError, match="read risk-changes from the log"):
            lake_log.read("risk-changes", 0, 0, 1)
        with pytest.raises(LakeError, match="read risk-changes from the log"):
            lake_log.end_offsets("risk-changes")


def test_a_log_that_lost_what_the_lake_left_out_is_noticed(tmp_path: Path) -> None:
    """Where the log is shorter than the lake, what is missing is said, not skipped."""
    with a_log_and_a_lake([*visits(2), GARBAGE]) as (log, lake), a_log(tmp_path) as other:
        archive(lake, log, 0, 3)
        put(other, visits(2))

        with LakeLog(lake, other) as lake_log, pytest.raises(LakeError, match="The log ends at offset 2"):
            lake_log.read(FACTS_TOPIC, 0, 0, 10)
