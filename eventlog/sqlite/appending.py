"""What an append does inside its transaction: find what is there already, give out offsets, link the chains, insert."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from eventlog.base import LogError, Receipt, Record
from eventlog.chain import Tip, link
from eventlog.partitioner import partition_of
from eventlog.sqlite.slots import OFFSETS, Place, tip_of

_LOOKUP = 500
Row = tuple[int, bytes | None, bytes, bytes, str | None]


class Identities(dict[str, str]):
    """Shortens the identities of a topic: the source, which many share, becomes a number of the `sources` table.

    The index over identities then holds little more than ids, which keeps it fast.
    """

    def __init__(self, connection: sqlite3.Connection, topic: str) -> None:
        super().__init__()
        self._connection = connection
        self._topic = topic

    def short(self, identity: str) -> str:
        """The identity as it is stored; needs a transaction, for a new source gets its number."""
        source, newline, name = identity.rpartition("\n")
        return self[source + newline] + name

    def __missing__(self, source: str) -> str:
        self._connection.execute(
            "INSERT INTO sources (topic, source) VALUES (?, ?) ON CONFLICT DO NOTHING", (self._topic, source)
        )
        [number] = self._connection.execute(
            "SELECT number FROM sources WHERE topic = ? AND source = ?", (self._topic, source)
        ).fetchone()
        self[source] = prefix = f"{number}:"
        return prefix


class Tips(dict[int, Tip]):
    """Where the partitions of a topic stand, by slot: read when first asked for, moved on by an append."""

    def __init__(self, connection: sqlite3.Connection, topic: str, slots: range) -> None:
        super().__init__()
        self._connection = connection
        self._topic = topic
        self._slots = slots

    def __missing__(self, slot: int) -> Tip:
        self[slot] = tip = tip_of(self._connection, Place(slot, self._topic, slot - self._slots.start))
        return tip


def address(
    topic: str, partitions: int, records: Iterable[Record], turn: Iterator[int]
) -> Iterator[tuple[int, Record]]:
    """Give each record its partition: the one it names, else its key's; records without a key take turns.

    Raises:
        LogError: When a record names a partition that the topic does not have.
    """
    for record in records:
        if record.partition is not None:
            if not 0 <= record.partition < partitions:
                raise LogError(
                    f"Topic {topic} has no partition {record.partition}; it has partitions 0 to {partitions - 1}."
                )
            yield record.partition, record
        elif record.key is None:
            yield next(turn) % partitions, record
        else:
            yield partition_of(record.key, partitions), record


def append_records(
    connection: sqlite3.Connection,
    slots: range,
    records: Sequence[tuple[int, Record]],
    identities: Identities,
    tips: Tips,
) -> list[Receipt]:
    """Insert what is new of the (partition, record) pairs, moving `tips` on; a receipt each. Needs a transaction."""
    shortened = [record.identity and identities.short(record.identity) for _, record in records]
    known = dict(_positions(connection, [identity for identity in shortened if identity]))
    receipts: list[Receipt] = []
    rows: list[Row] = []
    for (partition, (key, value, _, _)), identity in zip(records, shortened, strict=True):
        if identity and (position := known.get(identity)) is not None:
            receipts.append(Receipt(position // OFFSETS - slots.start, position % OFFSETS, duplicate=True))
            continue
        slot = slots[partition]
        offset, head = tips[slot]
        head = link(head, offset, key, value)
        tips[slot] = Tip(offset + 1, head)
        position = slot * OFFSETS + offset
        if identity:
            known[identity] = position
        rows.append((position, key, value, head, identity or None))
        receipts.append(Receipt(partition, offset, duplicate=False))
    connection.executemany("INSERT INTO records (position, key, value, head, identity) VALUES (?, ?, ?, ?, ?)", rows)
    return receipts


def _positions(connection: sqlite3.Connection, identities: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The positions of those identities that the log holds."""
    remaining = iter(identities)
    while some := list(islice(remaining, _LOOKUP)):
        marks = ", ".join("?" * len(some))
        yield from connection.execute(f"SELECT identity, position FROM records WHERE identity IN ({marks})", some)
