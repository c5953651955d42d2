"""An append that adds no identity twice: follow the topic to its end, ask what is there, send the rest, note it."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from eventlog.base import CorruptLogError, Receipt, Record
from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import damaged
from eventlog.brokers.heads import KnownHeads
from eventlog.brokers.identities import IdentityIndex, UnreadableIndexError
from eventlog.brokers.producer import Addressed, Sender
from eventlog.brokers.reader import Fetched, KafkaReader, Place
from eventlog.brokers.topics import Topic
from eventlog.chain import Tip, link

_PAGE: Final = 5_000
_PAGE_BYTES: Final = 32 << 20
_STEP: Final = 50_000
"""Records that are followed in one transaction of the index, so that a long topic is not begun again after a stop."""


class CheckedAppends:
    """Appends to topics whose identities must be there once. For one thread at a time.

    Args:
        cluster: Where.
        index: What is known of the topics.
        sender: Puts records there.
        reader: Reads what others put there, under `reading`, which others need too.
        reading: The lock of the reader and the heads.
        heads: Told how the chains go on.
    """

    def __init__(
        self,
        cluster: KafkaCluster,
        *,
        index: IdentityIndex,
        sender: Sender,
        reader: KafkaReader,
        reading: threading.RLock,
        heads: KnownHeads,
    ) -> None:
        self._cluster = cluster
        self._index = index
        self._sender = sender
        self._reader = reader
        self._reading = reading
        self._heads = heads

    def append(self, topic: Topic, records: Addressed) -> list[Receipt]:
        """Send what is not there; a receipt each.

        Raises:
            LogError: Kafka or the index cannot be used; some of the records may stand on the topic.
            CorruptLogError: The topic has lost what this machine had seen there.
        """
        try:
            while True:
                with self._index.holding():
                    tips = self._index.tips(topic.name, topic.incarnation, topic.partitions)
                    if self._follow(topic, tips):
                        return self._append(topic, tips, records)
        except UnreadableIndexError:
            self._index.renew()
            raise

    def _append(self, topic: Topic, tips: dict[int, Tip], records: Addressed) -> list[Receipt]:
        identities = {record.identity for _, record in records if record.identity}
        stands = dict(self._index.find(topic.name, identities))
        missing = identities - stands.keys()
        new: list[tuple[int, Record]] = []
        for entry in records:
            identity = entry[1].identity
            if not identity or identity in missing:
                missing.discard(identity or "")
                new.append(entry)
        offsets = self._sender.send(topic.name, new) if new else []
        self._note(topic, tips, new, offsets)
        receipts: list[Receipt] = []
        given = iter(offsets)
        for partition, (_, _, identity, _) in records:
            if identity and identity in stands:
                receipts.append(Receipt(*stands[identity], duplicate=True))
                continue
            receipts.append(Receipt(partition, next(given), duplicate=False))
            if identity:
                stands[identity] = receipts[-1][:2]
        return receipts

    def _note(self, topic: Topic, tips: dict[int, Tip], new: Addressed, offsets: Sequence[int]) -> None:
        """Note what was sent without reading it back, unless somebody else's records came between."""
        sent: dict[int, list[Fetched]] = defaultdict(list)
        for (partition, record), offset in zip(new, offsets, strict=True):
            sent[partition].append(Fetched(offset, record.key, record.value, record.identity))
        for partition, records in sent.items():
            expected = tips[partition].next_offset
            if records[0].offset == expected and records[-1].offset == expected + len(records) - 1:
                tips[partition] = self._note_records(Place(topic.name, partition), tips[partition], records)

    def _follow(self, topic: Topic, tips: dict[int, Tip]) -> bool:
        """Note what was added since `tips`, moving them on; answer whether that was all."""
        with self._reading:
            ends = self._reader.ends(topic.name, tips)
        room = _STEP
        for partition, end in ends.items():
            place = Place(topic.name, partition)
            if end < tips[partition].next_offset:
                raise self._lost(place, end, tips[partition].next_offset)
            while (before := tips[partition]).next_offset < end:
                if room <= 0:
                    return False
                tips[partition] = self._follow_page(place, before, min(end - before.next_offset, _PAGE))
                room -= tips[partition].next_offset - before.next_offset
        return True

    def _follow_page(self, place: Place, before: Tip, limit: int) -> Tip:
        with self._reading:
            records = self._reader.read(place, before.next_offset, limit, _PAGE_BYTES)
        return self._note_records(place, before, records)

    def _note_records(self, place: Place, before: Tip, records: Sequence[Fetched]) -> Tip:
        head = before.head
        for offset, key, value, _ in records:
            head = link(head, offset, key, value)
        now = Tip(before.next_offset + len(records), head)
        self._index.note(place, before, now, ((each.offset, each.identity) for each in records if each.identity))
        with self._reading:
            self._heads.note(place, now)
        return now

    def _lost(self, place: Place, end: int, known: int) -> CorruptLogError:
        return damaged(
            self._cluster,
            f"{place} ends before offset {end}, but {self._index} knows {known} records: {known - end} are lost",
        )
