"""What leaves the house: exact words, small, the same at each attempt, and without anybody's name."""

import re
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from alerting.bodies import LARGEST, TYPES, webhook_body
from alerting.bodies_email import OPTIONAL, Addresses, email, subject
from alerting.model import AlertTold, Content, Notice, NoticeKind, Step
from learning.policy import Level
from tests.delivery_kit import EMAIL, NOW, PUBLIC_URL

GOLDEN = Path(__file__).with_name("golden")
TO_A_CONTACT = Addresses("Engagement <alerts@example.org>", EMAIL, PUBLIC_URL, "t0ken")
KINDS: tuple[NoticeKind, ...] = ("at-once", "digest", "reminder", "escalation", "resolved", "test")


def told(number: int, level: Level = "at-risk", step: Step = "first", programme: str = "npq-lt") -> AlertTold:
    """An alert in a message."""
    return AlertTold(
        alert=f"e-{number}/2026-03-01",
        step=step,
        matter="flag",
        enrolment=f"e-{number}",
        programme=programme,
        intake="2025-autumn",
        level=level,
        raised_on=date(2026, 3, 1),
    )


def to_withdraw(number: int, step: Step = "first") -> AlertTold:
    """The alert in a message that somebody's withdrawal is recommended."""
    flagged = told(number, "critical", step, programme="npq-h")
    return structs.replace(flagged, alert=f"e-{number}/withdrawal/2026-03-01", matter="withdrawal")


def notice(kind: NoticeKind, *alerts: AlertTold, held_back: int = 0) -> Notice:
    """A message."""
    content = Content(
        kind=kind,
        partner="partner-1",
        planned_at=NOW,
        alerts=alerts,
        held_back=held_back,
        link="/alerts/notices/msg_5f0c",
    )
    return Notice(
        id="msg_5f0c",
        kind=kind,
        channel="email",
        receiver="contact-1",
        partner="partner-1",
        content=content,
        state="waiting",
        planned_at=NOW,
        next_at=NOW,
    )


DIGEST = notice(
    "digest",
    to_withdraw(9),
    told(1, "critical"),
    told(2),
    told(3),
    told(4, step="resolved", programme="npq-sl"),
    held_back=6,
)
RAISED = notice("at-once", told(1, "critical"))


def words(message: EmailMessage, kind: str) -> str:
    """The text of a message, plain or html."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_digest_reads_as_agreed() -> None:
    """The whole email, byte by byte: headers, plain text, HTML."""
    assert email(DIGEST, TO_A_CONTACT).as_bytes() == (GOLDEN / "digest.eml").read_bytes()


def test_a_webhook_reads_as_agreed() -> None:
    """The whole body, byte by byte: partners' programs depend on its names."""
    assert webhook_body(RAISED, PUBLIC_URL) == (GOLDEN / "webhook.json").read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_named_in_what_is_sent(kind: NoticeKind) -> None:
    """No name, no email address but the receiver's own in `To`, no participant's id, and in email no enrolment's."""
    message = notice(kind, told(1), told(2, step="resolved"))
    sent = email(message, TO_A_CONTACT)
    texts = [
        words(sent, "plain"),
        words(sent, "html"),
        str(sent["Subject"]),
        webhook_body(message, PUBLIC_URL).decode(),
    ]
    for text in texts:
        assert not re.search(r"[^\s@]+@[^\s@]+|p-\d|Zebedee|Quillfeather", text), text
    assert "e-1" not in "".join(texts[:3])


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_webhook_is_a_code_or_a_count(kind: NoticeKind) -> None:
    """No free text can be in it: each value is a number, an id, a day, a code or the link."""
    body = msgspec.json.decode(webhook_body(notice(kind, told(1)), PUBLIC_URL))
    assert (body["type"], body["timestamp"]) == (TYPES[kind], "2026-03-02T09:00:00Z")
    assert body["data"].pop("link") == f"{PUBLIC_URL}/alerts/notices/msg_5f0c"
    for value in re.findall(r'"((?:[^"\\]|\\.)*)"', msgspec.json.encode(body["data"]).decode()):
        assert re.fullmatch(r"[A-Za-z0-9._:/+-]+", value), value


@given(st.integers(0, 3_000), st.text("abcdefgh", min_size=1, max_size=100))
def test_a_body_stays_small_and_says_what_it_leaves_out(count: int, code: str) -> None:
    """Under 20 kB however many alerts there are; all are counted, and those listed and left out add up."""
    alerts = [told(number, programme=code) for number in range(min(count, 20))] * (1 + count // 20)
    body = webhook_body(notice("digest", *alerts), PUBLIC_URL)
    data = msgspec.json.decode(body)["data"]
    assert len(body) <= LARGEST
    assert data["count"] == len(alerts) == len(data["alerts"]) + data["not_listed"]


def test_each_attempt_sends_the_same_bytes() -> None:
    """So that receivers and mail programs see one message, whenever it comes."""
    assert email(DIGEST, TO_A_CONTACT).as_bytes() == email(DIGEST, TO_A_CONTACT).as_bytes()
    assert webhook_body(DIGEST, PUBLIC_URL) == webhook_body(DIGEST, PUBLIC_URL)


@pytest.mark.parametrize("kind", KINDS)
def test_only_optional_mail_can_be_unsubscribed_from_with_one_click(kind: NoticeKind) -> None:
    """RFC 8058: both headers and a link in the text, or none of them."""
    message = email(notice(kind, told(1)), TO_A_CONTACT)
    away = f"{PUBLIC_URL}/unsubscribe/t0ken"
    optional = kind in OPTIONAL
    assert (message["List-Unsubscribe"] == f"<{away}>") == optional
    assert (message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click") == optional
    assert (away in words(message, "plain")) == (away in words(message, "html")) == optional


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (RAISED, "1 participant needs attention now"),
        (DIGEST, "4 participants need attention"),
        (notice("digest", told(1, step="resolved")), "1 participant is no longer flagged"),
        (
            notice("resolved", told(1, step="resolved"), told(2, step="resolved")),
            "2 participants are no longer flagged",
        ),
        (notice("reminder", told(1, step="reminder")), "Reminder: 1 participant still waits for an answer"),
        (notice("escalation", told(1), told(2)), "Nobody has answered yet: 2 participants need attention"),
        (notice("digest", told(1), to_withdraw(1), told(2)), "2 participants need attention"),
        (notice("digest", told(1, step="resolved"), to_withdraw(1)), "1 participant needs attention"),
        (
            notice("resolved", told(1, step="resolved"), to_withdraw(1, "resolved")),
            "1 participant is no longer flagged",
        ),
        (notice("test"), "Test: alerts reach you"),
    ],
)
def test_the_first_line_says_what_happened(message: Notice, line: str) -> None:
    """How many, and whether there is something to do."""
    assert subject(message.content) == line


def test_html_and_plain_text_say_the_same() -> None:
    """Plain text comes first, and every word of it is in the HTML."""
    message = message_from_bytes(email(DIGEST, TO_A_CONTACT).as_bytes(), policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert [part.get_content_subtype() for part in message.iter_parts()] == ["plain", "html"]
    html = words(message, "html")
    for line in words(message, "plain").splitlines():
        assert line.removeprefix("- ").removesuffix(":") in html.replace("&#x27;", "'")


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    """A code with signs of HTML opens nothing."""
    html = words(email(notice("digest", told(1, programme="<b>&")), TO_A_CONTACT), "html")
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
