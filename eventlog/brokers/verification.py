"""Proof that the topics on Kafka hold what was written there: every chain recomputed, and compared with noted heads."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from eventlog.brokers.cluster import KafkaCluster
from eventlog.brokers.errors import damaged
from eventlog.brokers.reader import KafkaReader, Place
from eventlog.brokers.topics import Topic
from eventlog.chain import Heads, Tip, link, start

_PAGE: Final = 5_000
_PAGE_BYTES: Final = 32 << 20


class Witness(NamedTuple):
    """Somebody who noted how far the log went, and its heads there."""

    name: str
    heads: Heads


def verify(
    cluster: KafkaCluster, reader: KafkaReader, topics: Mapping[str, Topic], witnesses: Iterable[Witness]
) -> dict[str, int]:
    """Read everything, and answer the number of records per topic.

    Raises:
        CorruptLogError: Naming the first topic, partition and offset that does not hold.
    """
    noted: dict[Place, list[tuple[Tip, str]]] = {}
    for witness in witnesses:
        for at, tip in witness.heads.items():
            noted.setdefault(Place(*at), []).append((Tip(*tip), witness.name))
    for place, notes in noted.items():
        if place.topic not in topics or place.partition >= topics[place.topic].partitions:
            raise damaged(cluster, f"{place} is gone, but {notes[0][1]} knows it")
    counts: dict[str, int] = {}
    for topic in topics.values():
        ends = reader.ends(topic.name, range(topic.partitions))
        for partition, end in ends.items():
            place = Place(topic.name, partition)
            _verify_partition(cluster, reader, place, end, noted.get(place, []))
        counts[topic.name] = sum(ends.values())
    return counts


def _verify_partition(
    cluster: KafkaCluster, reader: KafkaReader, place: Place, end: int, noted: list[tuple[Tip, str]]
) -> None:
    tip = Tip(0, start(*place))
    for (expected, head), witness in sorted(noted):
        if expected > end:
            raise damaged(
                cluster,
                f"{place} ends before offset {end}, but {witness} knows {expected} records: {expected - end} are lost",
            )
        tip = chained(reader, place, tip, expected)
        if tip.head != head:
            raise damaged(cluster, f"{place} is not what {witness} knows up to offset {expected - 1}")
    chained(reader, place, tip, end)


def chained(reader: KafkaReader, place: Place, tip: Tip, offset: int) -> Tip:
    """Follow a chain by reading, from a tip up to an offset that the partition has reached.

    Raises:
        CorruptLogError: Records in between are gone.
    """
    next_offset, head = tip
    while next_offset < offset:
        for record in reader.read(place, next_offset, min(offset - next_offset, _PAGE), _PAGE_BYTES):
            head = link(head, record.offset, record.key, record.value)
            next_offset += 1
    return Tip(next_offset, head)
