"""Reads partitions of a topic on Kafka from any offset on, without a group, and never fetches twice what it holds."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import kafka.errors as kafka_errors
from kafka import KafkaConsumer, TopicPartition

from eventlog.base import CorruptLogError
from eventlog.brokers.clients import opened
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import damaged, patiently, plain_errors

IDENTITY_HEADER: Final = "identity"
"""The header of a Kafka record that holds our record's identity."""

_FETCH_BYTES: Final = 1 << 20  # as they are on the wire, compressed: some 10,000 facts
_POLL_RECORDS: Final = 10_000
_WAIT_MS: Final = 500


class Fetched(NamedTuple):
    """A record as it came from Kafka."""

    offset: int
    key: bytes | None
    value: bytes
    identity: str | None


class Place(NamedTuple):
    """A partition of a topic of ours, by the topic's plain name."""

    topic: str
    partition: int

    def __str__(self) -> str:
        """Name it as messages do."""
        return f"topic {self.topic}, partition {self.partition}"


class KafkaReader:
    """Reads one partition at a time; going on where the last read stopped costs nothing. For one thread at a time.

    Args:
        cluster: Where.
        seconds: For how long Kafka may be away before that is an error.
    """

    def __init__(self, cluster: KafkaCluster, seconds: float) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._client: KafkaConsumer | None = None
        self._at: Place | None = None
        self._held: deque[Fetched] = deque()
        self._next = 0
        """The offset that the consumer fetches next; what is held ends just before it."""
        self._end = 0
        """The end of the partition when it was last asked for."""

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close(autocommit=False, timeout_ms=0)
            self._client = None

    def ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset that the next record of each partition will get.

        Raises:
            LogError: Kafka does not answer.
        """
        places = {partition: self._address(Place(topic, partition)) for partition in partitions}
        with plain_errors(self._cluster, f"tell the ends of topic {topic}", self._seconds):
            found = self._consumer().end_offsets(list(places.values()), timeout_ms=int(self._seconds * 1000))
        return {partition: found[address] for partition, address in places.items()}

    def reaches(self, place: Place, offset: int) -> bool:
        """Whether a record stands at the offset.

        Raises:
            LogError: Kafka does not answer.
        """
        if place == self._at and offset < self._end:
            return True
        [end] = self.ends(place.topic, [place.partition]).values()
        if place == self._at:
            self._end = end
        return offset < end

    def read(self, place: Place, offset: int, limit: int, max_bytes: int) -> Sequence[Fetched]:
        """Up to `limit` records from `offset` on; values add up to `max_bytes` at most, but a first record comes.

        Raises:
            CorruptLogError: Records are gone, by retention or otherwise.
            LogError: Kafka does not answer.
        """
        self._go_to(place, offset)
        taken: list[Fetched] = []
        room = max_bytes
        while len(taken) < limit and (self._held or self.reaches(place, self._next)):
            if not self._held:
                self._fill(place, limit - len(taken))
            room -= len(self._held[0].value)
            if taken and room < 0:
                break
            taken.append(self._held.popleft())
        return taken

    def _go_to(self, place: Place, offset: int) -> None:
        if place == self._at and self._next - len(self._held) <= offset <= self._next:
            for _ in range(offset - (self._next - len(self._held))):
                self._held.popleft()
            return
        address = self._address(place)
        with plain_errors(self._cluster, f"read {place}", self._seconds):
            consumer = self._consumer()
            if place != self._at:
                consumer.assign([address])
                self._at, self._end = place, 0
            consumer.seek(address, offset)
        self._held.clear()
        self._next = offset

    def _fill(self, place: Place, limit: int) -> None:
        """Hold one record or more, which are known to be there."""
        with plain_errors(self._cluster, f"read {place}", self._seconds):
            for record in self._poll(place, min(limit, _POLL_RECORDS)):
                if record.offset != self._next:
                    raise self._gap(place, record.offset)
                self._held.append(_fetched(record))
                self._next += 1
            self._end = max(self._end, self._consumer().highwater(self._address(place)) or 0)

    def _poll(self, place: Place, limit: int) -> Sequence[Any]:
        until = time.monotonic() + self._seconds
        while time.monotonic() < until:
            try:
                for records in self._consumer().poll(timeout_ms=_WAIT_MS, max_records=limit).values():
                    return records  # type: ignore[no-any-return]  # the client is untyped
                if (passed := self._consumer().position(self._address(place))) > self._next:
                    raise self._gap(place, passed)
            except (kafka_errors.OffsetOutOfRangeError, kafka_errors.NoOffsetForPartitionError) as error:
                raise self._out_of_range(place) from error
            except kafka_errors.LogTruncationError as error:
                raise damaged(self._cluster, f"{place} lost records from offset {self._next} on or before") from error
        raise kafka_errors.KafkaTimeoutError(f"no record of {place}")

    def _gap(self, place: Place, offset: int) -> CorruptLogError:
        return damaged(
            self._cluster,
            f"{place} has no record from offset {self._next} to {offset - 1} (it was compacted, or somebody wrote "
            "to it in transactions)",
        )

    def _out_of_range(self, place: Place) -> CorruptLogError:
        address = self._address(place)
        first = patiently(lambda: self._consumer().beginning_offsets([address])[address], self._seconds)
        if first > self._next:
            return damaged(
                self._cluster,
                f"{place} begins at offset {first}, what was before is gone (retention, or somebody deleted records; "
                "`engagement topics check` shows its retention)",
            )
        [end] = self.ends(place.topic, [place.partition]).values()
        return damaged(self._cluster, f"{place} ends before offset {end}, but it had reached {self._end}")

    def _consumer(self) -> KafkaConsumer:
        if self._client is None:
            self._client = opened(
                KafkaConsumer,
                self._cluster,
                self._seconds,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                allow_auto_create_topics=False,
                max_partition_fetch_bytes=_FETCH_BYTES,
                fetch_max_wait_ms=0,  # nobody waits here for records to come
                metrics_enabled=False,
            )
        return self._client

    def _address(self, place: Place) -> TopicPartition:
        return TopicPartition(self._cluster.named(place.topic), place.partition)


def _fetched(record: Any) -> Fetched:
    header = next((value for name, value in record.headers if name == IDENTITY_HEADER), None)
    identity = header.decode(errors="replace") if header else None  # somebody else may have sent any bytes
    return Fetched(record.offset, record.key, record.value or b"", identity)
