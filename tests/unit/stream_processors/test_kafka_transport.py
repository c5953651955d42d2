"""Real Faust apps on a real Kafka: nothing lost, nothing skipped, nothing committed before it is finished."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from eventlog.base import LogError
from eventlog.chain import Tip
from stream_processors.chunks import Chunk
from stream_processors.transports.kafka_thread import ConsumerThread
from tests.kafka_kit import PATIENCE, Checkpoints, Topic, an_app, crash_of, eventually, running, with_agent

SOON = {"broker_commit_interval": 0.1}


@pytest.fixture
def topic(kafka_servers: str, topic_prefix: str) -> Topic:
    """A topic of three partitions."""
    return Topic(kafka_servers, f"{topic_prefix}facts", 3)


@pytest.fixture
def group(topic_prefix: str) -> str:
    """A consumer group that no other test uses."""
    return f"{topic_prefix}group"


async def test_an_agent_gets_every_record_once_and_in_order(topic: Topic, group: str) -> None:
    """Chunks bring each partition's records completely, in order, each once, with the head of the log's chain."""
    topic.send([(0, None, b"no key"), (0, b"", b"empty key"), (0, b"key", b""), (1, b"key", None)])
    topic.send_numbers(1_000)
    found: list[Chunk] = []
    checkpoints = Checkpoints(topic)

    async def note(chunk: Chunk) -> None:
        found.append(chunk)
        await checkpoints.apply(chunk)

    async with running(with_agent(an_app(topic, group, checkpoints), topic, note)):
        await checkpoints.wait(500)
        topic.send_numbers(300)
        await checkpoints.wait(1_304)

    assert checkpoints.applied == topic.everything()
    assert sum(len(chunk.records) for chunk in found) == 1_304
    assert max(len(chunk.records) for chunk in found) == 100
    for chunk in found:
        sent = topic.sent[chunk.partition]
        assert chunk.records == [(offset, sent[offset][1]) for offset in range(chunk.first_offset, chunk.next_offset)]
        assert chunk.head == topic.heads(chunk.partition)[chunk.next_offset - 1]


async def test_partitions_take_turns(topic: Topic, group: str) -> None:
    """While one partition has much waiting, the others are read too: none stands still for longer than a round."""
    topic.send_numbers(6_000)
    order: list[int] = []
    checkpoints = Checkpoints(topic)

    async def note(chunk: Chunk) -> None:
        order.append(chunk.partition)
        await checkpoints.apply(chunk)

    async with running(with_agent(an_app(topic, group, checkpoints), topic, note)):
        await checkpoints.wait(6_000)

    middle = order[len(order) // 4 : len(order) // 2]
    assert set(middle) == {0, 1, 2}
    assert checkpoints.applied == topic.everything()


async def test_a_chunk_has_no_more_bytes_than_asked_for(topic: Topic, group: str) -> None:
    """However many records a fetch brings, a chunk's values stay within the app's bytes."""
    topic.send_numbers(600, size=50)
    sizes: list[int] = []
    checkpoints = Checkpoints(topic)

    async def measure(chunk: Chunk) -> None:
        sizes.append(sum(len(value) for _, value in chunk.records))
        await checkpoints.apply(chunk)

    app = with_agent(an_app(topic, group, checkpoints), topic, measure)
    app.chunk_bytes = 2_000
    async with running(app):
        await checkpoints.wait(600)

    assert checkpoints.applied == topic.everything()
    assert 1_000 < max(sizes) <= 2_000


@pytest.mark.parametrize("committed", [0, 10, 90])
async def test_the_apps_checkpoint_says_where_to_start(topic: Topic, group: str, committed: int) -> None:
    """Work goes on at the checkpoint whether the group has committed nothing, less or more, and the group follows."""
    topic.send_numbers(300)
    if committed:
        topic.commit(group, dict.fromkeys(range(3), committed))
    checkpoints = Checkpoints(topic, {0: topic.tip(0, 40), 1: topic.tip(1, 100)})

    async with running(with_agent(an_app(topic, group, checkpoints, **SOON), topic, checkpoints.apply)):
        await checkpoints.wait(160)
        await eventually(lambda: topic.committed(group) == {0: 100, 1: 100, 2: 100})

    assert checkpoints.applied == {0: list(range(40, 100)), 2: list(range(100))}


async def test_a_checkpoint_beyond_the_log_ends_the_worker(topic: Topic, group: str) -> None:
    """Projections that know more than the log tells are not of this log, and nothing is applied to them."""
    topic.send_numbers(30)
    checkpoints = Checkpoints(topic, {1: Tip(11, b"")})
    app = with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)

    reason = await crash_of(app)

    assert isinstance(reason, LogError)
    assert "partition 1, has come to offset 11 but Kafka has records up to 10" in str(reason)
    assert checkpoints.count == 0


async def test_chunks_need_the_apps_checkpoints(topic: Topic, group: str) -> None:
    """An app that does not say where its chunks go on is told so, rather than given nothing for ever."""
    app = with_agent(an_app(topic, group, None), topic, Checkpoints(topic).apply)

    reason = await crash_of(app)

    assert "set the app's `checkpoints`" in str(reason)


async def test_retention_below_the_checkpoint_does_no_harm(topic: Topic, group: str) -> None:
    """Records that were applied may go; work goes on after them."""
    topic.send_numbers(300)
    topic.remove_below(0, 40)
    checkpoints = Checkpoints(topic, {0: topic.tip(0, 40)})

    async with running(with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)):
        await checkpoints.wait(260)

    assert checkpoints.applied[0] == list(range(40, 100))


async def test_records_that_are_gone_end_the_worker(topic: Topic, group: str) -> None:
    """Records that were removed before they were applied are reported, not skipped."""
    topic.send_numbers(300)
    topic.remove_below(0, 41)
    checkpoints = Checkpoints(topic, {0: topic.tip(0, 40)})
    app = with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)

    reason = await crash_of(app)

    assert "partition 0 has no records from offset 40 to 40" in str(reason)
    assert checkpoints.count == 0


async def test_records_that_go_while_the_worker_runs_end_it(topic: Topic, group: str) -> None:
    """The same holds for records that are removed under the eyes of a worker that has not come to them."""
    topic.send_numbers(30)
    checkpoints, waiting, goes_on = Checkpoints(topic), asyncio.Event(), asyncio.Event()

    async def hold(chunk: Chunk) -> None:
        await checkpoints.apply(chunk)
        if checkpoints.count == 30:
            waiting.set()
            await goes_on.wait()

    async def remove() -> None:
        await waiting.wait()
        for _ in range(20):  # as many batches, of which a small fetch brings one
            await asyncio.to_thread(topic.send_numbers, 300)
        await asyncio.to_thread(topic.remove_below, 0, 1_510)
        goes_on.set()

    app = an_app(topic, group, checkpoints, consumer_max_fetch_size=1_000)
    reason = await crash_of(with_agent(app, topic, hold), remove)

    assert "partition 0 has no records from offset" in str(reason)
    assert checkpoints.applied[0] == list(range(len(checkpoints.applied[0])))


async def test_nothing_unfinished_is_committed(topic: Topic, group: str) -> None:
    """While an agent is at a chunk the group stays before it; a stop commits what is finished, and returns."""
    topic.send_numbers(90)
    checkpoints, at_work = Checkpoints(topic), asyncio.Event()

    async def hang_at_the_fourth(chunk: Chunk) -> None:
        if checkpoints.count >= 30:
            at_work.set()
            await asyncio.Event().wait()
        await checkpoints.apply(chunk)

    app = an_app(topic, group, checkpoints, **SOON)
    app.chunk_records = 10
    async with running(with_agent(app, topic, hang_at_the_fourth)):
        async with asyncio.timeout(PATIENCE):
            await at_work.wait()
        await eventually(lambda: sum(topic.committed(group).values()) == 30)
        async with asyncio.timeout(PATIENCE):
            await app.stop()

    assert topic.committed(group) == {key: len(offsets) for key, offsets in checkpoints.applied.items()}
    async with running(with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)):
        await checkpoints.wait(90)
    assert checkpoints.applied == topic.everything()


async def test_a_failing_agent_ends_the_worker_and_its_chunk_comes_again(topic: Topic, group: str) -> None:
    """An error in an agent of chunks crashes the app, which starts no other chunk; the chunk is not finished."""
    topic.send_numbers(90)
    checkpoints = Checkpoints(topic)
    tried: list[Chunk] = []

    async def fail_at_the_second(chunk: Chunk) -> None:
        tried.append(chunk)
        if len(tried) == 2:
            raise OSError("the disk is full")
        await checkpoints.apply(chunk)

    app = an_app(topic, group, checkpoints, **SOON)
    app.chunk_records = 10
    reason = await crash_of(with_agent(app, topic, fail_at_the_second))

    assert isinstance(reason, OSError)
    assert len(tried) == 2
    assert tried[1].partition not in topic.committed(group) or (
        topic.committed(group)[tried[1].partition] <= tried[1].first_offset
    )
    async with running(with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)):
        await checkpoints.wait(90)
    assert checkpoints.applied == topic.everything()


async def test_what_was_dropped_on_the_way_is_read_again(
    topic: Topic, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust drops what it has read when a rebalance comes in between; no agent ever sees the gap."""
    topic.send_numbers(3_000)
    checkpoints = Checkpoints(topic)
    fetch, dropped = ConsumerThread.getmany, 0

    async def fetch_and_drop(*args: Any, **options: Any) -> Any:
        nonlocal dropped
        fetched = await fetch(*args, **options)
        if any(fetched.values()) and checkpoints.count > 300 and dropped < 3:
            dropped += 1
            return {}
        return fetched

    monkeypatch.setattr(ConsumerThread, "getmany", fetch_and_drop)
    async with running(with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)):
        await checkpoints.wait(3_000)

    assert dropped == 3
    assert checkpoints.applied == topic.everything()


