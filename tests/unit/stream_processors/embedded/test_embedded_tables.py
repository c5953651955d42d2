"""Faust's tables on the embedded log: back after a restart, and no event committed before its change is durable."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import faust
import pytest

from eventlog.base import LogError, Receipt, Record
from eventlog.embedded import EmbeddedLog
from stream_processors.faust_app import EngagementApp
from tests.embedded_kit import (
    COUNTS,
    OTHERS,
    PARTITIONS,
    PATIENCE,
    Got,
    an_app,
    running,
)


class Visit(faust.Record, serializer="json"):
    """An event of the usual Faust pattern."""

    who: str


def count_visits(app: EngagementApp) -> tuple[faust.Table[str, int], Got]:
    """The usual Faust pattern: an agent that counts in a table whose changelog is on the same log."""
    counts = app.Table("counts", key_type=str, value_type=int, default=int)
    got = Got()

    @app.agent(app.topic(OTHERS, value_type=Visit))
    async def counter(visits: faust.StreamT[Visit]) -> None:
        async for visit in visits:
            if visit.who == "nobody":
                del counts["ann"]
            else:
                counts[visit.who] += 1
            got.add(b"", chunked=False)

    return counts, got


def visits(log: EmbeddedLog, *names: str) -> None:
    """Append one visit a name, all to one partition so that their order is given."""
    log.append(OTHERS, [Record(name.encode(), b'{"who": "%s"}' % name.encode(), partition=1) for name in names])


async def test_a_table_is_back_after_a_restart(path: Path, log: EmbeddedLog) -> None:
    """A table's content comes back from its changelog, which the app has made on the log; deleted keys stay deleted."""
    visits(log, "ann", "bob", "bob", "cid", "nobody")
    app = an_app(path)
    counts, got = count_visits(app)
    async with running(app):
        await got.wait(lambda: len(got.values) >= 5)
    assert log.topics()[COUNTS] == PARTITIONS

    again = an_app(path)
    counts, got = count_visits(again)
    async with running(again):
        await again.tables.wait_until_recovery_completed()
        assert dict(counts) == {"bob": 2, "cid": 1}
        visits(log, "bob")
        await got.wait(lambda: len(got.values) >= 1)

    assert dict(counts) == {"bob": 3, "cid": 1}


async def test_a_commit_waits_for_the_tables_changes(
    path: Path, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow appends are, no event is committed before the table's change behind it is durable."""
    visits(log, *["ann"] * 50)
    durable_at_commit: list[tuple[int, int]] = []
    slow_append, commit = EmbeddedLog.append, EmbeddedLog.commit_offsets

    def append_slowly(self: EmbeddedLog, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        time.sleep(0.2)
        return slow_append(self, topic, records)

    def note_and_commit(self: EmbeddedLog, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        durable_at_commit.append((offsets[1], self.end_offsets(COUNTS)[1]))
        commit(self, group, topic, offsets)

    monkeypatch.setattr(EmbeddedLog, "append", append_slowly)
    monkeypatch.setattr(EmbeddedLog, "commit_offsets", note_and_commit)
    app = an_app(path, broker_commit_interval=0.01)
    _, got = count_visits(app)

    async with running(app):
        await got.wait(lambda: len(got.values) >= 50)

    assert durable_at_commit[-1] == (50, 50)
    assert all(durable >= committed for committed, durable in durable_at_commit)


async def test_a_lost_table_change_is_not_committed_over(
    path: Path, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a table's change cannot be appended the app crashes, and the event behind it is not committed."""
    visits(log, "ann")

    def refuse(_: EmbeddedLog, topic: str, __: Iterable[Record]) -> Sequence[Receipt]:
        raise LogError(f"the disk is full, nothing was appended to {topic}")

    monkeypatch.setattr(EmbeddedLog, "append", refuse)
    app = an_app(path, broker_commit_interval=0.02)
    count_visits(app)

    async with running(app):
        async with asyncio.timeout(PATIENCE):
            await app.wait_until_stopped()

    assert "the disk is full" in str(app.crash_reason)
    assert log.committed_offsets("counting", OTHERS) == {}
