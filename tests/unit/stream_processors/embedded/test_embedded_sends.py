"""What an app sends to the embedded log: durable, in order, in few steps; what cannot be kept is refused."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from faust.exceptions import ProducerSendError
from faust.types import TP

from eventlog.base import Receipt, Record
from eventlog.embedded import EmbeddedLog
from stream_processors.transports import embedded_producer
from tests.embedded_kit import OTHERS, PARTITIONS, an_app, append, running


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
