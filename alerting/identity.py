"""The ids of alerts and messages, made of what makes them these, so that making them again gives the same ones."""

from hashlib import sha256
from typing import Final

import msgspec

from alerting.model import NoticeKind
from learning.facts import Identifier

_DIGITS: Final = 32


def alert_id(enrolment: str, *scope: str) -> str:
    """The id of an alert: its enrolment and scope, or a digest of them where that is none which a fact can name.

    The id of an enrolment may be longer than an identifier and have other characters.

    Args:
        enrolment: That it is about.
        scope: The day on which a flag was raised; `withdrawal` and the day on which that was recommended.
    """
    plain = "/".join((enrolment, *scope))
    try:
        return msgspec.convert(plain, Identifier)
    except msgspec.ValidationError:
        return "/".join(("alert_" + _digest(plain), *scope))


def notice_id(kind: NoticeKind, receiver: str, partner: str, *scope: str) -> str:
    """The id of a message of a kind to a receiver about alerts of a partner.

    Args:
        kind: Of the message.
        receiver: The contact or endpoint.
        partner: Whose alerts they are.
        scope: What tells it from others of the kind: the day of a digest, else the alerts, each with step and level.
    """
    return "msg_" + _digest("\n".join((kind, receiver, partner, *scope)))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGITS]
