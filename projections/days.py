"""The days that have started in each partition: on each of them everybody at home there was decided."""

from datetime import date

from sqlalchemy import Connection, func, select

from projections.schema import checkpoint, day_started
from projections.storage.upserting import upsert

_table = day_started.c
_at = checkpoint.c


def add(connection: Connection, partition: int, day: date) -> None:
    """Note that a day has started."""
    upsert(connection, day_started, [{"partition": partition, "day": day}])


def latest(connection: Connection, partition: int) -> date | None:
    """The latest day that has started in a partition."""
    found: date | None = connection.scalar(select(func.max(_table.day)).where(_table.partition == partition))
    return found


def of(connection: Connection, partition: int) -> list[date]:
    """Every day that has started in a partition, in order."""
    return list(connection.scalars(select(_table.day).where(_table.partition == partition).order_by(_table.day)))


def reached_by_all(connection: Connection, partitions: int) -> date | None:
    """The latest day that has started in every one of so many partitions, as far as they were read; None before it."""
    reached = select(_at.partition, _at.day).where(_at.day.is_not(None), _at.partition < partitions)
    days = [row.day for row in connection.execute(reached)]
    return min(days) if len(days) == partitions else None
