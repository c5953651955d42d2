"""Puts records on Kafka durably and in order, and answers where they stand; what was not acknowledged is an error."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import kafka.errors as kafka_errors
from kafka import KafkaProducer

from eventlog.base import LogError, Record
from eventlog.brokers.clients import opened
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import plain_errors
from eventlog.brokers.reader import IDENTITY_HEADER
from eventlog.brokers.topics import LARGEST_RECORD

_COMPRESSION: Final = "lz4"
_BATCH_BYTES: Final = 256 << 10
_LINGER_MS: Final = 1_000  # longer than an append takes to hand all over; what is flushed goes at once
_WINDOW_RECORDS: Final = 10_000
_WINDOW_BYTES: Final = 16 << 20
_OVERHEAD: Final = 256
"""Bytes of a record beside key, value and identity, at most."""

Addressed = Sequence[tuple[int, Record]]
"""Records, each with its partition."""


class Sender:
    """An idempotent producer, made when it is needed and anew after an error. For one thread at a time.

    At most a window of records waits for Kafka's acknowledgement; whoever sends more waits too.

    Args:
        cluster: Where.
        seconds: For how long an acknowledgement may take before that is an error.
    """

    def __init__(self, cluster: KafkaCluster, seconds: float) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._client: KafkaProducer | None = None

    def close(self) -> None:
        """Let go of the connection; nothing waits to be sent."""
        client, self._client = self._client, None
        if client is not None:
            client.close(timeout=self._seconds)

    def send(self, topic: str, records: Addressed) -> list[int]:
        """Send all, in order; answer the offset of each once enough copies have it.

        Raises:
            LogError: A record is too large (then nothing was sent), or Kafka did not acknowledge in time: then some
                records may stand on the topic.
        """
        for _, record in records:
            self._check_size(topic, record)
        offsets: list[int] = []
        with plain_errors(self._cluster, f"append to topic {topic}", self._seconds):
            try:
                for window in _windows(records):
                    offsets += self._send_window(self._cluster.named(topic), window)
            except BaseException:
                self._give_up()
                raise
        return offsets

    def _send_window(self, name: str, window: Addressed) -> Iterator[int]:
        producer = self._producer()
        sent = [
            producer.send(
                name,
                record.value,
                record.key,
                headers=[(IDENTITY_HEADER, record.identity.encode())] if record.identity else None,
                partition=partition,
            )
            for partition, record in window
        ]
        producer.flush(self._seconds)
        return (_offset(each.get(self._seconds)) for each in sent)

    def _give_up(self) -> None:
        """Drop what waits in the client, so that it does not come after what is sent next."""
        client, self._client = self._client, None
        if client is not None:
            sender = client._sender  # noqa: SLF001 - `close` would wait for what waits, and leave it to be sent
            sender.force_close()
            sender.join(self._seconds)
            client.close(timeout=0)

    def _producer(self) -> KafkaProducer:
        if self._client is None:
            milliseconds = int(self._seconds * 1000)
            self._client = opened(
                KafkaProducer,
                self._cluster,
                self._seconds,
                enable_idempotence=True,
                acks="all",
                max_in_flight_requests_per_connection=5,
                compression_type=_COMPRESSION,
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MS,
                max_request_size=LARGEST_RECORD,
                delivery_timeout_ms=milliseconds,
                request_timeout_ms=milliseconds // 3,  # so that a lost answer is asked for again in time
                max_block_ms=milliseconds,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        return self._client

    def _check_size(self, topic: str, record: Record) -> None:
        size = len(record.value) + len(record.key or b"") + len(record.identity or "") * 4 + _OVERHEAD
        if size > LARGEST_RECORD:
            raise LogError(
                f"A record of {len(record.value)} bytes is too large for topic {topic}, which takes up to "
                f"{LARGEST_RECORD} with everything about it; leave it out."
            )


def _windows(records: Addressed) -> Iterator[Addressed]:
    window: list[tuple[int, Record]] = []
    size = 0
    for entry in records:
        window.append(entry)
        size += len(entry[1].value)
        if len(window) == _WINDOW_RECORDS or size >= _WINDOW_BYTES:
            yield window
            window, size = [], 0
    if window:
        yield window


def _offset(acknowledged: Any) -> int:
    offset: int = acknowledged.offset
    if offset < 0:  # acknowledged as sent before, by a broker that has forgotten where it stands
        raise kafka_errors.KafkaTimeoutError("acknowledged without an offset")
    return offset
