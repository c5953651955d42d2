"""Messages that are to leave, written in the transaction that made them true and relayed afterwards.

An id stands for one message. A rebuild writes the same messages again and keeps the word that they were relayed, so
nothing is sent a second time.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from projections.schema import about, outbox
from projections.storage.upserting import update_rows, upsert

_table = outbox.c


class Message(NamedTuple):
    """A message that waits to be relayed."""

    id: str
    day: date
    """The day of the decision that it tells."""
    enrolment: str
    topic: str
    key: str
    value: bytes


def claim(connection: Connection) -> bool:
    """Be the only one who relays until the transaction ends, so that messages leave in order; False if another is."""
    return connection.scalar(select(about.c.version).with_for_update(skip_locked=True)) is not None


def put(connection: Connection, messages: Iterable[Message]) -> None:
    """Add messages; they wait."""
    upsert(connection, outbox, ({**each._asdict(), "relayed": False} for each in messages))


def is_empty(connection: Connection) -> bool:
    """Whether no message waits."""
    return connection.scalar(select(_table.id).where(_table.relayed.is_(False)).limit(1)) is None


def waiting(connection: Connection, limit: int, until: date) -> list[Message]:
    """Up to so many messages that wait, of days up to one, in the order of their days and ids."""
    columns = (_table[name] for name in Message._fields)
    query = select(*columns).where(_table.relayed.is_(False), _table.day <= until)
    return [Message(*found) for found in connection.execute(query.order_by(_table.day, _table.id).limit(limit))]


def mark_relayed(connection: Connection, messages: Sequence[Message]) -> None:
    """Note that messages have left."""
    _mark(connection, [each.id for each in messages])


def relayed(connection: Connection) -> list[str]:
    """The ids of the messages that have left."""
    return list(connection.scalars(select(_table.id).where(_table.relayed)))


def forget(connection: Connection, enrolment: str) -> set[str]:
    """Remove the messages about an enrolment, because they are made anew or it is erased; answer which had left."""
    gone = delete(outbox).where(_table.enrolment == enrolment).returning(_table.id, _table.relayed)
    return {row.id for row in connection.execute(gone) if row.relayed}


def keep_relayed(connection: Connection, ids: Iterable[str]) -> None:
    """Note of those of these messages that are there that they had left before."""
    _mark(connection, ids)


def _mark(connection: Connection, ids: Iterable[str]) -> None:
    update_rows(connection, outbox, ({"of": each, "relayed": True} for each in ids))
