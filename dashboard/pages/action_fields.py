"""The fields of the forms on which people note what they do, and what was written into them as an action."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from dashboard.wording import REASONS, words
from learning.codes import DeferralReason, WithdrawalReason
from learning.facts import YEARS, ContactMade, WithdrawalObjected
from producers.actions import LONGEST_MUTE, Action

_HINTS: Final = get_type_hints(ContactMade)


class Sent(BaseModel):
    """What a form has sent."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(default="", max_length=100)
    """The id of the fact that it makes."""
    channel: str = Field(default="", max_length=100)
    outcome: str = Field(default="", max_length=100)
    reason: str = Field(default="", max_length=100)
    effective: str = Field(default="", max_length=100)
    expected_return: str = Field(default="", max_length=100)
    until: str = Field(default="", max_length=100)
    confirmed: str = Field(default="", max_length=10)


class FormField(NamedTuple):
    """A field of a form: a choice, or a day."""

    name: str
    label: str
    missing: str
    """What is said where it is not filled in."""
    options: Sequence[Mapping[str, str]] = ()
    """Empty: it is a day."""
    hint: str | None = None
    optional: bool = False


class Fault(NamedTuple):
    """Something that is wrong with what was written into a field."""

    field: str
    text: str


def _coded(codes: Any) -> list[dict[str, str]]:
    """DfE's codes exactly, with words beside them."""
    return [{"value": each, "text": REASONS[each], "hint": each} for each in get_args(codes)]


def _plain(codes: Any) -> list[dict[str, str]]:
    return [{"value": each, "text": words(each)} for each in get_args(codes)]


_CHANNEL: Final = FormField("channel", "How was contact made?", "Say how contact was made", _plain(_HINTS["channel"]))
_OUTCOME: Final = FormField("outcome", "What came of it?", "Say what came of it", _plain(_HINTS["outcome"]))
_PAUSE: Final = FormField("reason", "Why? (DfE's reason)", "Choose DfE's reason", _coded(DeferralReason))
_LEAVING: Final = FormField("reason", "Why? (DfE's reason)", "Choose DfE's reason", _coded(WithdrawalReason))
_RETURN: Final = FormField(
    "expected_return", "When are they expected back?", "", hint="Leave it empty if nobody knows yet.", optional=True
)
_EFFECTIVE: Final = FormField(
    "effective", "From which day does it hold?", "Say from which day it holds", hint="It may lie before today."
)
_OBJECTION: Final = FormField(
    "reason", "Why?", "Say why you object", _plain(get_type_hints(WithdrawalObjected)["reason"])
)
_UNTIL: Final = FormField(
    "until",
    "Until which day?",
    "Say until which day",
    hint=f"The last day without alerts: from today, which ends a mute, to {LONGEST_MUTE.days} days ahead.",
)

FIELDS: Final[Mapping[str, tuple[FormField, ...]]] = {
    "contact": (_CHANNEL, _OUTCOME),
    "request-deferral": (_PAUSE,),
    "approve-deferral": (_PAUSE, _RETURN),
    "recommend-withdrawal": (_LEAVING,),
    "sign-off": (_LEAVING, _EFFECTIVE),
    "object": (_OBJECTION,),
    "mute": (_UNTIL,),
}
"""Of each form, by its word; those that are not named have none."""

_ACTORS: Final = {"approve-deferral": "granted_by", "sign-off": "signed_off_by"}
_UNNAMED: Final = frozenset({"request-deferral", "resume"})
"""Whose facts name nobody; the audit trail does."""


def read(word: str, kind: type[Any], sent: Sent, by: str) -> tuple[Action | None, list[Fault]]:
    """The action that a form says, or what is wrong with it; `by` is the id of the account that does it."""
    found: dict[str, Any] = {} if word in _UNNAMED else {_ACTORS.get(word, "by"): by}
    faults = []
    for field in FIELDS.get(word, ()):
        value = getattr(sent, field.name).strip()
        if not value:
            faults += [] if field.optional else [Fault(field.name, field.missing)]
        elif field.options:
            known = any(value == option["value"] for option in field.options)
            faults += [] if known else [Fault(field.name, field.missing)]
            found[field.name] = value
        elif (day := _day(value)) is None:
            faults.append(Fault(field.name, f"Write a day from {YEARS.start} to {YEARS.stop - 1}, such as 2026-03-27"))
        else:
            found[field.name] = day
    return (None, faults) if faults else (kind(**found), [])


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None
