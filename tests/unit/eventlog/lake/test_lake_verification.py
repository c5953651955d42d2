"""Verification finds every difference between the lake and the log, and names the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError, Manifest
from eventlog.lake.verification import LakeDifferenceError, verify
from eventlog.lake.writing import archive
from tests.unit.eventlog.lake.lake_kit import a_little_of_everything, a_log, a_log_and_a_lake, put, visits

_FACTS = a_little_of_everything()


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("FROM facts WHERE log_offset <> 8", "offset 8: the log has a fact here that the lake has not"),
        ("FROM facts UNION ALL FROM facts WHERE log_offset = 8", "offset 8: .* or has it twice"),
        (
            "SELECT * REPLACE (if(log_offset = 8, 55, clicks)::INTEGER AS clicks) FROM facts",
            "offset 8: clicks is 5 by the log and 55 in the lake",
        ),
        ("SELECT * REPLACE (if(log_offset = 8, id || 'x', id) AS id) FROM facts", "offset 8: id is 000005 "),
        (
            "SELECT * REPLACE (recorded_at + to_microseconds((log_offset = 8)::INTEGER) AS recorded_at) FROM facts",
            "offset 8: recorded_at is",
        ),
        ("SELECT * REPLACE (if(log_offset = 8, NULL, day_known) AS day_known) FROM facts", "offset 8: day_known is"),
        (
            "SELECT * REPLACE (if(log_offset = 8, 9, 0)::USMALLINT AS log_partition) FROM facts",
            "offset 8: log_partition is 0 by the log and 9",
        ),
        (
            "SELECT * REPLACE (if(log_offset = 8, 5, log_offset) AS log_offset) FROM facts",
            "Partition 0 at offset 5: ",
        ),
        (
            "FROM facts UNION ALL SELECT * REPLACE (700000 AS log_offset) FROM facts WHERE log_offset = 8",
            "offset 700000: the lake has a fact here that is not on the log",
        ),
    ],
)
def test_a_changed_file_is_noticed(rows: str, complaint: str) -> None:
    """A fact that is missing, twice, altered by a microsecond, of another place or made up is named by its offset."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS))
        _rewrite(next(file for file in lake.files() if "2026-02" in str(file)), rows)

        with pytest.raises(LakeDifferenceError, match=complaint):
            verify(lake, log)


def _rewrite(file: Path, rows: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE facts AS FROM '{file}'")
        connection.execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda said: said["archived"][0].update(head="00" * 16), "the hash chain is not the one"),
        (lambda said: said.update(day="2026-02-09"), "the latest day is 2026-02-03, the lake says 2026-02-09"),
        (lambda said: said["files"].pop(), "the log has a fact here that the lake has not"),
        (lambda said: said["files"].append(said["files"][0]), "or has it twice"),
        (lambda said: said["archived"][-1].update(next_offset=999), "the log ends here, the lake goes on to 999"),
    ],
)
def test_a_changed_manifest_is_noticed(change: Callable[[dict[str, Any]], object], complaint: str) -> None:
    """A manifest with another head, day, position or list of files does not pass."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS), chunk=20)
        said = msgspec.json.decode(lake.manifest_path(0).read_bytes())
        change(said)
        lake.manifest_path(0).write_bytes(msgspec.json.encode(said))
        msgspec.convert(said, Manifest)  # still a manifest

        with pytest.raises(LakeDifferenceError, match=complaint):
            verify(lake, log)


def test_the_lake_of_another_log_is_noticed(tmp_path: Path) -> None:
    """Other facts at the same places are other facts."""
    with a_log_and_a_lake(visits(3)) as (log, lake), a_log(tmp_path) as other:
        archive(lake, log, 0, 3)
        put(other, visits(3, first=10))

        with pytest.raises(LakeDifferenceError, match="Partition 0 at offset"):
            verify(lake, other)


def test_a_damaged_file_is_an_error_of_ours() -> None:
    """A file that is no Parquet any more gives one sentence with the lake's folder in it."""
    with a_log_and_a_lake(visits(3)) as (log, lake):
        archive(lake, log, 0, 3)
        lake.files()[0].write_bytes(b"PAR1")

        with pytest.raises(LakeError, match="DuckDB cannot work on the lake in"):
            verify(lake, log)


def test_progress_is_told() -> None:
    """The steps add up to the records that were compared."""
    told: list[int] = []
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS))
        verify(lake, log, told.append)

    assert sum(told) == len(_FACTS)


def test_a_lake_that_is_not_there_is_no_different(tmp_path: Path) -> None:
    """Nothing archived is nothing wrong."""
    with a_log(tmp_path) as log:
        assert verify(Lake(tmp_path / "lake"), log) == 0
