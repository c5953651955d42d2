"""Archiving copies what the log has, once, and says what it knew then."""

from datetime import date
from pathlib import Path
from typing import cast

import pytest

from eventlog.base import EventLog
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.columns import COLUMNS
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError, Position, StaleLakeError
from eventlog.lake.verification import verify
from eventlog.lake.writing import archive
from tests.builders import enrolled
from tests.unit.eventlog.lake.lake_kit import (
    FEBRUARY,
    GARBAGE,
    JANUARY,
    a_little_of_everything,
    a_log,
    a_log_and_a_lake,
    day,
    everything,
    on_disk,
    put,
    visits,
)


@pytest.mark.parametrize("chunk", [5, 1_000])
def test_the_lake_is_the_log(chunk: int) -> None:
    """Whatever the size of the chunks, the lake verifies against the log and every fact was counted."""
    facts = a_little_of_everything()
    with a_log_and_a_lake(facts) as (log, lake):
        archived = archive(lake, log, 0, len(facts), chunk=chunk)

        assert archived == verify(lake, log) == len(facts) - 1


def test_archiving_stops_where_it_is_told() -> None:
    """Nothing at or after the offset is archived, and the position is exactly there."""
    with a_log_and_a_lake(visits(9)) as (log, lake):
        archive(lake, log, 0, 5, chunk=2)

        assert [row[0] for row in everything(lake, "log_offset")] == [0, 1, 2, 3, 4]
        assert lake.positions() == {0: Position(5, log.head(FACTS_TOPIC, 0, 5), None)}


def test_archiving_beyond_the_log_takes_what_there_is() -> None:
    """An offset that the log has not reached is no error; the rest is for the next time."""
    with a_log_and_a_lake(visits(3)) as (log, lake):
        assert archive(lake, log, 0, 100) == 3
        assert archive(lake, log, 0, 100) == 0


def test_a_lake_without_facts_has_columns() -> None:
    """A query on a lake that nothing was archived in finds the columns, and no rows."""
    lake = Lake(Path("nowhere"))

    names = ", ".join(column.name for column in COLUMNS)
    assert everything(lake, names) == []
    assert lake.files() == []
    assert lake.positions() == {}


def test_what_is_no_fact_moves_the_position_only() -> None:
    """Records that nobody can read leave a gap, and no file."""
    with a_log_and_a_lake([GARBAGE, GARBAGE]) as (log, lake):
        assert archive(lake, log, 0, 2) == 0
        assert lake.files() == []
        assert lake.position(0).next_offset == 2


def test_files_hold_one_month_each() -> None:
    """A fact stands in the file of the month, in UTC, in which it was recorded, and the name says which offsets."""
    facts = [enrolled(JANUARY), enrolled(FEBRUARY), enrolled(JANUARY)]
    with a_log_and_a_lake(facts) as (log, lake):
        archive(lake, log, 0, 3)

        assert [str(file.relative_to(lake.folder)) for file in lake.files()] == [
            "facts/recorded_month=2026-01/p00-000000000000-000000000003.parquet",
            "facts/recorded_month=2026-02/p00-000000000000-000000000003.parquet",
        ]
        assert everything(lake, "log_offset, date_part('month', recorded_at)") == [(0, 1), (1, 2), (2, 1)]


def test_the_longest_file_comes_first() -> None:
    """DuckDB plans as if all files were as long as the first, so the longest is given first."""
    with a_log_and_a_lake([enrolled(JANUARY), enrolled(FEBRUARY), enrolled(FEBRUARY)]) as (log, lake):
        archive(lake, log, 0, 3)

        assert [file.parent.name for file in lake.files()] == ["recorded_month=2026-02", "recorded_month=2026-01"]


def test_a_fact_knows_the_day_before_it() -> None:
    """`day_known` is the latest day that had started before the fact, across chunks and whatever day comes late."""
    first, second, third = visits(3)
    facts = [first, day(date(2026, 2, 2)), second, day(date(2026, 2, 1)), third]
    with a_log_and_a_lake(facts) as (log, lake):
        archive(lake, log, 0, 5, chunk=2)

        known = [row[0] for row in everything(lake, "day_known")]
        assert known == [None, None, *[date(2026, 2, 2)] * 3]
        assert lake.position(0).day == date(2026, 2, 2)


