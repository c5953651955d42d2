"""The id of a message, made of what makes it this one, so that planning it again is the same message."""

from hashlib import sha256

from alerting.model import NoticeKind

_DIGITS = 32


def notice_id(kind: NoticeKind, receiver: str, partner: str, *scope: str) -> str:
    """The id of a message of a kind to a receiver about alerts of a partner.

    Args:
        kind: Of the message.
        receiver: The contact or endpoint.
        partner: Whose alerts they are.
        scope: What tells it from others of the kind: the day of a digest, else the alerts, each with step and level.
    """
    whole = "\n".join((kind, receiver, partner, *scope))
    return f"msg_{sha256(whole.encode()).hexdigest()[:_DIGITS]}"
