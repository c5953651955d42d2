"""What a message says, word for word, as its receiver gets it, but for addresses and the link to unsubscribe."""

from typing import Final, NamedTuple

import msgspec

from alerting.bodies import link, webhook_body
from alerting.bodies_email import Addresses, email, subject
from alerting.model import Notice
from dashboard.parts import Parts

_NOBODY: Final = "somebody@example.org"
_NO_TOKEN: Final = "token"  # noqa: S105 - stands in the place of one: only the contact has the real one


class Words(NamedTuple):
    """A message in words."""

    subject: str
    text: str
    """Of an email its plain text, of a webhook its JSON, of a chat its two lines."""
    html: str | None = None
    """Of an email, the same as a page."""


def words_of(notice: Notice, parts: Parts) -> Words:
    """What a message says."""
    head = subject(notice.content)
    if notice.channel == "webhook":
        return Words(head, msgspec.json.format(webhook_body(notice, parts.public_url), indent=2).decode())
    if notice.channel == "chat":
        return Words(head, f"{head}\n{link(notice.content, parts.public_url)}")
    sender = _NOBODY if parts.mail is None else parts.mail.sender
    made = email(notice, Addresses(sender, _NOBODY, parts.public_url, _NO_TOKEN))
    plain, html = (made.get_body((kind,)) for kind in ("plain", "html"))
    return Words(head, str(plain.get_content()) if plain else "", str(html.get_content()) if html else None)
