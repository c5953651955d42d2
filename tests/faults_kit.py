"""What fault tests share: processes that can be killed, waiting with a deadline, and the oracles."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr
from sqlalchemy import select

from eventlog.base import EventLog, Record
from eventlog.embedded import EmbeddedLog
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC
from eventlog.rejects import REJECTS_TOPIC
from projections import rebuild, schema
from projections.curriculum_files import load_curriculum
from projections.live import LiveProjections
from projections.rulebook import Rulebook
from stream_processors.app import Pipeline
from stream_processors.deployment import live_projections, opened_log
from stream_processors.runner import run
from stream_processors.settings import WorkerSettings
from tests.models.ledger_model import expected_rows

ROOT = Path(__file__).parents[1]
FULL = "FAULT_ROUNDS" in os.environ
"""Whether the long form of the tests is asked for, as `make test-faults` and `make soak` do."""

NOW = datetime(2026, 3, 13, 12, tzinfo=UTC)
CHUNK_RECORDS = 300 if FULL else 60
"""Small chunks, so that many transactions stand in the way of every kill."""

Where = Path | WorkerSettings
"""A data folder with a log and projections of its own, or the settings that say where these are."""

_DEADLINE_SECONDS = 1_200.0 if FULL else 120.0
_PAGE = 5_000
_LEASH = ["setpriv", "--pdeathsig=KILL"] if shutil.which("setpriv") else []
"""Ends a process with the one that started it, should that be killed itself."""


def settings_of(where: Where) -> WorkerSettings:
    """The settings of a worker there, with small chunks, no day clock and no lake."""
    if isinstance(where, WorkerSettings):
        return where
    return WorkerSettings(data_dir=where, day_clock=False, archive=False, chunk_records=CHUNK_RECORDS)


def environment(settings: WorkerSettings) -> dict[str, str]:
    """What tells a process these settings."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        f"ENGAGEMENT_{name.upper()}": str(value.get_secret_value() if isinstance(value, SecretStr) else value)
        for name, value in given.items()
    }


class Process:
    """A Python process of the project at work on a deployment, killed at the latest when its `with` block ends."""

    def __init__(self, where: Where, *command: str | Path) -> None:
        """Start `python COMMAND`."""
        settings = settings_of(where)
        self.data_dir = settings.data_dir
        self._said = self.data_dir / f"said-{time.monotonic_ns()}.txt"
        self._complained = self._said.with_suffix(".err")
        with self._said.open("w") as said, self._complained.open("w") as complained:
            self._popen = subprocess.Popen(
                [*_LEASH, sys.executable, *map(str, command)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment(settings)},
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=complained,
                text=True,
            )
        self.pid = self._popen.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def said(self) -> str:
        """What it has written to standard output so far."""
        return self._said.read_text(encoding="utf-8")

    def complained(self) -> str:
        """What it has written to standard error so far."""
        return self._complained.read_text(encoding="utf-8")

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{line}\n")
        self._popen.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def ended(self) -> int:
        """Close its standard input, wait for its end, and answer its exit code."""
        self._close_input()
        return self._popen.wait(_DEADLINE_SECONDS)

    def kill(self) -> None:
        """Kill -9; nothing happens when it has ended."""
        self._popen.kill()
        self._popen.wait(_DEADLINE_SECONDS)
        self._close_input()

    def _close_input(self) -> None:
        if self._popen.stdin is not None:
            self._popen.stdin.close()


class Worker(Process):
    """`engagement worker`, started as people start it."""

    def __init__(self, where: Where, *options: str) -> None:
        """Start it."""
        super().__init__(where, "-m", "engagement", "worker", *options)

    @property
    def has_the_lock(self) -> bool:
        """Whether it has become the one worker; what it does next is to check the log."""
        lock = self.data_dir / "worker.lock"
        return lock.exists() and lock.read_text() == str(self.pid)

    @property
    def ready(self) -> bool:
        """Whether it has said that it caught up with the log."""
        return "caught up with the log" in self.complained()


def report(figures: str) -> None:
    """Print what was measured; `pytest -s` or `-rP` shows it."""
    print(figures)  # noqa: T201 - the figures that a fault test is run for


def wait_until(what: str, holds: Callable[[], object], *running: Process) -> float:
    """Look again and again until something holds; answer the seconds it took.

    Raises:
        AssertionError: When it took too long, or one of the processes that must be running ended.
    """
    began = time.monotonic()
    while not holds():
        for each in running:
            assert each.runs, f"waiting until {what}, the process ended: {each.complained()}"
        assert time.monotonic() - began < _DEADLINE_SECONDS, f"waited too long until {what}"
        time.sleep(0.002)
    return time.monotonic() - began


