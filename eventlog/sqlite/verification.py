"""Proof that a log still holds what was written to it: chains recomputed, the file's own structure, and noted heads."""

import sqlite3
from pathlib import Path

from eventlog.chain import Heads, link, start
from eventlog.sqlite.file import damaged
from eventlog.sqlite.slots import OFFSETS, Place, Topics, head_before, places, tip_of


def recompute_chains(connection: sqlite3.Connection, path: Path, topics: Topics) -> dict[str, int]:
    """Read every record, recompute every head, and answer the number of records per topic.

    Raises:
        CorruptLogError: Naming the first topic, partition and offset that does not hold.
    """
    counts = dict.fromkeys(topics, 0)
    for place in places(topics):
        counts[place.topic] += _recompute_chain(connection, path, place)
    outside = connection.execute(
        "SELECT 1 FROM records WHERE position < 0 OR position >= ? LIMIT 1",
        (sum(map(len, topics.values())) * OFFSETS,),
    ).fetchone()
    if outside:
        raise damaged(path, "it holds records of a partition that no topic has")
    return counts


def _recompute_chain(connection: sqlite3.Connection, path: Path, place: Place) -> int:
    rows = connection.execute(
        "SELECT position - ?, key, value, head FROM records WHERE position >= ? AND position < ? ORDER BY position",
        (place.base, place.base, place.end),
    )
    head = start(place.topic, place.partition)
    expected = 0
    try:
        for offset, key, value, stored in rows:
            head = link(head, expected, key, value)
            if head != stored or offset != expected:
                break
            expected += 1
        else:
            return expected
    except TypeError:  # a flipped bit made a text or a number of key or value
        pass
    except sqlite3.DatabaseError as error:
        raise damaged(path, f"{place}, offset {expected} cannot be read ({error})") from error
    raise damaged(path, f"{place}, offset {expected} is not what was written there")


def check_structure(connection: sqlite3.Connection, path: Path) -> None:
    """Let SQLite check its pages, and that index and table agree.

    Raises:
        CorruptLogError: With the first fault SQLite finds.
    """
    [finding] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if finding != "ok":
        raise damaged(path, f"its file structure is broken ({finding})")


def check_heads(connection: sqlite3.Connection, path: Path, topics: Topics, heads: Heads, witness: str) -> None:
    """Compare the log with what somebody noted of it before; the log may have grown since, not shrunk or changed.

    Raises:
        CorruptLogError: Naming the first partition that is behind, or was rewritten; `witness` says who noted it.
    """
    for (topic, partition), (next_offset, head) in heads.items():
        slots = topics.get(topic, range(0))
        if partition >= len(slots):
            raise damaged(path, f"topic {topic}, partition {partition} is gone, but {witness} knows it")
        place = Place(slots[partition], topic, partition)
        stands = head_before(connection, place, next_offset)
        if stands is None:
            end = tip_of(connection, place).next_offset
            raise damaged(
                path,
                f"{place} ends before offset {end}, but {witness} knows {next_offset} records: "
                f"{next_offset - end} are lost",
            )
        if stands != head:
            raise damaged(path, f"{place} is not what {witness} knows up to offset {next_offset - 1}")