async def test_a_crash_from_elsewhere_does_not_hold_up_the_stop(topic: Topic, group: str) -> None:
    """What ends the app from outside the consumer, the day clock for instance, stops it with its reason."""
    topic.send_numbers(300)
    checkpoints = Checkpoints(topic)
    app = with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)

    async def crash() -> None:
        await checkpoints.wait(300)
        await app.crash(LogError("the day cannot be noted"))

    reason = await crash_of(app, crash)

    assert str(reason) == "the day cannot be noted"


async def test_a_slow_agent_is_not_run_over(topic: Topic, group: str) -> None:
    """Reading is ahead of the agent by what waits in its queue and what one read brought, however long the topic is."""
    topic.send_numbers(9_000)
    checkpoints = Checkpoints(topic)
    app = an_app(topic, group, checkpoints)
    furthest = 0

    async def look_how_far_reading_is(chunk: Chunk) -> None:
        nonlocal furthest
        await checkpoints.apply(chunk, seconds=0.005)  # long enough to read ahead
        furthest = max(
            furthest, sum(tip.next_offset for tip in app.consumer._thread._tips.values()) - checkpoints.count
        )

    async with running(with_agent(app, topic, look_how_far_reading_is)):
        await checkpoints.wait(9_000)

    assert checkpoints.applied == topic.everything()
    assert furthest <= 3 * app.chunk_records


