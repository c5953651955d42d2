"""Real Faust apps on an embedded log: nothing lost, nothing skipped, nothing committed before it is finished."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.exceptions import ProducerSendError
from faust.types import TP

from eventlog.base import LogError, Receipt, Record
from eventlog.chain import Tip
from eventlog.embedded import EmbeddedLog
from stream_processors import chunks
from stream_processors.chunks import Chunk
from stream_processors.faust_app import EngagementApp
from stream_processors.transports import embedded_producer
from stream_processors.transports.embedded import broker_url

FACTS, OTHERS, COUNTS = "facts", "others", "counting-counts-changelog"
PARTITIONS = 3
PATIENCE = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is; the folder's name has what means something else in a URL."""
    return tmp_path / "a folder; 100 % #1?" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterable[EmbeddedLog]:
    """A second handle on the log, as another process has it, with two topics."""
    log = EmbeddedLog(path)
    log.create_topic(FACTS, PARTITIONS)
    log.create_topic(OTHERS, PARTITIONS)
    yield log
    log.close()


class Got:
    """What agents have received, and a way to wait for it."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.values: list[bytes] = []
        self._news = asyncio.Event()

    def add(self, value: bytes, *, chunked: bool = True) -> Chunk | None:
        """Note an event."""
        if chunked:
            self.chunks.append(chunks.unpack(value))
        else:
            self.values.append(value)
        self._news.set()
        return self.chunks[-1] if chunked else None

    def offsets(self) -> dict[int, list[int]]:
        """Per partition, the offsets of all records in the order they came."""
        found: dict[int, list[int]] = {}
        for chunk in self.chunks:
            found.setdefault(chunk.partition, []).extend(offset for offset, _ in chunk.records)
        return found

    def records(self) -> int:
        """How many records came in chunks."""
        return sum(len(chunk.records) for chunk in self.chunks)

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds, looking again with each event."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()


def an_app(path: Path, **options: Any) -> EngagementApp:
    """An app that reads the facts in chunks of at most ten records."""
    app = EngagementApp("counting", broker=broker_url(path), topic_partitions=PARTITIONS, **options)
    app.chunked_topics = frozenset({FACTS})
    app.chunk_records = 10
    return app


def collect(app: EngagementApp, after_each: Callable[[Chunk], Awaitable[None]] | None = None) -> Got:
    """Let an agent of the app note all chunks, and do something after noting each."""
    got = Got()

    @app.agent(app.topic(FACTS, value_type=bytes))
    async def collector(stream: faust.StreamT[bytes]) -> None:
        async for value in stream:
            chunk = got.add(value)
            if after_each is not None and chunk is not None:
                await after_each(chunk)

    return got


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[None]:
    """The app, started and stopped."""
    await app.start()
    try:
        yield
    finally:
        await app.stop()


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something that only polling can see."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)


def append(log: EmbeddedLog, count: int, topic: str = FACTS) -> Sequence[Receipt]:
    """Append numbered records to all partitions in turn."""
    records = [Record(None, b"%d" % number, partition=number % PARTITIONS) for number in range(count)]
    return log.append(topic, records)


def all_offsets(log: EmbeddedLog, topic: str = FACTS) -> dict[int, list[int]]:
    """Per partition, every offset there is."""
    return {partition: list(range(end)) for partition, end in log.end_offsets(topic).items() if end}


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


async def test_a_send_answers_where_the_record_stands(path: Path, log: EmbeddedLog) -> None:
    """The metadata of a send is the record's place on the log, known after it is durable."""
    append(log, 4, OTHERS)
    app = an_app(path)

    async with running(app):
        metadata = await (await app.topic(OTHERS).send(key=b"key", value=b"value", partition=2))

    assert (metadata.topic, metadata.partition, metadata.offset) == (OTHERS, 2, 1)
    assert metadata.topic_partition == TP(OTHERS, 2)
    [stored] = log.read(OTHERS, 2, 1, 10)
    assert (stored.key, stored.value) == (b"key", b"value")


@pytest.mark.usefixtures("log")
async def test_a_key_has_the_same_partition_in_the_app_and_on_the_log(path: Path) -> None:
    """The producer foretells the partition that the log chooses for a key."""
    app = an_app(path)
    app.topic(OTHERS)

    async with running(app):
        await app.producer.create_topic(OTHERS, PARTITIONS, 1)
        for number in range(20):
            key = b"key-%d" % number
            sent = await (await app.topic(OTHERS).send(key=key, value=b""))
            assert sent.topic_partition == app.producer.key_partition(OTHERS, key)


@pytest.mark.usefixtures("log")
async def test_sends_that_come_together_are_appended_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sends of one turn of the loop become one durable step, in their order."""
    batches: list[int] = []
    really_append = EmbeddedLog.append

    def count_and_append(self: EmbeddedLog, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        batch = list(records)
        batches.append(len(batch))
        return really_append(self, topic, batch)

    monkeypatch.setattr(EmbeddedLog, "append", count_and_append)
    app = an_app(path)
    producer = app.producer

    async with running(app):
        sent = [await producer.send(OTHERS, None, b"%d" % number, 0, None, None) for number in range(100)]
        await producer.flush()

    assert [future.result().offset for future in sent] == list(range(100))
    assert batches == [100]


async def test_senders_are_held_back_when_the_log_cannot_keep_up(
    path: Path, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than the limit waits to be appended, however much is sent; all of it arrives in order."""
    monkeypatch.setattr(embedded_producer, "_MOST_WAITING", 10)
    app = an_app(path)
    most = 0

    async with running(app):
        for number in range(95):
            await app.producer.send(OTHERS, None, b"%d" % number, 0, None, None)
            most = max(most, len(app.producer._waiting))

    assert most < 10
    assert [record.value for record in log.read(OTHERS, 0, 0, 1_000)] == [b"%d" % number for number in range(95)]


async def test_a_stop_appends_what_was_sent(path: Path, log: EmbeddedLog) -> None:
    """Nobody needs to await a send for it to survive a stop."""
    app = an_app(path)
    async with running(app):
        for number in range(100):
            await app.topic(OTHERS).send(value=b"%d" % number, partition=0)

    assert [record.value for record in log.read(OTHERS, 0, 0, 1_000)] == [b"%d" % number for number in range(100)]


async def test_sending_to_an_unknown_topic_is_refused(path: Path, log: EmbeddedLog) -> None:
    """A topic that nobody has made is named in the error, and the other sends go on."""
    app = an_app(path)

    async with running(app):
        unknown = await app.producer.send("unheard-of", None, b"", 0, None, None)
        known = await app.producer.send(OTHERS, None, b"", 0, None, None)
        with pytest.raises(ProducerSendError, match="unheard-of"):
            await unknown
        assert (await known).offset == 0

    assert "unheard-of" not in log.topics()


@pytest.mark.usefixtures("log")
async def test_headers_are_refused(path: Path) -> None:
    """The log keeps no headers, so a send with some fails rather than dropping them."""
    app = an_app(path)

    async with running(app):
        with pytest.raises(ProducerSendError, match="no headers"):
            await app.producer.send_and_wait(OTHERS, None, b"", 0, None, {"trace": b"1"})


@pytest.mark.usefixtures("log")
async def test_sending_before_the_start_is_refused(path: Path) -> None:
    """A producer that is not running says so instead of keeping the record for ever."""
    with pytest.raises(ProducerSendError, match="not running"):
        await an_app(path).producer.send_and_wait(OTHERS, None, b"", 0, None, None)


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
