"""Who a participant is: name, email address and school, by the id that the log knows them by."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import Connection, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from registry import erasures
from registry.schema import person

KEYS_AT_ONCE = 500
"""Ids that one question names at most: databases bound the number of parameters."""

_table = person.c


class Profile(Struct, frozen=True, kw_only=True):
    """A person."""

    participant: str
    name: str
    email: str | None = None
    school: str | None = None
    urn: str | None = None
    """The school's Unique Reference Number at the DfE."""
    updated_at: datetime | None = None
    """None: not stored yet."""


_columns = [_table[name] for name in Profile.__struct_fields__]


def profile(connection: Connection, participant: str) -> Profile | None:
    """What is known of a participant; None: nothing, or they were erased."""
    return next(iter(profiles(connection, [participant]).values()), None)


def profiles(connection: Connection, participants: Iterable[str]) -> dict[str, Profile]:
    """What is known of these participants, by id; those of whom nothing is known are left out."""
    found: dict[str, Profile] = {}
    for some in _pages(participants):
        for row in connection.execute(select(*_columns).where(_table.participant.in_(some))).mappings():
            found[row["participant"]] = Profile(**row)
    return found


def names(connection: Connection, participants: Iterable[str]) -> dict[str, str]:
    """The names of these participants, by id; those whose name is not known are left out."""
    found: dict[str, str] = {}
    for some in _pages(participants):
        query = select(_table.participant, _table.name).where(_table.participant.in_(some))
        found.update((row.participant, row.name) for row in connection.execute(query))
    return found


def search(connection: Connection, text: str, among: Collection[str] | None = None) -> list[str]:
    """The ids of participants whose name or email address contains a text, in the order of their ids.

    Args:
        connection: The registry.
        text: A part of the name or address; capitals and accents make no difference. An empty one finds nobody.
        among: Only these participants: whoever asks must not learn of others. None: all.
    """
    wanted = _plain(text)
    if not wanted:
        return []
    query = select(_table.participant).where(_table.sought.contains(wanted, autoescape=True))
    found = connection.scalars(query.order_by(_table.participant))
    return [each for each in found if among is None or each in among]


def put(connection: Connection, given: Iterable[Profile], now: datetime) -> dict[str, str]:
    """Write profiles, each participant once; answer what became of each id.

    That is `added`, `changed`, `unchanged`, or `erased`: whoever was erased is not written.
    """
    became: dict[str, str] = {}
    remaining = iter(given)
    while some := {each.participant: each for each in islice(remaining, KEYS_AT_ONCE)}:
        gone, before = erasures.among(connection, some), profiles(connection, some)
        rows = []
        for participant, each in some.items():
            old = before.get(participant)
            new = structs.replace(each, updated_at=old.updated_at if old else None)
            became[participant] = (
                "erased" if participant in gone else "unchanged" if old == new else "changed" if old else "added"
            )
            if became[participant] in {"added", "changed"}:
                rows.append(_row(each, now))
        if rows:
            connection.execute(_upsert(connection, person), rows)
    return became


def remove(connection: Connection, participants: Iterable[str]) -> set[str]:
    """Delete profiles; answer whose there were. Erasing takes more: see `erasing.erase`."""
    removed: set[str] = set()
    for some in _pages(participants):
        gone = delete(person).where(_table.participant.in_(some)).returning(_table.participant)
        removed.update(connection.scalars(gone))
    return removed


def _row(given: Profile, now: datetime) -> dict[str, Any]:
    sought = "\n".join(_plain(text) for text in (given.name, given.email or ""))
    return {**structs.asdict(given), "sought": sought, "updated_at": now}


def _plain(text: str) -> str:
    """A text without capitals, accents and double spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.split())


def _pages(participants: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(dict.fromkeys(participants))
    while some := list(islice(remaining, KEYS_AT_ONCE)):
        yield some


def _upsert(connection: Connection, table: Table) -> Any:
    statement = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    changed = {each.name: statement.excluded[each.name] for each in table.columns if not each.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)
