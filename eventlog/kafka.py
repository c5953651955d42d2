"""The log on Apache Kafka: the same promises as the embedded log's, kept with what Kafka gives.

Offsets of a topic that nothing is taken from, and that knows no transactions, count from 0 without gaps. So the hash
chain of a partition is computed by reading it, and is the same as the embedded log's over the same records.
"""

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

from kafka.errors import UnknownTopicOrPartitionError

from eventlog.base import LogError, Receipt, Record, Stored
from eventlog.brokers.appending import CheckedAppends
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import patiently
from eventlog.brokers.heads import KnownHeads
from eventlog.brokers.identities import IdentityIndex, followed_heads, followed_tips
from eventlog.brokers.producer import Sender
from eventlog.brokers.reader import KafkaReader, Place
from eventlog.brokers.topics import KafkaTopics, Topic
from eventlog.brokers.verification import Witness, chained, verify
from eventlog.chain import Heads, Tip, link
from eventlog.sqlite.appending import address

MAX_READ_BYTES: Final = 8 << 20
PATIENCE_SECONDS: Final = 30.0
_MAX_PARTITIONS: Final = 4_096
_TOPIC_NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class KafkaLog:
    """An `EventLog` on Kafka. Usable from several threads; not across a fork.

    An append of many records is not one step here: when Kafka goes away in the middle, the error comes, and some of
    them may stand on the topic. Appending all again adds only what is missing, to those with an identity.

    Args:
        cluster: Where, and how topics are made there.
        identities: The file of this machine that knows where identities stand (see `eventlog.brokers.identities`); it
            can be deleted at any time, and is made anew by reading. None: a temporary one.
        unchecked: Topics that are appended to without asking whether an identity is there.
        patience: Seconds that Kafka may be away before that is an error.
    """

    def __init__(
        self,
        cluster: KafkaCluster,
        identities: Path | None = None,
        unchecked: frozenset[str] = frozenset(),
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._unchecked = unchecked
        self._patience = patience
        self._unkeyed = count()
        self._known: dict[str, Topic] = {}
        self._heads = KnownHeads()
        self._appending = threading.Lock()
        """Guards what appends: producer and index. Taken before `_reading` when both are."""
        self._reading = threading.RLock()
        """Guards what reads: consumer, topics and heads."""
        self._folder = None if identities else TemporaryDirectory(prefix="engagement-")
        self._path = identities or Path(self._folder.name) / "identities.db"  # type: ignore[union-attr]  # one of both
        self._topics = KafkaTopics(cluster, patience)
        self._reader = KafkaReader(cluster, patience)
        self._sender = Sender(cluster, patience)
        self._index: IdentityIndex | None = None
        self._is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections and of the index; closing it again does nothing."""
        with self._appending, self._reading:
            self._is_open = False
            self._topics.close()
            self._reader.close()
            self._sender.close()
            if self._index:
                self._index.close()
            if self._folder:
                self._folder.cleanup()

    def create_topic(self, topic: str, partitions: int) -> int:
        """Make a topic if it is not there; answer its number of partitions (an existing topic keeps its own).

        Raises:
            LogError: When the name or the number is not one a topic can have, or Kafka does not make it.
        """
        if not _TOPIC_NAME.fullmatch(self._cluster.named(topic)):
            raise LogError(
                f"{self._cluster.named(topic)!r} cannot name a topic; "
                "use up to 249 letters, digits, dots, underscores and hyphens."
            )
        if not 1 <= partitions <= _MAX_PARTITIONS:
            raise LogError(f"Topic {topic} cannot have {partitions} partitions; choose from 1 to {_MAX_PARTITIONS}.")
        with self._reading:
            self._require_open()
            if topic not in self._known and topic not in self._look():
                self._topics.create(topic, partitions)
                with suppress(UnknownTopicOrPartitionError):
                    patiently(lambda: self._require_known(topic), self._patience)
            return self._topic(topic).partitions

    def _require_known(self, topic: str) -> None:
        """Find out whether a topic is there: the brokers of a cluster hear of a new one, one after the other."""
        if topic not in self._look():
            raise UnknownTopicOrPartitionError

    def topics(self) -> Mapping[str, int]:
        """Every topic of ours, by its plain name, with its number of partitions."""
        with self._reading:
            self._require_open()
            return {topic.name: topic.partitions for topic in self._look().values()}

    def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        """Append all records durably, in order; one receipt a record.

        Raises:
            LogError: When the topic is not there, a record cannot stand on it (then nothing was appended), or Kafka
                did not acknowledge in time. Then some of the records may stand there: append all of them again, and
                those with an identity are answered as duplicates.
            CorruptLogError: The topic has lost what this machine had seen there.
        """
        known = self._topic(topic)
        addressed = list(address(topic, known.partitions, records, self._unkeyed))
        if not addressed:
            return []
        with self._appending:
            self._require_open()
            if topic not in self._unchecked:
                return self._checked().append(known, addressed)
            offsets = self._sender.send(topic, addressed)
        return [
            Receipt(partition, offset, duplicate=False)
            for (partition, _), offset in zip(addressed, offsets, strict=True)
        ]

    def read(
        self, topic: str, partition: int, offset: int, limit: int, max_bytes: int = MAX_READ_BYTES
    ) -> Sequence[Stored]:
        """Up to `limit` records from `offset` on, in order; empty at the end. Never waits for records to come.

        The values add up to at most `max_bytes`, but a first record that is larger still comes, alone.

        Raises:
            CorruptLogError: When a record is gone.
            LogError: When there is no such topic or partition, or Kafka does not answer.
        """
        place = self._place(topic, partition)
        with self._reading:
            self._require_open()
            if not self._reader.reaches(place, offset):
                return []
            head = self._head(place, offset)
            stored: list[Stored] = []
            for found in self._reader.read(place, offset, limit, max_bytes):
                head = link(head, found.offset, found.key, found.value)
                stored.append(Stored(partition, found.offset, found.key, found.value, head))
            self._heads.note(place, Tip(offset + len(stored), head))
            return stored

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition, the offset that the next record will get."""
        partitions = range(self._topic(topic).partitions)
        with self._reading:
            self._require_open()
            return self._reader.ends(topic, partitions)

    def head(self, topic: str, partition: int, offset: int) -> bytes:
        """The hash chain of a partition just before `offset` (so of the records 0 .. offset-1).

        It is computed by reading, from the nearest place before that is known: one where this log has read, that
        `prime` was told, or that the index has; else from the partition's beginning.

        Raises:
            CorruptLogError: When a record is gone.
            LogError: When the partition does not reach that far, or Kafka does not answer.
        """
        place = self._place(topic, partition)
        with self._reading:
            self._require_open()
            if offset > 0 and not self._reader.reaches(place, offset - 1):
                raise LogError(
                    f"The log on Kafka at {self._cluster.address} has no offset {offset} in {place}; "
                    "it ends before that."
                )
            return self._head(place, offset)

    def prime(self, topic: str, partition: int, offset: int, head: bytes) -> None:
        """Trust that `head` is the hash chain just before `offset`, so that heads from there on need no reading before.

        For a reader who noted it, as in a checkpoint. `verify` trusts nobody.
        """
        with self._reading:
            self._heads.note(Place(topic, partition), Tip(offset, head))

    def verify(self, expected_heads: Heads | None = None) -> Mapping[str, int]:
        """Read everything and recompute every hash chain; answer the number of records per topic.

        Kafka's checksums are compared on the way, and the log with the index of this machine. Appends go on.

        Args:
            expected_heads: What the projections know of the log, as (next offset, head) by (topic, partition).

        Raises:
            CorruptLogError: Naming the first topic, partition and offset that does not hold.
        """
        with self._reading:
            self._require_open()
            topics = dict(self._look())
        witnesses = [
            Witness("the projections' checkpoint", expected_heads or {}),
            Witness(
                f"the index {self._path}",
                followed_tips(self._path, {topic.name: topic.incarnation for topic in topics.values()}),
            ),
        ]
        with closing(KafkaReader(self._cluster, self._patience)) as reader:
            return verify(self._cluster, reader, topics, witnesses)

    def _head(self, place: Place, offset: int) -> bytes:
        """The head just before an offset that the partition has reached. Needs the lock of what reads."""
        if not self._heads.knows(place):
            for tip in followed_heads(self._path, place, self._topic(place.topic).incarnation):
                self._heads.note(place, tip)
        tip = chained(self._reader, place, self._heads.nearest(place, offset), offset)
        self._heads.note(place, tip)
        return tip.head

    def _checked(self) -> CheckedAppends:
        """What appends with the index, which is opened when it is first needed."""
        if self._index is None:
            self._index = IdentityIndex(self._path)
        return CheckedAppends(
            self._cluster,
            index=self._index,
            sender=self._sender,
            reader=self._reader,
            reading=self._reading,
            heads=self._heads,
        )

    def _look(self) -> Mapping[str, Topic]:
        """The topics as they are now. Needs the lock of what reads."""
        self._known = self._topics.topics()
        return self._known

    def _topic(self, topic: str) -> Topic:
        with self._reading:
            self._require_open()
            if topic not in self._known and topic not in self._look():
                raise LogError(
                    f"Kafka at {self._cluster.address} has no topic {self._cluster.named(topic)}; "
                    "create it with `engagement topics create`."
                )
            return self._known[topic]

    def _place(self, topic: str, partition: int) -> Place:
        partitions = self._topic(topic).partitions
        if not 0 <= partition < partitions:
            raise LogError(f"Topic {topic} has no partition {partition}; it has partitions 0 to {partitions - 1}.")
        return Place(topic, partition)

    def _require_open(self) -> None:
        if not self._is_open:
            raise LogError(f"The log on Kafka at {self._cluster.address} was closed; open it again.")
