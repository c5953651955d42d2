"""The log's interface: what the embedded log and Kafka both promise.

A topic has partitions; a partition is an ordered, append-only sequence of records at offsets 0, 1, 2 ... An append
answers only when it is durable. A record with an identity is on the topic once: appended again, it is answered with
where it already stands. (On Kafka two machines that append the same at the same moment may both succeed; who folds
facts takes each once.)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from eventlog.chain import Heads
from learning.errors import EngagementError


class LogError(EngagementError):
    """The log cannot do what was asked; the message names the log and the remedy."""


class LogAwayError(LogError):
    """The servers of the log cannot be reached or do not answer; the same may succeed later."""


class CorruptLogError(LogError):
    """What stands in the log is not what was written: a flipped bit, a cut tail, an edit."""


class Record(NamedTuple):
    """What is appended. The key chooses the partition (murmur2, as Kafka does) unless one is named."""

    key: bytes | None
    value: bytes
    identity: str | None = None
    """(source, id) of a fact as one text, a newline between; a topic holds an identity once. None: never a duplicate.
    Ids of a source that sort in the order of appending keep the index over them fast."""
    partition: int | None = None


class Stored(NamedTuple):
    """A record as it stands on the log."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    head: bytes
    """The partition's hash chain up to and including this record."""


class Receipt(NamedTuple):
    """Where a record stands, answered after it is durable."""

    partition: int
    offset: int
    duplicate: bool
    """True when the identity was there before: nothing was added, and the record here may differ (see `read`)."""


class EventLog(Protocol):
    """An append-only log of topics."""

    def create_topic(self, topic: str, partitions: int) -> int:
        """Make a topic if it is not there; answer its number of partitions (an existing topic keeps its own)."""

    def topics(self) -> Mapping[str, int]:
        """Every topic with its number of partitions."""

    def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        """Append all records, in order; one receipt a record, answered when all are durable.

        Raises:
            LogError: When the topic is not there or a record cannot stand on it, then nothing was appended; or when the
                log cannot write. Then the embedded log, which appends all in one step, has appended nothing. On Kafka
                some of the records may stand there: append all again, and only what is missing is added, of those
                with an identity.
        """

    def read(self, topic: str, partition: int, offset: int, limit: int, max_bytes: int = ...) -> Sequence[Stored]:
        """Up to `limit` records from `offset` on, in order; empty at the end. Never waits for more."""

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition, the offset that the next record will get."""

    def head(self, topic: str, partition: int, offset: int) -> bytes:
        """The hash chain of a partition just before `offset` (so of the records 0 .. offset-1)."""

    def verify(self, expected_heads: Heads | None = None) -> Mapping[str, int]:
        """Read everything and recompute every hash chain; answer the number of records per topic.

        Args:
            expected_heads: What readers noted of the log, which must still hold all of it.

        Raises:
            CorruptLogError: Naming the first topic, partition and offset that does not hold.
        """

    def close(self) -> None:
        """Let go of the log."""
