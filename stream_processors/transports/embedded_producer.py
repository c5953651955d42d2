"""The producer of the embedded transport: sends that come together are appended together, and a flush drains all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from faust.exceptions import ProducerSendError
from faust.transport import producer as base
from faust.types import TP, AppT, HeadersArg
from faust.types.tuples import FutureMessage, RecordMetadata
from mode import Service

from eventlog.base import EventLog, Receipt, Record

if TYPE_CHECKING:
    from stream_processors.transports.embedded import Transport

_MOST_WAITING = 10_000
"""Records that may wait to be appended before senders are held back."""


class Buffer(base.ProducerBuffer):
    """What synchronous code sends (a table with each change), until the producer has taken it over.

    Faust's own buffer gives up a flush after 0.1 s without progress and drops failures; this one does neither, because
    an offset may only be committed when the changes behind it are durable.
    """

    app: AppT
    max_messages = _MOST_WAITING
    """Changes that may wait before streams are held back. Faust's default, 100, would throttle every table."""

    def __post_init__(self) -> None:
        """Prepare an empty buffer."""
        super().__post_init__()
        self.unfinished: set[asyncio.Future[Any]] = set()
        self.lost: BaseException | None = None
        """Why a change could not be appended: nobody awaits it, so whoever commits must look here."""

    def put(self, fut: FutureMessage) -> None:
        """Take a message over."""
        self.unfinished.add(fut)
        fut.add_done_callback(self._finish)
        self.pending.put_nowait(fut)

    async def flush(self) -> None:
        """Wait until every message that was put here so far is durable or lost."""
        if self.unfinished:
            await asyncio.wait(self.unfinished)

    @Service.task
    async def _handle_pending(self) -> None:
        while True:  # until it is cancelled, which happens after the flush of a stop
            fut = await self.pending.get()
            try:
                await self._send_pending(fut)
            except Exception as error:  # noqa: BLE001 - whatever it was, the message is not on the log
                if not fut.done():
                    fut.set_exception(error)
            self.message_sent.set()

    def _finish(self, fut: "asyncio.Future[Any]") -> None:
        self.unfinished.discard(fut)
        if not fut.cancelled() and fut.exception() is not None:
            self.lost = fut.exception()


class _Send(NamedTuple):
    topic: str
    record: Record
    sent: "asyncio.Future[RecordMetadata]"


class Producer(base.Producer):
    """Appends in the writer's thread; while one append runs, the sends that come in make up the next."""

    transport: "Transport"
    buffer: Buffer

    def __init__(self, transport: "Transport", loop: asyncio.AbstractEventLoop | None = None, **options: Any) -> None:
        """Prepare; the log is opened at the start."""
        super().__init__(transport, loop=loop, **options)
        self.buffer = Buffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app
        self._waiting: list[_Send] = []
        self._something_waits = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._unfinished: set[asyncio.Future[RecordMetadata]] = set()

    async def on_start(self) -> None:
        """Open the log for appending."""
        await self.transport.writer.open()
        await super().on_start()

    async def on_stop(self) -> None:
        """Append everything that was sent."""
        await self.flush()
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """Let go of the log."""
        await self.transport.writer.close()

    async def send(  # noqa: PLR0917 - Faust's interface
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,  # noqa: ARG002 - Faust's interface; the log keeps none
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,  # noqa: ARG002 - Faust's interface; there are no transactions here
    ) -> Awaitable[RecordMetadata]:
        """Queue a record and answer a future of where it stands, done when it is durable.

        The log knows no null: a table's deletion (a value of None) is appended as an empty value. It keeps no headers
        and no timestamps either: facts carry their own.
        """
        sent: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if headers:
            sent.set_exception(ProducerSendError(f"The embedded log keeps no headers; send to {topic} without them."))
        elif not self.transport.writer.is_open:
            sent.set_exception(ProducerSendError(f"The producer is not running; start the app to send to {topic}."))
        else:
            self._unfinished.add(sent)
            sent.add_done_callback(self._unfinished.discard)
            self._waiting.append(_Send(topic, Record(key, value or b"", partition=partition), sent))
            self._something_waits.set()
            await self._wait_for_room()
        return sent

    async def send_and_wait(  # noqa: PLR0917 - Faust's interface
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,  # noqa: ARG002 - Faust's interface; there are no transactions here
    ) -> RecordMetadata:
        """Append a record and answer where it stands, after it is durable."""
        return await (await self.send(topic, key, value, partition, timestamp, headers))

    async def flush(self) -> None:
        """Wait until everything sent so far is durable, or is known not to be."""
        if self.transport.writer.is_open:
            await self.buffer.flush()
            if self._unfinished:
                await asyncio.wait(self._unfinished)

    async def create_topic(
        self,
        topic: str,
        partitions: int,
        replication: int,  # noqa: ARG002 - Faust's interface; there is one copy of an embedded log
        **_options: Any,
    ) -> None:
        """Put a topic on the log unless the app may not declare topics.

        The options of Faust's interface (retention, compaction ...) mean nothing here: the log keeps everything.
        """
        if self.app.conf.topic_allow_declare:
            await self.transport.create_topic(topic, partitions)

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition of a key."""
        return TP(topic, self.transport.partition_of(topic, key))

    def supports_headers(self) -> bool:
        """Answer no: the log keeps keys and values."""
        return False

    async def _wait_for_room(self) -> None:
        """Hold senders back while the log cannot keep up, so that what waits does not fill the memory."""
        if len(self._waiting) >= _MOST_WAITING:
            self._has_room.clear()
            await self._has_room.wait()

    @Service.task
    async def _append_what_waits(self) -> None:
        while True:  # until it is cancelled, which happens after the flush of a stop
            await self._something_waits.wait()
            await asyncio.sleep(self.linger_ms / 1000)  # what is sent meanwhile goes into the same append
            self._something_waits.clear()
            batch, self._waiting = self._waiting, []
            self._has_room.set()
            await self._append(batch)

    async def _append(self, batch: list[_Send]) -> None:
        by_topic: dict[str, list[_Send]] = {}
        for send in batch:
            by_topic.setdefault(send.topic, []).append(send)
        for topic, sends in by_topic.items():
            try:
                receipts = await self.transport.writer.call(_append_to(topic, [send.record for send in sends]))
            except Exception as error:  # noqa: BLE001 - whatever it was, those who sent must hear of it
                _refuse(sends, error)
            else:
                _confirm(topic, sends, receipts)


def _append_to(topic: str, records: list[Record]) -> Callable[[EventLog], Sequence[Receipt]]:
    return lambda log: log.append(topic, records)


def _confirm(topic: str, sends: list[_Send], receipts: Sequence[Receipt]) -> None:
    for send, receipt in zip(sends, receipts, strict=True):
        if not send.sent.done():
            tp = TP(topic, receipt.partition)
            send.sent.set_result(RecordMetadata(topic, receipt.partition, tp, receipt.offset))


def _refuse(sends: list[_Send], error: Exception) -> None:
    for send in sends:
        if not send.sent.done():
            failure = ProducerSendError(str(error))
            failure.__cause__ = error
            send.sent.set_exception(failure)
