"""Who may send which facts: staff all, an account of a delivery partner those of its own participants.

The rules are those of the pages: what only the lead provider's staff can do there, a partner cannot send as a fact.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from dashboard.visitors import Visitor
from learning.events import Fact
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    Data,
    Deferred,
    Enrolled,
    ExtenuatingCircumstancesGranted,
    ParticipantErased,
    ParticipantMerged,
    Transferred,
)
from projections.schema import enrolment_progress

OWN_SOURCE: Final = "/engagement"
"""Sources under it are this program's own: facts that came from elsewhere under their ids would keep its own out."""

OF_STAFF: Final[tuple[type[Data], ...]] = (
    Transferred,
    ParticipantMerged,
    Deferred,
    AssessmentEntered,
    AssessmentMarked,
    ExtenuatingCircumstancesGranted,
)
"""What the lead provider decides, or tells its partners."""

NOT_BY_FACT: Final = "people are erased with `engagement people erase`, which takes their names out of the registry too"

NOT_YOURS: Final = "there is no such enrolment, or it is not with your organisation"


class Refusal(NamedTuple):
    """Why a fact is not taken from somebody."""

    status: HTTPStatus
    reason: str


class Place(NamedTuple):
    """Where an enrolment is."""

    participant: str
    partner: str


def places_of(connection: Connection, facts: Iterable[Fact]) -> dict[str, Place]:
    """Where the enrolments of facts are, as far as any are known."""
    table = enrolment_progress.c
    wanted = {fact.subject for fact in facts}
    query = select(table.enrolment, table.participant, table.partner)
    query = query.where(table.enrolment.in_(wanted), table.erased.is_(False))
    return {enrolment: Place(*place) for enrolment, *place in connection.execute(query)}


def source_of(partner: str) -> str:
    """Under which source a delivery partner sends, so that it cannot take the ids of others."""
    return f"/partners/{partner}"


def refusal(visitor: Visitor, fact: Fact, places: dict[str, Place]) -> Refusal | None:
    """Why the visitor may not send a fact; None: it may. `places` are those of the facts of a partner's account."""
    if isinstance(fact.data, ParticipantErased):
        return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, NOT_BY_FACT)
    if _is_under(fact.source, OWN_SOURCE):
        return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"sources under {OWN_SOURCE} are this program's own")
    if visitor.partner is None:
        return None
    return _of_partner(visitor.partner, fact, places.get(fact.subject))


def _of_partner(partner: str, fact: Fact, place: Place | None) -> Refusal | None:
    own = source_of(partner)
    if not _is_under(fact.source, own):
        return Refusal(HTTPStatus.FORBIDDEN, f"your account sends under the source {own}, or {own}/ and more")
    if isinstance(fact.data, OF_STAFF):
        return Refusal(HTTPStatus.FORBIDDEN, f"only staff of the lead provider send facts of the type {fact.type}")
    if place is None or place.partner != partner:
        return Refusal(HTTPStatus.NOT_FOUND, NOT_YOURS)
    if isinstance(fact.data, Enrolled) and fact.data.partner != partner:
        return Refusal(HTTPStatus.FORBIDDEN, "your account sends enrolments with your own organisation only")
    if _participants(fact) != {place.participant}:
        return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "the participant must be the one whose enrolment it is")
    return None


def _participants(fact: Fact) -> set[str]:
    """Everybody whom a fact names: the key of its partition, and who is enrolled."""
    return {fact.partitionkey, fact.data.participant if isinstance(fact.data, Enrolled) else fact.partitionkey}


def _is_under(source: str, place: str) -> bool:
    return source == place or source.startswith(f"{place}/")
