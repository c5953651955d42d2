"""The folded states of enrolments as they are kept; everything else about an enrolment is worked out from its state."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from projections.schema import enrolment_state
from projections.storage.paging import in_pages
from projections.storage.store_errors import ContendedError
from projections.storage.upserting import insert_new, upsert


class StoredState(NamedTuple):
    """The folded state of one enrolment."""

    home: int
    """The lowest partition that has facts of it (a merged participant's facts stand in two): its day counts."""
    state: bytes
    spread: bool = False
    """Whether facts of it stand in more than one partition."""


_table = enrolment_state.c
_columns = (_table.enrolment, _table.home, _table.state, _table.spread)


def find(connection: Connection, enrolments: Iterable[str]) -> dict[str, StoredState]:
    """The states of these enrolments, as far as there are any."""
    found: dict[str, StoredState] = {}
    for some in in_pages(enrolments):
        for enrolment, *stored in connection.execute(select(*_columns).where(_table.enrolment.in_(some))):
            found[enrolment] = StoredState(*stored)
    return found


def put(connection: Connection, states: Mapping[str, StoredState]) -> None:
    """Write states."""
    upsert(connection, enrolment_state, _rows(states))


def add(connection: Connection, states: Mapping[str, StoredState]) -> None:
    """Write states of enrolments that have none.

    Raises:
        ContendedError: One of them has a state by now: another worker was first.
    """
    try:
        insert_new(connection, enrolment_state, _rows(states))
    except IntegrityError as error:
        raise ContendedError("another worker was the first to know one of these enrolments; try again") from error


def _rows(states: Mapping[str, StoredState]) -> Iterator[dict[str, Any]]:
    return ({"enrolment": enrolment, **stored._asdict()} for enrolment, stored in states.items())
