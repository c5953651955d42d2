"""Finds what an address of the API names, as far as the visitor may see it, and notes that it was read."""

from typing import Any

from fastapi import Request
from sqlalchemy import Connection

from dashboard.api.answering import wants_csv
from dashboard.api.asking import Form
from dashboard.noting import note, note_look
from dashboard.problems import NotThereError
from dashboard.reading import own_enrolment
from dashboard.visitors import Visitor
from registry.audit import Action


def enrolment_row(connection: Connection, visitor: Visitor, enrolment: str) -> dict[str, Any]:
    """The row of an enrolment that the visitor may see.

    Raises:
        NotThereError: There is none, or it is another delivery partner's: which of the two is not told.
    """
    return own_enrolment(connection, visitor, enrolment if enrolment.isprintable() else "")


def require_partner(visitor: Visitor, partner: str) -> str:
    """The delivery partner, if the visitor may see it.

    Raises:
        NotThereError: It is another one than the visitor's own.
    """
    if not partner.isprintable() or visitor.partner not in (None, partner):
        raise NotThereError("There is no such delivery partner, or it is not yours.")
    return partner


def note_list(request: Request, visitor: Visitor, form: Form, rows: int) -> None:
    """Put into the audit trail that a list was read, or exported as CSV."""
    thing = f"page:{request.url.path.removeprefix('/')}"
    if wants_csv(request, form):
        note(request, visitor, Action.LIST_EXPORTED, thing, {"rows": rows})
    else:
        note_look(request, visitor, Action.LIST_READ, thing)


def note_person(request: Request, visitor: Visitor, enrolment: str) -> None:
    """Put into the audit trail that something about an enrolment was read."""
    note_look(request, visitor, Action.PARTICIPANT_READ, f"enrolment:{enrolment}")
