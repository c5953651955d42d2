"""Acknowledges the flags of many enrolments at once: one fact and one entry of the audit trail for each of them."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec
from fastapi import Request
from sqlalchemy import Connection

from dashboard.acting import DEEDS, SOURCE, require_key
from dashboard.visitors import Visitor, parts_of
from learning.events import Fact
from learning.facts import FlagAcknowledged
from producers.actions import ActionError, Actions
from producers.publisher import send
from registry import audit
from registry.audit import Entry
from registry.codes import is_code

_OWN_DIGITS: Final = 16
"""Of a key, its last ones, which differ from form to form."""


def acknowledge_all(
    request: Request, visitor: Visitor, rows: Connection, enrolments: Sequence[str], key: str
) -> list[str]:
    """Acknowledge the flags of enrolments that the visitor may see; answer those of which it was noted.

    An enrolment without a flag by now is left out. Each fact has an id made of the form's key and the enrolment, so a
    form that is sent twice notes nothing twice.

    Args:
        request: Who does it.
        visitor: The same.
        rows: The projections.
        enrolments: Their ids.
        key: From `acting.new_key`, as the form carried it.

    Raises:
        UnfitError: The key is none.
    """
    require_key(key)
    parts, made = parts_of(request), []
    for enrolment in enrolments:
        own = f"{key[:-_OWN_DIGITS]}{sha256(f'{key} {enrolment}'.encode()).hexdigest()[:_OWN_DIGITS]}"
        actions = Actions(SOURCE, now=parts.now, unique=lambda: "")
        try:
            found = actions.fact(rows, enrolment, FlagAcknowledged(by=visitor.account.id))
        except ActionError:
            continue
        made.append(msgspec.structs.replace(found, id=own))
    if made:
        with parts.registry.writing() as registry:  # first, so that nothing is on the log that is not noted
            audit.append(registry, parts.now(), *(_entry(visitor, fact) for fact in made))
        with parts.log() as log:
            send(log, made)
    return [fact.subject for fact in made]


def _entry(visitor: Visitor, made: Fact) -> Entry:
    thing = f"enrolment:{made.subject}"
    known = thing if is_code(thing) else "enrolment:not-a-code"
    return Entry(visitor.account.id, DEEDS["acknowledge"].noted, known, {"fact": made.id})
