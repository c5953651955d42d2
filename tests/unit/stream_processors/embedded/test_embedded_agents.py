"""Agents on the embedded log: each record once and in order, committed when it is finished and not before."""

import asyncio
from pathlib import Path

import faust

from eventlog.base import Record
from eventlog.embedded import EmbeddedLog
from stream_processors.chunks import Chunk
from tests.embedded_kit import (
    FACTS,
    OTHERS,
    PATIENCE,
    Got,
    all_offsets,
    an_app,
    append,
    collect,
    eventually,
    running,
)


async def test_an_agent_gets_every_record_once_and_in_order(path: Path, log: EmbeddedLog) -> None:
    """Chunks bring each partition's records completely, in the order of the log, and each once."""
    append(log, 200)
    app = an_app(path)
    got = collect(app)

    async with running(app):
        await got.wait(lambda: got.records() >= 200)

    assert got.offsets() == all_offsets(log)
    assert max(len(chunk.records) for chunk in got.chunks) == 10


async def test_records_of_another_process_arrive_while_the_app_runs(path: Path, log: EmbeddedLog) -> None:
    """What is appended through another handle reaches the agent without a restart."""
    app = an_app(path)
    got = collect(app)

    async with running(app):
        append(log, 30)
        await got.wait(lambda: got.records() >= 30)
        append(log, 30)
        await got.wait(lambda: got.records() >= 60)

    assert got.offsets() == all_offsets(log)


async def test_a_graceful_stop_loses_and_doubles_nothing(path: Path, log: EmbeddedLog) -> None:
    """Runs that are stopped in the middle and continued bring each record exactly once altogether."""
    append(log, 300)
    whole = Got()
    runs = 0
    while whole.records() < 300:
        app = an_app(path)
        got = collect(app)
        async with running(app):
            enough = min(120, 300 - whole.records())
            await got.wait(lambda got=got, enough=enough: got.records() >= enough)
        whole.chunks.extend(got.chunks)
        runs += 1

    assert whole.offsets() == all_offsets(log)
    assert runs > 1


async def test_what_is_finished_is_committed_while_the_app_runs(path: Path, log: EmbeddedLog) -> None:
    """The group's offsets follow the agent without a stop."""
    append(log, 90)
    app = an_app(path, broker_commit_interval=0.02)
    got = collect(app)

    async with running(app):
        await got.wait(lambda: got.records() >= 90)
        await eventually(lambda: log.committed_offsets("counting", FACTS) == {0: 30, 1: 30, 2: 30})


async def test_an_unfinished_chunk_comes_again(path: Path, log: EmbeddedLog) -> None:
    """A chunk that the agent was at when it was stopped is not committed, and is the first after the restart."""
    append(log, 90)

    async def hang_at_the_fifth(_: Chunk) -> None:
        if len(got.chunks) == 5:
            await asyncio.Event().wait()

    app = an_app(path, broker_commit_interval=0.02)
    got = collect(app, hang_at_the_fifth)
    async with running(app):
        await got.wait(lambda: len(got.chunks) == 5)
    unfinished = got.chunks.pop()
    assert log.committed_offsets("counting", FACTS)[unfinished.partition] == unfinished.first_offset

    again = an_app(path)
    rest = collect(again)
    async with running(again):
        await rest.wait(lambda: rest.records() >= 90 - got.records())

    assert unfinished in rest.chunks
    got.chunks.extend(rest.chunks)
    assert got.offsets() == all_offsets(log)


async def test_a_stop_does_not_wait_for_an_agent_for_ever(path: Path, log: EmbeddedLog) -> None:
    """An agent that never finishes does not keep the app from stopping."""
    append(log, 10)

    async def hang(_: Chunk) -> None:
        await asyncio.Event().wait()

    app = an_app(path)
    got = collect(app, hang)
    await app.start()
    await got.wait(lambda: bool(got.chunks))

    async with asyncio.timeout(PATIENCE):
        await app.stop()

    assert log.committed_offsets("counting", FACTS) == {}


async def test_a_failing_agent_ends_the_worker_and_its_chunk_comes_again(path: Path, log: EmbeddedLog) -> None:
    """An error in an agent of chunks crashes the app, which starts no other chunk; the chunk is not finished."""
    append(log, 60)

    async def fail_at_the_second(_: Chunk) -> None:
        if len(got.chunks) == 2:
            raise OSError("the disk is full")

    app = an_app(path, broker_commit_interval=0.02)
    got = collect(app, fail_at_the_second)
    async with running(app):
        async with asyncio.timeout(PATIENCE):
            await app.wait_until_stopped()
        assert isinstance(app.crash_reason, OSError)
    [_, failed] = got.chunks

    again = an_app(path)
    rest = collect(again)
    async with running(again):
        await rest.wait(lambda: failed in rest.chunks)


async def test_agents_of_chunks_wait_for_no_more_than_two_chunks(path: Path, log: EmbeddedLog) -> None:
    """Memory holds the chunk an agent is at, one in its queue and one that was read, however much is on the log."""
    append(log, 600)
    app = an_app(path)
    most = 0

    async def count_unfinished(_: Chunk) -> None:
        nonlocal most
        await asyncio.sleep(0.002)  # long enough to read ahead
        finished = app.consumer._acked_index
        most = max(most, sum(o not in finished[tp] for tp, q in app.consumer._handed_over.items() for o in q))

    got = collect(app, count_unfinished)
    async with running(app):
        await got.wait(lambda: got.records() >= 600)

    assert most <= 3


async def test_other_topics_come_record_by_record(path: Path, log: EmbeddedLog) -> None:
    """A topic that is not chunked brings one message a record, with its key and offset."""
    receipts = log.append(OTHERS, [Record(b"k%d" % number, b"v%d" % number) for number in range(2_500)])
    app = an_app(path)
    got = Got()
    places: list[tuple[int, int, bytes]] = []

    @app.agent(app.topic(OTHERS, key_type=bytes, value_type=bytes))
    async def one_by_one(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            places.append((event.message.partition, event.message.offset, event.key))
            got.add(event.value, chunked=False)

    async with running(app):
        await got.wait(lambda: len(got.values) >= 2_500)

    expected = [(receipt.partition, receipt.offset, b"k%d" % number) for number, receipt in enumerate(receipts)]
    assert sorted(places) == sorted(expected)
    assert sorted(got.values) == sorted(b"v%d" % number for number in range(2_500))
    assert log.committed_offsets("counting", OTHERS) == dict(log.end_offsets(OTHERS))
