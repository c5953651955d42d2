"""Whenever a writer dies, the lake holds a whole number of chunks, and the next writer goes on and tidies up."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.lake.committing import writing
from eventlog.lake.compaction import compact
from eventlog.lake.lake import Lake
from eventlog.lake.verification import verify
from eventlog.lake.writing import archive
from tests.unit.eventlog.lake.lake_kit import (
    NOW,
    Killed,
    a_log_and_a_lake,
    dying_at,
    everything,
    on_disk,
    put,
    visits,
)


def _deaths() -> Iterator[int]:
    """Steps to die at, until a run gets through."""
    return count()


def test_an_archiver_may_die_at_any_step() -> None:
    """After a death at any step of two commits a new run makes the lake whole and leaves only files that count."""
    for step in _deaths():
        with a_log_and_a_lake(visits(7)) as (log, lake):
            try:
                with dying_at(step):
                    archive(lake, log, 0, 6, chunk=3)
                    break
            except Killed:
                archive(Lake(lake.folder), log, 0, 7)

            assert verify(lake, log) == 7
            assert on_disk(lake) == set(lake.files())
    assert step > 10


def test_a_chunk_of_several_months_is_there_as_a_whole_or_not() -> None:
    """A death between the files of a chunk leaves none of its facts for readers."""
    facts = visits(2)
    for step in _deaths():
        with a_log_and_a_lake(facts) as (log, lake):
            try:
                with dying_at(step):
                    archive(lake, log, 0, len(facts))
                    break
            except Killed:
                assert verify(lake, log) in {0, len(facts)}


def test_a_compaction_may_die_at_any_step() -> None:
    """After a death at any step of a compaction the lake is the log, and another compaction makes the same of it."""
    for step in _deaths():
        with a_log_and_a_lake(visits(4)) as (log, lake):
            archive(lake, log, 0, 4, chunk=2)
            try:
                with dying_at(step):
                    compact(lake, NOW)
                    break
            except Killed:
                assert [row[0] for row in everything(lake, "log_offset")] == [0, 1, 2, 3]
            compact(lake, NOW)
            compact(lake, NOW + timedelta(hours=24))

            assert verify(lake, log) == 4
            assert len(lake.files()) == 2
            assert on_disk(lake) == set(lake.files())
    assert step > 5


def test_a_writer_leaves_alone_what_a_living_one_writes() -> None:
    """Only what the dead left aside is removed: what another writer is at stays until that one is done."""
    with a_log_and_a_lake(visits(4)) as (log, lake):
        with writing(lake, 0) as other:
            half = other.aside / "half.parquet"
            half.write_text("not yet whole")
            archive(lake, log, 0, 4)

            assert half.exists()

        assert verify(lake, log) == 4
        assert on_disk(lake) == set(lake.files())


_STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 9)),
    st.tuples(st.just("archive"), st.integers(1, 9)),
    st.tuples(st.just("die archiving"), st.integers(0, 9)),
    st.tuples(st.just("compact"), st.integers(1, 30)),
    st.tuples(st.just("die compacting"), st.integers(0, 9)),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_STEPS, max_size=6))
def test_whatever_happens_the_lake_is_the_log(steps: list[tuple[str, int]]) -> None:
    """After any order of appends, archiving in any chunks, compactions and deaths, the lake is the log up to there."""
    put_so_far, now = 0, NOW
    with a_log_and_a_lake() as (log, lake):
        for act, number in steps:
            before = lake.position(0).next_offset
            try:
                with dying_at(number if act.startswith("die") else 10_000):
                    if act == "put":
                        put(log, visits(number * 3, first=put_so_far))
                        put_so_far += number * 3
                    elif "archiv" in act:
                        archive(lake, log, 0, put_so_far, chunk=number + 1)
                    else:
                        now += timedelta(hours=number)
                        compact(lake, now)
            except Killed:
                assert lake.position(0).next_offset >= before
            assert verify(lake, log) == lake.position(0).next_offset
        archive(lake, log, 0, put_so_far)
        assert verify(lake, log) == put_so_far


@pytest.mark.parametrize("step", [2, 5])
def test_a_death_costs_at_most_the_chunk_at_hand(step: int) -> None:
    """What was committed before the death still counts."""
    facts = visits(6)
    with a_log_and_a_lake(facts) as (log, lake):
        archive(lake, log, 0, 4, chunk=2)
        with pytest.raises(Killed), dying_at(step):
            archive(lake, log, 0, 6, chunk=1)

        assert lake.position(0).next_offset >= 4
        assert verify(lake, log) == lake.position(0).next_offset
