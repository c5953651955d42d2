"""What a visitor can do about an enrolment: noted in the audit trail, then put on the log as a fact, and nothing else.

The projections show it when the fact has been folded. A form carries the id of the fact that it makes, so sending it
twice makes one fact.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec
from fastapi import Request
from sqlalchemy import Connection

from dashboard.links import to_action
from dashboard.noting import note
from dashboard.problems import ConflictError, UnfitError
from dashboard.visitors import Visitor, parts_of
from learning.events import Fact, decode
from learning.facts import (
    AlertsMuted,
    ContactMade,
    Data,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    Resumed,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from producers.actions import Action, ActionError, Actions, fits
from producers.publisher import send
from registry import audit

SOURCE: Final = "/engagement/dashboard"
"""Where facts come from that people make here."""

_KEY: Final = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16}")


class Deed(NamedTuple):
    """Something that can be done."""

    word: str
    """Its name in addresses."""
    title: str
    kind: type[Data]
    """The fact that it becomes."""
    noted: audit.Action
    done: str
    """What the page says afterwards, a word of `dashboard.rendering.SAID`."""
    who: Literal["acting", "staff", "partner"] = "acting"
    """The rule of `dashboard.rules` that lets people do it."""


DEEDS: Final[Mapping[str, Deed]] = {
    deed.word: deed
    for deed in (
        Deed("acknowledge", "Acknowledge the flag", FlagAcknowledged, audit.Action.FLAG_ACKNOWLEDGED, "acknowledged"),
        Deed("contact", "Note a contact", ContactMade, audit.Action.CONTACT_NOTED, "contacted"),
        Deed("improving", "Note an improvement", ImprovementSeen, audit.Action.IMPROVEMENT_NOTED, "improving"),
        Deed(
            "request-deferral",
            "Note a request to defer",
            DeferralRequested,
            audit.Action.DEFERRAL_REQUESTED,
            "deferral-requested",
        ),
        Deed("approve-deferral", "Approve a deferral", Deferred, audit.Action.DEFERRAL_APPROVED, "deferred", "staff"),
        Deed(
            "recommend-withdrawal",
            "Recommend a withdrawal",
            WithdrawalRecommended,
            audit.Action.WITHDRAWAL_RECOMMENDED,
            "withdrawal-recommended",
        ),
        Deed(
            "sign-off",
            "Sign off a withdrawal",
            Withdrawn,
            audit.Action.WITHDRAWAL_SIGNED_OFF,
            "withdrawn",
            "partner",
        ),
        Deed(
            "object",
            "Object to the withdrawal",
            WithdrawalObjected,
            audit.Action.WITHDRAWAL_OBJECTED,
            "withdrawal-objected",
            "partner",
        ),
        Deed("resume", "Note that the participant is back", Resumed, audit.Action.RETURN_NOTED, "resumed"),
        Deed("mute", "Mute alerts", AlertsMuted, audit.Action.ALERTS_MUTED, "muted"),
    )
}
"""By word."""


class Doing(NamedTuple):
    """Somebody about to do something about an enrolment that they may see."""

    request: Request
    visitor: Visitor
    rows: Connection
    row: Mapping[str, Any]
    """Of the enrolment's progress."""
    deed: Deed


def offered(visitor: Visitor, row: Mapping[str, Any], *, flagged: bool) -> Iterator[Deed]:
    """What the visitor can do about an enrolment as it stands; `row` is of its progress."""
    for deed in DEEDS.values():
        may = visitor.account.may_act if deed.who == "acting" else visitor.account.role == deed.who
        if may and fits(deed.kind, row, flagged=flagged):
            yield deed


def ways(visitor: Visitor, row: Mapping[str, Any], *, flagged: bool) -> list[dict[str, str]]:
    """The same as `offered`, as links to their forms, for `enrolment_deeds.html`."""
    found = offered(visitor, row, flagged=flagged)
    return [{"title": deed.title, "href": to_action(deed.word, row["enrolment"])} for deed in found]


def new_key(now: datetime) -> str:
    """An id for the fact that a form will make, never there twice; ids sort by time, which keeps the log fast."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(8)}"


def require_key(key: str) -> None:
    """Refuse what `new_key` cannot have made.

    Raises:
        UnfitError: It is no key.
    """
    if not _KEY.fullmatch(key):
        raise UnfitError("This form is not whole. Load it again and send it once more.")


def do(doing: Doing, action: Action, key: str) -> Fact:
    """Do it: what was done is noted in the audit trail first, so that nothing is on the log that is not noted.

    Args:
        doing: Who does what about which enrolment.
        action: The same with all it says.
        key: The id of the fact, from `new_key`.

    Raises:
        UnfitError: The key is none.
        ConflictError: It does not fit where the enrolment stands, or the key stands for something else already.
    """
    request, visitor, enrolment = doing.request, doing.visitor, doing.row["enrolment"]
    require_key(key)
    parts = parts_of(request)
    try:
        made = Actions(SOURCE, now=parts.now, unique=lambda: key).fact(doing.rows, enrolment, action)
    except ActionError as error:
        raise ConflictError(f"Nothing was noted: {error}.") from error
    made = msgspec.structs.replace(made, id=key)
    clash = "This form was sent before, with something else in it. Load it again."
    put(request, visitor, made, doing.deed.noted, clash)
    return made


def put(request: Request, visitor: Visitor, made: Fact, noted: audit.Action, clash: str) -> Fact | None:
    """Put a fact on the log; answer what stands there under its id already, which says the same.

    It is noted in the audit trail first, so that nothing is on the log that is not noted: an entry without a fact tells
    of a log that did not answer, two entries with one of somebody who sent the same again.

    Raises:
        ConflictError: The id stands for something else; its message is `clash`.
    """
    note(request, visitor, noted, f"enrolment:{made.subject}", {"fact": made.id})
    with parts_of(request).log() as log:
        [sent] = send(log, [made])
    if sent.there is None:
        return None
    there = decode(sent.there)
    if (there.subject, there.data) != (made.subject, made.data):
        raise ConflictError(clash)
    return there
