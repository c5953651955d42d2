"""What delivery partners are called, and of how many participants a week they want to be told."""

from datetime import datetime

from msgspec import Struct, structs
from sqlalchemy import Connection, insert, select, update

from registry import audit
from registry.audit import Action, Entry
from registry.codes import fault_of_text, require_code
from registry.errors import RegistryError
from registry.schema import partner

WEEKLY_BUDGET = 20
"""Alerts a week for whom nothing else is said: what a small team can follow up beside its other work."""

_table = partner.c


class Partner(Struct, frozen=True, kw_only=True):
    """A delivery partner."""

    id: str
    """By which enrolments name it."""
    name: str
    weekly_budget: int = WEEKLY_BUDGET
    """How many alerts are told first in a week, Monday to Sunday in UK time; the others wait. 0: none."""


def find(connection: Connection, partner_id: str) -> Partner:
    """A partner; one of whom nothing was said is called by its id."""
    row = connection.execute(select(partner).where(_table.id == partner_id)).mappings().first()
    return Partner(**row) if row else unspoken_of(partner_id)


def unspoken_of(partner_id: str) -> Partner:
    """A partner of whom nothing was said."""
    return Partner(id=partner_id, name=partner_id)


def every(connection: Connection) -> list[Partner]:
    """All partners of whom something was said, in the order of their ids."""
    return [Partner(**row) for row in connection.execute(select(partner).order_by(_table.id)).mappings()]


def put(connection: Connection, given: Partner, *, now: datetime, by: str) -> None:
    """Say something of a partner, known or not.

    Args:
        connection: The registry, to write.
        given: All that is to be so.
        now: When.
        by: The account that says it, for the audit trail.

    Raises:
        RegistryError: Something cannot be so.
    """
    require_code(given.id, "partner")
    if fault := fault_of_text(given.name):
        raise RegistryError(f"the name of a partner cannot be used: {fault}")
    if given.weekly_budget < 0:
        raise RegistryError("the weekly budget of a partner is a number of alerts, 0 or more")
    changed = connection.execute(update(partner).where(_table.id == given.id).values(structs.asdict(given)))
    if not changed.rowcount:
        connection.execute(insert(partner).values(structs.asdict(given)))
    details = {"weekly-budget": given.weekly_budget}
    audit.append(connection, now, Entry(by, Action.PARTNER_CHANGED, f"partner:{given.id}", details))
