"""What the tests of the lake need: a log with facts, a lake beside it, and a process that dies at a chosen step."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import duckdb
from hypothesis import strategies as st

from eventlog.base import Record
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.lake.lake import Lake
from learning.events import Fact, fact
from learning.facts import ActivitySeen, Data, DayStarted
from learning.plan import start_of
from tests.builders import DATA, enrolled, make

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
FEBRUARY = JANUARY + timedelta(microseconds=1)
GARBAGE = Record(b"p-1", b"no fact", partition=0)


@contextmanager
def a_log(path: Path, partitions: int = 1) -> Iterator[EmbeddedLog]:
    """An empty log."""
    with EmbeddedLog(path / "log.db", synchronous="NORMAL") as log:
        log.create_topic(FACTS_TOPIC, partitions)
        yield log


@contextmanager
def a_log_and_a_lake(facts: Iterable[Fact | Record] = ()) -> Iterator[tuple[EmbeddedLog, Lake]]:
    """A log of one partition with these facts, and a lake that nothing was archived in."""
    with TemporaryDirectory() as folder, a_log(Path(folder)) as log:
        put(log, facts)
        yield log, Lake(Path(folder) / "lake")


def put(log: EmbeddedLog, facts: Iterable[Fact | Record], partition: int = 0) -> None:
    """Append facts, or records that may be none."""
    log.append(FACTS_TOPIC, [each if isinstance(each, Record) else record_of(each, partition) for each in facts])


def day(started: date, partition: int = 0) -> Fact:
    """A day that started."""
    return fact(
        DayStarted(day=started),
        id=f"{started}/{partition}",
        source="/days",
        subject="calendar",
        time=start_of(started),
        partitionkey="calendar",
    )


def visits(count: int, first: int = 0, start: datetime = JANUARY) -> list[Fact]:
    """So many visits to the platform, each a day and a bit after the one before, of three enrolments."""
    return [
        make(
            ActivitySeen(clicks=number),
            start + timedelta(days=number, microseconds=number),
            f"e-{number % 3}",
            f"p-{number % 3}",
            id=f"{number:06}",
        )
        for number in range(first, first + count)
    ]


def a_little_of_everything() -> list[Fact | Record]:
    """An enrolment, visits over three months, days, and a record that is no fact."""
    return [
        *visits(2),
        enrolled(JANUARY, "e-1", "p-1"),
        day(date(2026, 2, 1)),
        GARBAGE,
        *visits(40, first=2),
        day(date(2026, 2, 3)),
        *visits(2, first=42),
    ]


def everything(lake: Lake, columns: str = "*", order: str = "log_partition, log_offset") -> list[tuple[Any, ...]]:
    """The rows of the lake, as an analyst sees them."""
    return query(f"SELECT {columns} FROM {lake.relation()} ORDER BY {order}")


def query(sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers, with instants in UTC."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def on_disk(lake: Lake) -> set[Path]:
    """Every file with facts, and whatever stands aside."""
    return {path for path in lake.folder.rglob("*") if path.suffix == ".parquet" or path.parent.name == "aside"}


class Killed(BaseException):
    """The process dies here; nothing that it would still do happens."""


@contextmanager
def dying_at(step: int) -> Iterator[Callable[[], int]]:
    """Die in place of the step of this number that the disk is told to keep something or to rename it.

    Answers how many steps there were. What a dying process would clean up stays where it is.
    """
    steps = 0

    def counted(act: Callable[..., None]) -> Callable[..., None]:
        def instead(*given: Any) -> None:
            nonlocal steps
            if steps == step:
                raise Killed
            steps += 1
            act(*given)

        return instead

    with (
        patch.object(os, "replace", counted(os.replace)),
        patch.object(os, "fsync", counted(os.fsync)),
        patch.object(shutil, "rmtree", lambda *_, **__: None) if step >= 0 else patch.object(shutil, "rmtree"),
    ):
        yield lambda: steps


_TIMES = st.datetimes(datetime(2025, 11, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants
_TEXTS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="@"), min_size=1, max_size=12)
_DAYS = st.builds(DayStarted, day=st.dates(date(2025, 11, 1), date(2026, 3, 1)))


@st.composite
def any_fact(draw: st.DrawFn, kinds: Sequence[st.SearchStrategy[Data]] = (*DATA.values(), _DAYS)) -> Fact:
    """A fact of any type, with times to the microsecond and any printable text in its envelope."""
    return fact(
        draw(st.one_of(kinds)),
        id=draw(_TEXTS),
        source=draw(_TEXTS),
        subject=draw(_TEXTS),
        time=draw(_TIMES),
        recordedtime=draw(_TIMES),
        partitionkey=draw(_TEXTS),
    )
