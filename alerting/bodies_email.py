"""What an email says: what happened, how many, what to do, and a link; who it is about is said after sign-in only.

Plain text and HTML are written from the same blocks, so they never say different things.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from alerting.bodies import link
from alerting.model import AlertTold, Content, Notice, NoticeKind, Step

OPTIONAL: Final[frozenset[NoticeKind]] = frozenset({"digest", "resolved"})
"""Kinds that somebody can unsubscribe from; the others come because somebody has to act."""

_HEADINGS: Final[dict[Step, str]] = {
    "first": "New:",
    "reminder": "Nobody has answered yet:",
    "escalation": "Nobody else has answered, so you are told:",
    "resolved": "No longer flagged, nothing to do:",
}
_SUBJECTS: Final[dict[NoticeKind, tuple[str, str, str, str]]] = {
    "at-once": ("", "needs", "need", "attention now"),
    "digest": ("", "needs", "need", "attention"),
    "reminder": ("Reminder: ", "still waits", "still wait", "for an answer"),
    "escalation": ("Nobody has answered yet: ", "needs", "need", "attention"),
    "resolved": ("", "needs", "need", "attention"),
}
_WHAT_TO_DO: Final = (
    "What to do: open the list, look at the reasons, get in touch with each participant, and note what you did. "
    "What somebody has acknowledged is not sent again."
)


class Addresses(NamedTuple):
    """From whom and to whom a message goes, and what its links begin with."""

    sender: str
    receiver: str
    public_url: str
    unsubscribe_token: str | None = None


class _Items(NamedTuple):
    heading: str
    lines: Sequence[str]


class _Link(NamedTuple):
    label: str
    url: str


_Block = str | _Items | _Link


def email(notice: Notice, addresses: Addresses) -> EmailMessage:
    """A message as it is sent; the same bytes at each attempt.

    Optional mail has a link to unsubscribe with one click (RFC 8058).
    """
    content, public_url = notice.content, addresses.public_url
    message = EmailMessage(policy=SMTP)
    message["From"] = addresses.sender
    message["To"] = addresses.receiver
    message["Subject"] = subject(content)
    message["Date"] = format_datetime(content.planned_at)
    message["Message-ID"] = f"<{notice.id}@{urlsplit(public_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    away = None
    if addresses.unsubscribe_token and content.kind in OPTIONAL:
        away = f"{public_url}/unsubscribe/{addresses.unsubscribe_token}"
        message["List-Unsubscribe"] = f"<{away}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    blocks = list(_blocks(content, public_url, away))
    message.set_content(_as_text(blocks), cte="quoted-printable")
    message.add_alternative(_as_html(blocks), subtype="html", cte="quoted-printable")
    message.set_boundary(f"={notice.id}=")
    return message


def subject(content: Content) -> str:
    """The first line, which leads with what happened; who is flagged and to be withdrawn is one participant."""
    left = len({each.enrolment for each in content.alerts if each.step != "resolved"})
    if content.kind == "test":
        return "Test: alerts reach you"
    if not left:
        cleared = len({each.enrolment for each in content.alerts})
        return f"{_people(cleared)} {_verb(cleared, 'is', 'are')} no longer flagged"
    begin, one, more, end = _SUBJECTS[content.kind]
    return f"{begin}{_people(left)} {_verb(left, one, more)} {end}"


def _blocks(content: Content, public_url: str, away: str | None) -> Iterator[_Block]:
    where = f" ({content.partner})" if content.partner else ""
    yield f"{subject(content)}{where}."
    for step, heading in _HEADINGS.items():
        if told := [each for each in content.alerts if each.step == step]:
            yield _Items(heading, list(_groups(told)))
    if content.held_back:
        yield (
            f"{content.held_back} more {_verb(content.held_back, 'alert is', 'alerts are')} held back, because the "
            "agreed number for this week is reached; the most urgent ones come first."
        )
    if any(each.step != "resolved" for each in content.alerts):
        yield _WHAT_TO_DO
    yield _Link("Names and reasons, after you sign in", link(content, public_url))
    yield "This message has no names in it on purpose. You get it as a contact for alerts about participants at risk."
    if away:
        yield _Link("Stop these summaries", away)


def _groups(told: Sequence[AlertTold]) -> Iterator[str]:
    """A line for each programme and intake: how many of each kind, the most urgent first."""
    by_intake: dict[tuple[str, str], Counter[str]] = {}
    for each in told:
        by_intake.setdefault((each.programme, each.intake), Counter())[_kind(each)] += 1
    for (programme, intake), kinds in by_intake.items():
        yield f"{programme}, {intake}: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}"


def _kind(told: AlertTold) -> str:
    return "withdrawal recommended" if told.matter == "withdrawal" else told.level.replace("-", " ")


def _people(count: int) -> str:
    return f"{count} {_verb(count, 'participant', 'participants')}"


def _verb(count: int, one: str, more: str) -> str:
    return one if count == 1 else more


def _as_text(blocks: Sequence[_Block]) -> str:
    return "\n\n".join(_text_of(each) for each in blocks) + "\n"


def _text_of(block: _Block) -> str:
    match block:
        case _Items(heading, lines):
            return "\n".join([heading, *(f"- {line}" for line in lines)])
        case _Link(label, url):
            return f"{label}:\n{url}"
    return block


def _as_html(blocks: Sequence[_Block]) -> str:
    inside = "\n".join(_html_of(each) for each in blocks)
    style = "font-family:Arial,sans-serif;font-size:16px;line-height:1.5;max-width:36em"
    return f'<!doctype html>\n<html lang="en">\n<body style="{style}">\n{inside}\n</body>\n</html>\n'


def _html_of(block: _Block) -> str:
    match block:
        case _Items(heading, lines):
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            return f'<h2 style="font-size:19px">{escape(heading.removesuffix(":"))}</h2>\n<ul>{items}</ul>'
        case _Link(label, url):
            return f'<p><a href="{escape(url)}">{escape(label)}</a></p>'
    return f"<p>{escape(block)}</p>"
