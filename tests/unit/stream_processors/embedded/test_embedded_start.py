"""How an app on the embedded log starts: at its checkpoint, on topics that are there or are made."""

import asyncio
from pathlib import Path

import faust
import pytest
from faust.types import TP

from eventlog.base import LogError
from eventlog.chain import Tip
from eventlog.embedded import EmbeddedLog
from tests.embedded_kit import (
    FACTS,
    PATIENCE,
    an_app,
    append,
    collect,
    eventually,
    running,
)


async def test_the_apps_checkpoint_says_where_to_start(path: Path, log: EmbeddedLog) -> None:
    """Where the app names offsets they count, not the committed ones."""
    append(log, 90)
    log.commit_offsets("counting", FACTS, {0: 30, 1: 30, 2: 30})
    app = an_app(path)
    app.checkpoints = lambda tps: {tp: Tip(20 if tp == TP(FACTS, 0) else 0, b"") for tp in tps}
    got = collect(app)

    async with running(app):
        await got.wait(lambda: got.records() >= 70)

    assert got.offsets() == {0: list(range(20, 30)), 1: list(range(30)), 2: list(range(30))}


async def test_without_a_checkpoint_the_groups_offsets_count(path: Path, log: EmbeddedLog) -> None:
    """A partition of which the app's checkpoint says nothing goes on where the group had committed."""
    append(log, 90)
    log.commit_offsets("counting", FACTS, {0: 30, 1: 25})
    app = an_app(path)
    app.checkpoints = lambda _: {}
    got = collect(app)

    async with running(app):
        await got.wait(lambda: got.records() >= 35)

    assert got.offsets() == {1: list(range(25, 30)), 2: list(range(30))}


async def test_a_checkpoint_beyond_the_log_ends_the_worker(path: Path, log: EmbeddedLog) -> None:
    """Projections that know more than the log tells are not of this log, and nothing is applied to them."""
    append(log, 90)
    app = an_app(path)
    app.checkpoints = lambda _: {TP(FACTS, 1): Tip(31, b"")}
    got = collect(app)

    async with running(app):
        async with asyncio.timeout(PATIENCE):
            await app.wait_until_stopped()

    assert isinstance(app.crash_reason, LogError)
    assert "offset 31 but the log ends at 30" in str(app.crash_reason)
    assert got.chunks == []


async def test_a_topic_that_an_agent_wants_is_made(path: Path, log: EmbeddedLog) -> None:
    """An agent of a topic that is not there yet gets one, with the partitions that the app declares for it."""
    app = an_app(path)

    @app.agent(app.topic("brand-new", value_type=bytes, partitions=5))
    async def waiting(stream: faust.StreamT[bytes]) -> None:
        async for _ in stream:
            pass

    async with running(app):
        await eventually(lambda: log.topics().get("brand-new") == 5)


@pytest.mark.usefixtures("log")
async def test_an_app_that_may_not_declare_topics_needs_them(path: Path) -> None:
    """Without leave to declare topics, a missing one ends the worker with its name."""
    app = an_app(path, topic_allow_declare=False)

    @app.agent(app.topic("brand-new", value_type=bytes))
    async def waiting(stream: faust.StreamT[bytes]) -> None:
        async for _ in stream:
            pass

    async with running(app):
        async with asyncio.timeout(PATIENCE):
            await app.wait_until_stopped()

    assert "brand-new is not on the log" in str(app.crash_reason)
