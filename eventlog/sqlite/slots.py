"""Where topics and partitions stand in the log's one table: a partition has a slot, a record a position in it."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from eventlog.chain import HEAD_BYTES, Tip, start

_OFFSET_BITS = 40
OFFSETS = 1 << _OFFSET_BITS
"""How many records a partition can hold."""

Topics = dict[str, range]
"""The slots of every topic; a topic's slot at index p is that of partition p."""


class Place(NamedTuple):
    """A partition and its slot."""

    slot: int
    topic: str
    partition: int

    @property
    def base(self) -> int:
        """The position of offset 0."""
        return self.slot * OFFSETS

    @property
    def end(self) -> int:
        """The position just after the last possible offset."""
        return self.base + OFFSETS

    def __str__(self) -> str:
        """Name it as messages do."""
        return f"topic {self.topic}, partition {self.partition}"


def places(topics: Topics) -> Iterator[Place]:
    """Every partition of every topic, in the order of slots."""
    for topic, slots in topics.items():
        for partition, slot in enumerate(slots):
            yield Place(slot, topic, partition)


def load_topics(connection: sqlite3.Connection) -> Topics:
    """Read the slots of all topics.

    Raises:
        sqlite3.DatabaseError: When they are not numbered as they were made.
    """
    topics: Topics = {}
    rows = connection.execute("SELECT slot, topic, partition FROM partitions ORDER BY slot").fetchall()
    for expected, (slot, topic, partition) in enumerate(rows):
        known = topics.get(topic, range(expected, expected))
        if (slot, partition, known.stop) != (expected, len(known), expected) or not isinstance(topic, str):
            raise sqlite3.DatabaseError(f"slot {slot} cannot be partition {partition} of topic {topic}")
        topics[topic] = range(known.start, expected + 1)
    return topics


def add_topic(connection: sqlite3.Connection, topic: str, partitions: int) -> range:
    """Give a new topic the next slots. Needs a transaction."""
    [first] = connection.execute("SELECT count(*) FROM partitions").fetchone()
    slots = range(first, first + partitions)
    connection.executemany(
        "INSERT INTO partitions (slot, topic, partition) VALUES (?, ?, ?)",
        [(slot, topic, partition) for partition, slot in enumerate(slots)],
    )
    return slots


def tip_of(connection: sqlite3.Connection, place: Place) -> Tip:
    """Where a partition stands.

    Raises:
        sqlite3.DatabaseError: When the last record has something else in place of its head.
    """
    last = connection.execute(
        "SELECT position, head FROM records WHERE position >= ? AND position < ? ORDER BY position DESC LIMIT 1",
        (place.base, place.end),
    ).fetchone()
    if last is None:
        return Tip(0, start(place.topic, place.partition))
    position, head = last
    if not isinstance(head, bytes) or len(head) != HEAD_BYTES:
        raise sqlite3.DatabaseError(f"the last record of {place} has no head")
    return Tip(position - place.base + 1, head)


def head_before(connection: sqlite3.Connection, place: Place, offset: int) -> bytes | None:
    """The chain's head just before an offset; None when the partition does not reach that far."""
    if offset == 0:
        return start(place.topic, place.partition)
    row = connection.execute("SELECT head FROM records WHERE position = ?", (place.base + offset - 1,)).fetchone()
    return row[0] if row else None
