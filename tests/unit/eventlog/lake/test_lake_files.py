"""The files are what the dictionary says, and one enrolment or cohort reads few of their row groups."""

import csv
from pathlib import Path
from unittest.mock import patch

import duckdb
import msgspec

from eventlog.lake.columns import COLUMNS, columns_of
from eventlog.lake.dictionary import Entry
from eventlog.lake.lake import Lake, relation
from eventlog.lake.parquet import write_months
from eventlog.lake.writing import archive
from learning.events import FACT_TYPES
from tests.unit.eventlog.lake.lake_kit import a_little_of_everything, a_log_and_a_lake, query

_FACTS = a_little_of_everything()
_ENROLMENTS, _COHORTS, _VISITS = 2_000, 5, 20


def test_the_dictionary_describes_the_files() -> None:
    """Columns and types of the dictionary, in JSON and in CSV, are those that DuckDB finds in every file, in order."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS))
        entries = msgspec.json.decode((lake.folder / "dictionary.json").read_bytes(), type=list[Entry])
        lines = list(csv.DictReader((lake.folder / "dictionary.csv").read_text().splitlines()))

        for file in lake.files():
            found = query(f"DESCRIBE FROM {relation([file])}")
            described = [(name, _plain(kind)) for name, kind, *_ in found]
            assert [(each.column, each.type) for each in entries] == described
            assert [(line["column"], line["type"]) for line in lines] == described


def _plain(kind: str) -> str:
    return "TIMESTAMPTZ" if kind == "TIMESTAMP WITH TIME ZONE" else kind


def test_nobody_may_write_to_a_file() -> None:
    """Files are read-only for everyone, since SQL that may read a file could write to it."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS))

        assert {each.stat().st_mode & 0o777 for each in lake.files()} == {0o444}


def test_an_empty_lake_has_the_columns_of_a_full_one() -> None:
    """Names and types of the relation are the same before the first file and after."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        before = query(f"DESCRIBE FROM {lake.relation()}")
        archive(lake, log, 0, len(_FACTS))

        assert [row[:2] for row in query(f"DESCRIBE FROM {lake.relation()}")] == [row[:2] for row in before]


def test_the_dictionary_says_which_facts_have_a_column() -> None:
    """A column of the content is listed with exactly the types that can fill it; the envelope's with all."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, len(_FACTS))
        entries = msgspec.json.decode((lake.folder / "dictionary.json").read_bytes(), type=list[Entry])

    having = {entry.column: set(entry.fact_types) for entry in entries}
    assert having["score"] == {"learning.assessment-submitted.v1"}
    assert having["enrolment"] == set(FACT_TYPES)
    for kind, data in FACT_TYPES.items():
        assert {column for column, kinds in having.items() if kind in kinds} >= set(columns_of(data).values())


def test_a_dictionary_that_changed_is_written_anew() -> None:
    """What an older version or a person left there is replaced with the next chunk."""
    with a_log_and_a_lake(_FACTS) as (log, lake):
        archive(lake, log, 0, 1)
        for name in ("dictionary.json", "dictionary.csv"):
            (lake.folder / name).write_text("old")
        archive(lake, log, 0, 2)

        assert (lake.folder / "dictionary.csv").read_text().startswith("column,type,meaning,fact_types\n")
        assert len(msgspec.json.decode((lake.folder / "dictionary.json").read_bytes())) == len(COLUMNS)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """Whoever only reads a lake needs no right to write there."""
    lake = Lake(tmp_path / "lake")
    assert lake.files() == []
    assert lake.partitions() == []

    assert list(tmp_path.iterdir()) == []


def test_one_enrolment_reads_few_row_groups(tmp_path: Path) -> None:
    """Of a month's row groups, smallest and largest values and bloom filters leave two at most for an enrolment."""
    file = _many_visits(tmp_path)
    probe = (
        "SELECT count(*) FILTER (NOT probe.bloom_filter_excludes AND ? BETWEEN stats_min_value AND stats_max_value), "
        "count(*) FROM parquet_bloom_probe(?, 'enrolment', ?) AS probe "
        "JOIN parquet_metadata(?) AS part USING (row_group_id) WHERE part.path_in_schema = 'enrolment'"
    )
    for number in range(0, _ENROLMENTS, 97):
        name = f"e-{number:05}"
        [(read, groups)] = duckdb.execute(probe, [name, str(file), name, str(file)]).fetchall()
        assert groups >= 15
        assert 1 <= read <= 2


def test_one_cohort_reads_few_row_groups(tmp_path: Path) -> None:
    """The row groups that may hold a cohort are hardly more than its share of the facts."""
    file = _many_visits(tmp_path)
    groups = duckdb.execute(
        "SELECT count(*) FILTER ('cohort 3' BETWEEN stats_min_value AND stats_max_value), count(*) "
        "FROM parquet_metadata(?) WHERE path_in_schema = 'cohort_hint'",
        [str(file)],
    ).fetchall()

    [(read, total)] = groups
    assert read <= total // _COHORTS + 2


def _many_visits(folder: Path) -> Path:
    """A file of 2,000 enrolments of five cohorts, as archiving and compaction write it, in smaller row groups."""
    said = {
        "log_offset": "number",
        "cohort_hint": f"format('cohort {{}}', number % {_ENROLMENTS} % {_COHORTS})",
        "type": "'learning.activity-seen.v1'",
        "id": "number::VARCHAR",
        "enrolment": f"format('e-{{:05}}', number % {_ENROLMENTS})",
        "happened_at": "TIMESTAMPTZ '2026-01-01 12:00:00+00' + to_seconds(number)",
        "recorded_at": "TIMESTAMPTZ '2026-01-01 12:00:00+00' + to_seconds(number)",
        "clicks": "number % 60",
    }
    columns = ", ".join(f"({said.get(column.name, 'NULL')})::{column.type} AS {column.name}" for column in COLUMNS)
    rows = f"(SELECT {columns} FROM (SELECT unnest(range({_ENROLMENTS * _VISITS})) AS number))"
    with duckdb.connect() as connection, patch("eventlog.lake.parquet.ROW_GROUP", 2_048):
        connection.execute("SET TimeZone = 'UTC'")
        [file] = write_months(connection, rows, (0, _ENROLMENTS * _VISITS), folder)
    return file.path