async def test_an_error_of_the_group_ends_the_worker(topic: Topic, group: str) -> None:
    """What Kafka holds against the worker's membership is told; aiokafka would wait in silence for somebody to ask."""
    checkpoints = Checkpoints(topic)
    app = with_agent(an_app(topic, group, checkpoints), topic, checkpoints.apply)
    topic.send_numbers(3)

    async def forbid() -> None:
        await checkpoints.wait(3)
        app.consumer._thread._consumer._coordinator._pending_exception = GroupAuthorizationFailedError(group)

    reason = await crash_of(app, forbid)

    assert isinstance(reason, LogError)
    assert group in str(reason)


@pytest.fixture
def mock_topic(mock_kafka: str, topic_prefix: str) -> Iterator[Topic]:
    """A topic of four partitions on librdkafka's stand-in for a broker."""
    return Topic(mock_kafka, f"{topic_prefix}facts", 4, made=False)


async def test_the_stand_in_for_a_broker_is_enough(mock_topic: Topic, group: str) -> None:
    """Where no broker can be had, the same code runs against librdkafka's mock cluster."""
    mock_topic.send_numbers(400)
    checkpoints = Checkpoints(mock_topic, {0: mock_topic.tip(0, 40)})

    async with running(with_agent(an_app(mock_topic, group, checkpoints), mock_topic, checkpoints.apply)):
        await checkpoints.wait(360)

    assert checkpoints.applied == mock_topic.everything() | {0: list(range(40, 100))}
