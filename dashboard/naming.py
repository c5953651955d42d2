"""Names of participants from the registry, for visitors who are to see them, and the search for people by name."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from fastapi import Request
from sqlalchemy import Connection, select

from dashboard.noting import note
from dashboard.visitors import Visitor, parts_of
from projections.schema import enrolment_progress
from registry import accounts, people
from registry.audit import Action

MOST_FOUND: Final = 1_000
"""People that a search goes on with: queries name each of them."""

_SHORTEST: Final = 2
"""Characters of a name that are looked for; one letter is in almost everybody's name."""


class Found(NamedTuple):
    """Whom a search by name has found."""

    participants: frozenset[str]
    more: bool = False
    """Whether there are more than those."""


def names_of(request: Request, visitor: Visitor, participants: Iterable[str]) -> dict[str, str]:
    """The names of these participants, by id: of those who have one, for a visitor who is to see names."""
    if not visitor.names:
        return {}
    with parts_of(request).registry.reading() as registry:
        return people.names(registry, participants)


def actors(request: Request, visitor: Visitor) -> dict[str, str]:
    """The labels of accounts, by id, for a visitor who is to see names."""
    if not visitor.names:
        return {}
    with parts_of(request).registry.reading() as registry:
        return {each.id: each.label for each in accounts.every(registry)}


def search(request: Request, visitor: Visitor, connection: Connection, text: str) -> Found:
    """Whose name or email address has a text in it, among those whom the visitor may see; that they asked is noted."""
    wanted = text.strip()
    if not visitor.names or len(wanted) < _SHORTEST or not wanted.isprintable():
        return Found(frozenset())
    among = None if visitor.partner is None else _participants(connection, visitor.partner)
    with parts_of(request).registry.reading() as registry:
        found = people.search(registry, wanted, among)
    note(request, visitor, Action.PEOPLE_SEARCHED, details={"found": len(found)})
    return Found(frozenset(found[:MOST_FOUND]), len(found) > MOST_FOUND)


def _participants(connection: Connection, partner: str) -> frozenset[str]:
    table = enrolment_progress.c
    query = select(table.participant).where(table.partner == partner, table.erased.is_(False))
    return frozenset(connection.scalars(query))
