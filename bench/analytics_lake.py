"""Builds the lake that the questions are measured on: drawn facts, written as a compaction of the archive does."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import duckdb
import msgspec

from bench.analytics_facts import LAST_DAY, Draft
from eventlog.chain import start
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC
from eventlog.lake.committing import writing
from eventlog.lake.dictionary import write_dictionary
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import Archived, LakeFile, Manifest
from eventlog.lake.parquet import write_months
from learning.curriculum import Curriculum


def build(folder: Path, facts: int, enrolments: int) -> dict[str, float]:
    """Write a lake of so many facts into a folder that has none; answer the seconds of drawing and of writing."""
    lake = Lake(folder / "lake")
    scratch = folder / "draft.db"
    began = monotonic()
    with duckdb.connect(scratch) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        draft = Draft(connection, Curriculum.shipped())
        draft.fill(facts, enrolments)
        draft.place(facts)
        drawn = monotonic()
        for partition in range(DEFAULT_PARTITIONS):
            _write(lake, connection, draft, partition)
    scratch.unlink()
    return {"draw_s": round(drawn - began, 1), "write_s": round(monotonic() - drawn, 1)}


def _write(lake: Lake, connection: duckdb.DuckDBPyConnection, draft: Draft, partition: int) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE loaded AS {draft.partition(partition)} ORDER BY log_offset")
    months = connection.execute(
        "SELECT date_trunc('month', recorded_at) AS month, count(*) FROM loaded GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    end = sum(count for _, count in months)

    def change(manifest: Manifest, files: Sequence[LakeFile]) -> Manifest:
        no_log = start(FACTS_TOPIC, partition).hex()  # there is none behind these facts, so there is no chain
        here = Archived(next_offset=end, head=no_log)
        return msgspec.structs.replace(manifest, archived=[here], day=LAST_DAY, files=list(files))

    with writing(lake, partition) as writer:
        write_dictionary(lake, writer.aside)
        files = []
        for month, _ in months:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE recorded AS FROM loaded WHERE recorded_at >= $month "
                "AND recorded_at < $month + INTERVAL 1 MONTH",
                {"month": month},
            )
            files += write_months(connection, "recorded", (0, end), writer.aside, compacted=True)
        writer.commit(files, change)


def main() -> None:
    """Build one and print how long it took; a process of its own, for its memory is not that of the questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("facts", type=int)
    parser.add_argument("enrolments", type=int)
    given = parser.parse_args()
    print(json.dumps(build(given.folder, given.facts, given.enrolments)))


if __name__ == "__main__":
    main()
