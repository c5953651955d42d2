"""Several workers on one database: whatever they do at the same moment, the tables are those of one worker alone."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from random import Random
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning.events import encode
from projections import enrolment_states
from projections.projector import Projector
from projections.storage.places import Database, Schema
from projections.store import Store
from stream_processors.persistence import persist
from tests.builders import START
from tests.log_lives import RULEBOOK, Log, everything, live, logs, replayed, rows, tables

_schemas = count(1)


@pytest.fixture
def slow_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transaction takes its time between what it reads and what it writes, so that they get into each other."""
    find = enrolment_states.find

    def find_slowly(*arguments: Any) -> Any:
        found = find(*arguments)
        time.sleep(0.002)
        return found

    monkeypatch.setattr(enrolment_states, "find", find_slowly)


@contextmanager
def a_store(url: str) -> Iterator[Store]:
    """A store of its own in the database."""
    with Store(Schema(Database(url), f"lives_{next(_schemas)}")) as store:
        yield store


def work(store: Store, log: Log, partition: int, random: Random) -> None:
    """Read one partition to its end in random runs, as one of several workers does."""
    projector = Projector(store, RULEBOOK, park=_refuse, now=lambda: START)
    facts, offset = log[partition], 0
    while offset < len(facts):
        some = facts[offset : offset + random.randint(1, 5)]
        records = [(number, encode(fact)) for number, fact in enumerate(some, offset)]
        persist(lambda records=records: projector.apply(partition, records, b"head"), Event().wait)  # type: ignore[misc]
        offset += len(some)


def _refuse(rejects: object) -> None:
    raise AssertionError(rejects)


@pytest.mark.usefixtures("slow_writes")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), st.integers(0, 1_000))
def test_workers_at_the_same_moment_do_what_one_would_do(postgres_url: str, log: Log, seed: int) -> None:
    """One worker a partition, all at once: every table equals a replay in one file, merged participants included."""
    with a_store(postgres_url) as store, ThreadPoolExecutor(len(log)) as threads:
        working = [threads.submit(work, store, log, each, Random(seed + each)) for each in range(len(log))]
        for each in working:
            each.result()

        assert rows(store) == tables(log, replayed(everything(log)))


@pytest.mark.usefixtures("slow_writes")
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), st.integers(0, 1_000))
def test_two_who_take_themselves_for_the_worker_of_a_partition_do_no_harm(
    postgres_url: str, log: Log, seed: int
) -> None:
    """Two workers on every partition, as after a pause that was too long: every record has its effects once."""
    with a_store(postgres_url) as store, ThreadPoolExecutor(2 * len(log)) as threads:
        working = [
            threads.submit(work, store, log, each, Random(seed + each + twin))
            for each in range(len(log))
            for twin in (0, 100)
        ]
        for each in working:
            each.result()

        assert rows(store) == tables(log, live(log, everything(log), Random(seed)))