def open_log(data_dir: Path) -> EmbeddedLog:
    """The log of a data folder, made with its topics when it is not there."""
    log = EmbeddedLog(data_dir / "log.db")
    log.create_topic(FACTS_TOPIC, DEFAULT_PARTITIONS)
    log.create_topic(REJECTS_TOPIC, 1)
    return log


def garbage(numbers: Iterable[int], partition: int | None = None) -> list[Record]:
    """Records that are no facts, one kind after another, each different from all others."""
    kinds = (
        b'{"specversion": "1.0", "id": "%d"',  # cut off
        b'{"__faust": {"ns": "%d"}}',
        b"\xff\xfe not even text %d",
        b'{"type": "learning.unheard-of.v%d"}',
        b"%d",
        b'[[[["%d"]]]]' + b"[" * 5_000,
        b'{"specversion": "1.0", "type": "learning.enrolled.v1", "data": true, "id": %d}',
    )
    return [Record(b"%d" % n, kinds[n % len(kinds)] % n, partition=partition) for n in numbers]


def values_on(log: EventLog, topic: str = FACTS_TOPIC) -> Iterator[bytes]:
    """Every record of a topic, partition by partition."""
    for partition in log.end_offsets(topic):
        offset = 0
        while page := log.read(topic, partition, offset, _PAGE):
            yield from (stored.value for stored in page)
            offset = page[-1].offset + 1


def facts_on(log: EventLog) -> list[tuple[str, bytes]]:
    """The (id, line) of every fact about an enrolment: what is garbage, and days that started, are left out."""
    lines = [value for value in values_on(log) if value.startswith(b'{"type":') and b'"source":"/lives"' in value]
    return [(json.loads(line)["id"], line) for line in lines]


def processed(data_dir: Path) -> int:
    """How many records the live projections have taken in; never makes a store, as opening one would."""
    path = LiveProjections(data_dir / "projections").place
    if not isinstance(path, Path) or not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        try:
            return int(connection.execute("SELECT coalesce(sum(next_offset), 0) FROM checkpoint").fetchone()[0])
        except sqlite3.OperationalError:  # its tables are not there yet
            return 0


def caught_up(data_dir: Path, log: EmbeddedLog) -> bool:
    """Whether everything on the log is in the live projections."""
    return processed(data_dir) == sum(log.end_offsets(FACTS_TOPIC).values())


def rows(where: Where) -> dict[str, dict[str, Any]]:
    """The rows of enrolment progress in the live store but when they were written, with their day, by enrolment."""
    progress, state, checkpoint = schema.enrolment_progress, schema.enrolment_state, schema.checkpoint
    query = (
        select(progress, checkpoint.c.day.label("as_of"))
        .join(state, state.c.enrolment == progress.c.enrolment)
        .join(checkpoint, checkpoint.c.partition == state.c.home)
    )
    with live_projections(settings_of(where)) as live, live.open() as store, store.connect() as connection:
        return {row["enrolment"]: but_when_written(row) for row in connection.execute(query).mappings()}


def but_when_written(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row without what two runs differ in."""
    return {name: value for name, value in row.items() if name != "updated_at"}


def work(data_dir: Path, now: datetime = NOW, *, day_clock: bool = False) -> Pipeline:
    """Process what is on the log in this process, as `engagement worker --until-caught-up` does."""
    settings = settings_of(data_dir).model_copy(update={"day_clock": day_clock})
    pipeline = Pipeline(settings, now=lambda: now)
    run(pipeline, until_caught_up=True)
    return pipeline


def assert_exact(where: Where, day: date) -> None:
    """The log is whole, a replay of it equals the live store, and every row equals that of the independent model."""
    settings = settings_of(where)
    curriculum = load_curriculum(settings.programmes_dir)
    with opened_log(settings) as log, live_projections(settings) as live, live.open() as store:
        checkpoints = store.checkpoints()
        ends = {partition: end for partition, end in log.end_offsets(FACTS_TOPIC).items() if end}
        assert {partition: each.next_offset for partition, each in checkpoints.items()} == ends
        log.verify({(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in checkpoints.items()})
        rebuild.verify(log, store, Rulebook(curriculum), lambda: NOW)
        expected = expected_rows((line for _, line in facts_on(log)), curriculum, day)
    found = rows(settings)
    assert found.keys() == expected.keys()
    for enrolment, row in expected.items():
        assert {column: found[enrolment][column] for column in row} == row, enrolment
