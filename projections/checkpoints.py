"""How far each partition has been folded; a checkpoint only moves on from where its writer knew it to be."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from projections.schema import checkpoint
from projections.storage.store_errors import StaleWriteError

_table = checkpoint.c


class Checkpoint(NamedTuple):
    """How far a partition of the log has been folded into the projections."""

    next_offset: int = 0
    head: bytes = b""
    """The log's hash chain up to there; empty while nothing was read."""
    day: date | None = None
    """The latest day that has started."""
    policy: str | None = None
    """The version of the risk policy on that day."""


def every(connection: Connection) -> dict[int, Checkpoint]:
    """The checkpoint of every partition that was read from."""
    return {row.partition: _checkpoint(row) for row in connection.execute(select(checkpoint))}


def lock_partitions(connection: Connection, partitions: Iterable[int]) -> dict[int, Checkpoint]:
    """Keep others from moving these partitions on until the transaction ends; answer their checkpoints.

    In the order of their numbers, so that two who do this wait for each other in turn; those that were never read
    cannot be held. SQLite has one writer at a time and needs no locks.
    """
    wanted = select(checkpoint).where(_table.partition.in_(sorted(partitions))).order_by(_table.partition)
    return {row.partition: _checkpoint(row) for row in connection.execute(wanted.with_for_update())}


def move(connection: Connection, partition: int, before: Checkpoint, after: Checkpoint) -> None:
    """Move a partition on, and keep others from moving it until the transaction ends.

    Raises:
        StaleWriteError: It is not where `before` says, or somebody else moved it while this waited for them.
    """
    values = after._asdict()
    at_before = (_table.partition == partition) & (_table.next_offset == before.next_offset)
    if connection.execute(update(checkpoint).where(at_before).values(values)).rowcount:
        return
    known = connection.scalar(select(func.count()).where(_table.partition == partition))
    if known or before.next_offset:
        raise _stale(partition, before)
    try:
        connection.execute(insert(checkpoint).values(partition=partition, **values))
    except IntegrityError as error:  # somebody else made the first one at the same moment
        raise _stale(partition, before) from error


def _checkpoint(row: Row[tuple[int, int, bytes, date | None, str | None]]) -> Checkpoint:
    return Checkpoint(row.next_offset, row.head, row.day, row.policy)


def _stale(partition: int, before: Checkpoint) -> StaleWriteError:
    return StaleWriteError(
        f"partition {partition} is no longer at offset {before.next_offset}; "
        "another worker has moved it on, so this one must read its checkpoint again"
    )
