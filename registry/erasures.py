"""Who was erased: only the id and the time, so that an old file or a restored copy does not bring anybody back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from registry.schema import erasure

_AT_ONCE = 500
_table = erasure.c


class Erasure(Struct, frozen=True):
    """That a participant was erased."""

    participant: str
    erased_at: datetime


def among(connection: Connection, participants: Iterable[str]) -> set[str]:
    """Which of these participants were erased."""
    found: set[str] = set()
    remaining = iter(participants)
    while some := list(islice(remaining, _AT_ONCE)):
        found.update(connection.scalars(select(_table.participant).where(_table.participant.in_(some))))
    return found


def every(connection: Connection) -> list[Erasure]:
    """Everybody who was erased, in the order of their ids: keep this list apart from back-ups of the registry."""
    rows = connection.execute(select(_table.participant, _table.erased_at).order_by(_table.participant))
    return [Erasure(*row) for row in rows]


def note(connection: Connection, participants: Sequence[str], now: datetime) -> list[str]:
    """Note that participants are erased; answer those of whom that was not noted before."""
    before = among(connection, participants)
    new = [each for each in dict.fromkeys(participants) if each not in before]
    if new:
        connection.execute(insert(erasure), [{"participant": each, "erased_at": now} for each in new])
    return new
