"""Compaction changes how many files there are, never what they say, and never under a reader's hands."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from eventlog.lake import compaction
from eventlog.lake.compaction import Compacted, compact
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import StaleLakeError
from eventlog.lake.parquet import write_months
from eventlog.lake.verification import verify
from eventlog.lake.writing import archive
from tests.builders import enrolled
from tests.unit.eventlog.lake.lake_kit import (
    JANUARY,
    NOW,
    a_little_of_everything,
    a_log_and_a_lake,
    everything,
    on_disk,
    put,
    query,
    visits,
)

_DAY = timedelta(hours=24)
_FACTS = a_little_of_everything()


def test_files_of_a_month_become_one() -> None:
    """The files of each month are merged, and the lake is still the log."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS), chunk=9)
        before = len(lake.files())

        done = compact(lake, NOW)

        assert done == Compacted(merged=before, written=3, removed=0)
        assert len(lake.files()) == 3 < before
        assert verify(lake, log) == len(_FACTS) - 1


def test_nothing_but_the_hints_changes() -> None:
    """Every column but the hint of every fact is as it was."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS), chunk=9)
        before = everything(lake, "* EXCLUDE cohort_hint")
        compact(lake, NOW)

        assert everything(lake, "* EXCLUDE cohort_hint") == before


def test_hints_that_came_too_late_are_filled() -> None:
    """A fact that was archived before its enrolment was known has the hint after the compaction."""
    with a_log_and_a_lake([*visits(3), enrolled(JANUARY, "e-1"), *visits(3, first=3)]) as (log, lake):
        archive(lake, log, 0, 7, chunk=2)
        compact(lake, NOW)

        assert set(everything(lake, "enrolment, cohort_hint")) == {
            ("e-0", None),
            ("e-1", "small/course autumn"),
            ("e-2", None),
        }


def test_readers_go_on_with_the_files_they_know() -> None:
    """A list of files from before the compaction can be read until the grace is over, and not one is gone before."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS), chunk=9)
        known = lake.relation()
        compact(lake, NOW)
        compact(lake, NOW + _DAY - timedelta(microseconds=1))
        archive(lake, log, 0, len(_FACTS))

        count = query(f"SELECT count(*) FROM {known}")
        assert count == [(len(_FACTS) - 1,)]


def test_replaced_files_go_when_the_grace_is_over() -> None:
    """A later compaction deletes what was replaced a day ago, and only that."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS), chunk=9)
        replaced = len(lake.files())
        compact(lake, NOW)

        assert compact(lake, NOW + _DAY) == Compacted(merged=0, written=0, removed=replaced)
        assert on_disk(lake) == set(lake.files())
        assert verify(lake, log) == len(_FACTS) - 1


def test_what_is_compact_is_left_alone() -> None:
    """A second compaction has nothing to do, and a large file is not merged with small ones."""
    with a_log_and_a_lake(visits(20)) as (log, lake):
        archive(lake, log, 0, 16, chunk=8)
        compact(lake, NOW, target_rows=16)
        [*_, large] = sorted(lake.manifest(0).files, key=lambda file: file.rows)
        assert compact(lake, NOW, target_rows=16) == Compacted()
        archive(lake, log, 0, 20, chunk=2)
        compact(lake, NOW, target_rows=16)

        assert large in lake.manifest(0).files
        assert all(file.rows <= 16 for file in lake.manifest(0).files)
        assert verify(lake, log) == 20


def test_archiving_goes_on_meanwhile() -> None:
    """What is archived while files are merged is neither lost nor merged."""
    with a_log_and_a_lake(visits(9)) as (log, lake):
        archive(lake, log, 0, 6, chunk=3)
        write = write_months

        def overtaken(*given: object, **named: object) -> object:
            archive(Lake(lake.folder), log, 0, 9)
            return write(*given, **named)  # type: ignore[arg-type]  # as they were given

        with patch.object(compaction, "write_months", overtaken):
            compact(lake, NOW)

        assert verify(lake, log) == 9
        assert lake.position(0).next_offset == 9


def test_the_second_of_two_compactors_is_told_so() -> None:
    """Two may compact at once: the slower one is refused and the lake is what the quicker one made of it."""
    with a_log_and_a_lake(visits(6)) as (log, lake):
        archive(lake, log, 0, 6, chunk=2)
        write = write_months

        def overtaken(*given: object, **named: object) -> object:
            with patch.object(compaction, "write_months", write):
                compact(Lake(lake.folder), NOW)
            return write(*given, **named)  # type: ignore[arg-type]  # as they were given

        with patch.object(compaction, "write_months", overtaken), pytest.raises(StaleLakeError, match="compacted by"):
            compact(lake, NOW)

        assert verify(lake, log) == 6


def test_manifests_do_not_grow_for_ever() -> None:
    """Places that were archived up to are thinned out, but for the last."""
    with a_log_and_a_lake(visits(8)) as (log, lake):
        archive(lake, log, 0, 8, chunk=1)
        head = lake.position(0)
        compact(lake, NOW)

        assert len(lake.manifest(0).archived) < 3
        assert lake.position(0) == head


def test_a_lake_that_is_not_there_is_compact() -> None:
    """Compacting nothing does nothing, and makes no folder."""
    with a_log_and_a_lake() as (log, lake):
        put(log, visits(1))

        assert compact(lake, NOW) == Compacted()
        assert not lake.folder.exists()
