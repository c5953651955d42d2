"""Holds the projections against the lake: what SQL says of its facts must be what the fold says of the log's."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from sqlalchemy import Connection, select

from analytics.agreement import AgreementError, check_completion
from analytics.connection import open_models
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.columns import COLUMNS
from eventlog.lake.lake import Lake
from eventlog.lake.loading import line, load
from eventlog.paging import each_record
from learning.curriculum import Curriculum
from learning.events import UnreadableFactError, decode
from projections import checkpoints
from projections.checkpoints import Checkpoint
from projections.rebuild import DifferenceError
from projections.schema import checkpoint, enrolment_progress, enrolment_state
from projections.store import Store

_MEMORY = "1500MB"


def check_against_lake(store: Store, lake: Lake, log: EventLog, curriculum: Curriculum) -> int:
    """Compare every enrolment of a store with the SQL models over the same facts; answer how many agree: all.

    The store may move on meanwhile, and so may the lake: compared is where the store stands as this begins. Facts
    that the lake does not have yet are read from the log.

    Raises:
        DifferenceError: Naming the first enrolment that differs, and in what.
        LakeError: The lake cannot be read.
    """
    with (
        store.connect() as rows,
        TemporaryDirectory(prefix="engagement-verify-") as folder,
        duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": folder}) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'").fetchall()
        facts = _facts_until(connection, checkpoints.every(rows), lake, log, Path(folder))
        open_models(connection, facts, curriculum)
        try:
            return check_completion(connection, _rows(rows))
        except AgreementError as error:
            raise DifferenceError(str(error)) from error


def _facts_until(
    connection: duckdb.DuckDBPyConnection,
    positions: Mapping[int, Checkpoint],
    lake: Lake,
    log: EventLog,
    folder: Path,
) -> str:
    """SQL of the facts before these positions, from the lake and what it lacks from the log."""
    columns = ", ".join(f"{column.name} {column.type}" for column in COLUMNS)
    connection.execute(f"CREATE TABLE tail ({columns})").fetchall()
    connection.execute("CREATE TABLE wanted (log_partition USMALLINT, until BIGINT)").fetchall()
    archived = lake.positions()
    for partition, position in positions.items():
        connection.execute("INSERT INTO wanted VALUES (?, ?)", [partition, position.next_offset]).fetchall()
        begin = archived[partition].next_offset if partition in archived else 0
        if begin < position.next_offset:
            _read_tail(connection, log, partition, range(begin, position.next_offset), folder / "tail.ndjson")
    names = ", ".join(column.name for column in COLUMNS)
    return (
        f"(SELECT {names} FROM {lake.relation()} JOIN wanted USING (log_partition) WHERE log_offset < until "
        f"UNION ALL SELECT {names} FROM tail)"
    )


def _read_tail(
    connection: duckdb.DuckDBPyConnection, log: EventLog, partition: int, offsets: range, path: Path
) -> None:
    with path.open("wb") as file:
        for stored in each_record(log, FACTS_TOPIC, partition, offsets.start, offsets.stop):
            try:
                fact = decode(stored.value)
            except UnreadableFactError:
                continue  # it is parked, and counts for nothing
            file.write(line(stored.offset, None, None, fact))
    connection.execute(f"INSERT INTO tail FROM {load(connection, path, partition)}").fetchall()


def _rows(connection: Connection) -> Iterator[dict[str, Any]]:
    """What is stored of every enrolment, in the order of their ids, with the day that it is measured as of."""
    table, state = enrolment_progress.c, enrolment_state.c
    joined = enrolment_progress.join(enrolment_state, table.enrolment == state.enrolment).join(
        checkpoint, checkpoint.c.partition == state.home
    )
    query = select(enrolment_progress, checkpoint.c.day.label("as_of")).select_from(joined).order_by(table.enrolment)
    return (dict(row) for row in connection.execute(query.execution_options(yield_per=1_000)).mappings())