def test_facts_carry_the_cohort_of_their_enrolment() -> None:
    """The hint is programme and intake of the first enrolled fact, before it in the chunk and in later processes."""
    with a_log_and_a_lake([*visits(2), enrolled(JANUARY, "e-1"), *visits(3, first=2)]) as (log, lake):
        archive(lake, log, 0, 4)
        archive(Lake(lake.folder), log, 0, 6)

        hints = everything(lake, "enrolment, cohort_hint")
        assert hints == [
            ("e-0", None),
            ("e-1", "small/course autumn"),
            ("e-1", "small/course autumn"),
            ("e-2", None),
            ("e-0", None),
            ("e-1", "small/course autumn"),
        ]


def test_the_second_of_two_archivers_is_told_so() -> None:
    """Who archives from where somebody else has just archived is refused, and nothing of theirs counts or stays."""
    with a_log_and_a_lake(visits(8)) as (log, lake):
        first = _Overtaken(log, lambda: archive(lake, log, 0, 8, chunk=3))

        with pytest.raises(StaleLakeError, match="no longer at offset 0"):
            archive(lake, cast(EventLog, first), 0, 8, chunk=3)

        assert verify(lake, log) == 8
        assert on_disk(lake) == set(lake.files())


def test_another_log_is_refused(tmp_path: Path) -> None:
    """A lake does not go on with a log that is not the one it began with."""
    with a_log_and_a_lake(visits(2)) as (log, lake), a_log(tmp_path) as other:
        archive(lake, log, 0, 2)
        put(other, visits(4, first=7))

        with pytest.raises(LakeError, match="is of another log"):
            archive(lake, other, 0, 4)


def test_partitions_are_independent(tmp_path: Path) -> None:
    """Each partition has its own position and files; together they are the log."""
    lake = Lake(tmp_path / "lake")
    with a_log(tmp_path, partitions=3) as log:
        for partition in range(3):
            put(log, visits(4, first=4 * partition), partition)
        archive(lake, log, 2, 4)
        archive(lake, log, 0, 1)

        assert {each: at.next_offset for each, at in lake.positions().items()} == {0: 1, 2: 4}
        assert verify(lake, log) == 5


def test_a_folder_with_a_quote_is_read(tmp_path: Path) -> None:
    """Names of files are quoted, whatever is in them."""
    lake = Lake(tmp_path / "Anne's lake")
    with a_log(tmp_path) as log:
        put(log, visits(2))
        archive(lake, log, 0, 2)

    assert len(everything(lake)) == 2


@pytest.mark.parametrize("version", [1, 3])
def test_a_manifest_of_another_version_is_refused(tmp_path: Path, version: int) -> None:
    """What this version does not understand, older files with fewer columns included, is said to be so by its name."""
    manifests = tmp_path / "partitions"
    manifests.mkdir()
    (manifests / "00.json").write_text(f'{{"version": {version}, "partition": 0}}')

    with pytest.raises(LakeError, match=r"00\.json is no manifest that this version understands"):
        Lake(tmp_path).files()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the lake's folder is a file, the message says which."""
    (tmp_path / "lake").write_text("")
    with a_log(tmp_path) as log:
        put(log, visits(1))

        with pytest.raises(LakeError, match="cannot be"):
            archive(Lake(tmp_path / "lake"), log, 0, 1)


class _Overtaken:
    """A log whose first reader is overtaken by somebody else while reading."""

    def __init__(self, log: EmbeddedLog, meanwhile: object) -> None:
        self._log = log
        self._meanwhile = meanwhile

    def read(self, topic: str, partition: int, offset: int, limit: int) -> object:
        """Read, after the other one has come first."""
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()  # type: ignore[operator]  # a function without arguments
        return self._log.read(topic, partition, offset, limit)
