"""Email: handed to a real server, refused for now or for good, encrypted where it must be, or put into a folder."""

import smtplib
from collections.abc import Iterator
from mailbox import Maildir
from pathlib import Path

import pytest

from alerting.bodies_email import Addresses, email
from alerting.channels.email import EmailCarrier
from alerting.channels.smtp import Mailer, MailFolder, MailServerError, SmtpMailer, SmtpServer, mailer
from alerting.model import NoticeKind
from alerting.outcomes import ACCEPTED, Outcome
from alerting.receivers import Receivers
from registry import contacts
from registry.store import Registry
from tests.delivery_kit import EMAIL, NOW, PUBLIC_URL, a_notice, contact, utc_now
from tests.receiving_kit import MailServer, mail_server

SENDER = "Engagement <alerts@example.org>"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    with Registry(tmp_path / "registry.db") as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with mail_server() as one:
        yield one


async def send(registry: Registry, to: str, by: Mailer | None, kind: NoticeKind = "digest") -> Outcome:
    """Send a message to a contact once."""
    carrier = EmailCarrier(Receivers(registry, utc_now).contact, by, sender=SENDER, public_url=PUBLIC_URL)
    try:
        return await carrier.send(a_notice(1, receiver=to, channel="email", kind=kind))
    finally:
        await carrier.close()


def reached(server: MailServer) -> SmtpMailer:
    """A mailer for the server."""
    return SmtpMailer(SmtpServer.parse(server.url), timeout_seconds=10)


async def test_a_message_reaches_the_address_that_the_contact_has_now(registry: Registry, server: MailServer) -> None:
    """Changed between planning and sending, the new address gets it, with the contact's own link to unsubscribe."""
    person = contact(registry, email="old@quillfeather.example")
    with registry.writing() as connection:
        contacts.change(connection, person.id, now=NOW, by="tests", email=EMAIL)
        token = contacts.unsubscribe_token(connection, person.id)
    assert await send(registry, person.id, reached(server)) == ACCEPTED
    [message] = server.accepted
    assert (message["To"], message["From"]) == (EMAIL, SENDER)
    assert message["Message-ID"] == "<msg_1@engagement.example.org>"
    assert message["List-Unsubscribe"] == f"<{PUBLIC_URL}/unsubscribe/{token}>"


async def test_who_is_gone_or_wants_no_summaries_gets_none(registry: Registry, server: MailServer) -> None:
    """A removed contact gets nothing; one that unsubscribed gets only what somebody has to act on."""
    gone, away = contact(registry), contact(registry, email="away@quillfeather.example")
    with registry.writing() as connection:
        contacts.remove(connection, gone.id, now=NOW, by="tests")
        contacts.unsubscribe(connection, contacts.unsubscribe_token(connection, away.id), NOW)
    for receiver in (gone.id, away.id, "contact-unheard-of"):
        assert (await send(registry, receiver, reached(server))).result == "needless"
    assert server.accepted == []
    assert await send(registry, away.id, reached(server), kind="reminder") == ACCEPTED


@pytest.mark.parametrize(
    ("said", "result", "bounced"),
    [
        ("450 4.2.0 mailbox busy", "failed", False),
        ("550 5.1.1 no such user", "refused", True),
        ("552 5.2.2 mailbox full", "refused", True),
        ("550 no such user", "refused", True),
        ("550 5.7.1 relaying denied", "refused", False),
    ],
)
async def test_a_refused_address_is_told_from_one_that_may_work_later(
    registry: Registry, server: MailServer, said: str, result: str, bounced: bool
) -> None:
    """4xx passes; 5xx does not, and is about the address unless it is about what we may do."""
    person = contact(registry)
    server.refused_addresses[EMAIL] = said
    outcome = await send(registry, person.id, reached(server))
    assert (outcome.result, outcome.bounced, outcome.error) == (result, bounced, f"SMTP {said[:3]}")


async def test_an_address_that_the_server_cannot_write_to_is_refused_alone(registry: Registry) -> None:
    """Letters beyond ASCII, of which the server knows nothing: that address is no good, and no other mail waits."""
    with mail_server(utf8=False) as server:
        by = reached(server)
        outcome = await send(registry, contact(registry, email="zoë@quillfeather.example").id, by)
        assert (outcome.result, outcome.bounced, outcome.slow, outcome.error) == ("refused", True, False, "SMTP 553")
        assert await send(registry, contact(registry).id, by) == ACCEPTED


@pytest.mark.parametrize(("said", "result"), [("451 later", "failed"), ("554 looks like spam", "refused")])
async def test_a_refused_message_is_no_fault_of_the_address(
    registry: Registry, server: MailServer, said: str, result: str
) -> None:
    """The address stays good; what the server said is kept as its code only."""
    server.answer = lambda _name, _times: said
    outcome = await send(registry, contact(registry).id, reached(server))
    assert (outcome.result, outcome.bounced, outcome.error) == (result, False, f"SMTP {said[:3]}")


async def test_a_server_that_is_away_lets_mail_wait(registry: Registry, server: MailServer) -> None:
    """Nobody listens, it offers no encryption, or none is set: all of it may work later."""
    person = contact(registry)
    host = server.url.removeprefix("smtp-plain://")
    for by in (
        SmtpMailer(SmtpServer.parse("smtp-plain://127.0.0.1:1"), timeout_seconds=5),
        SmtpMailer(SmtpServer.parse(f"smtp://{host}"), timeout_seconds=5),
        None,
    ):
        outcome = await send(registry, person.id, by)
        assert (outcome.result, outcome.slow) == ("failed", True)
    assert server.accepted == []


async def test_a_connection_that_the_server_has_ended_is_made_anew(registry: Registry, server: MailServer) -> None:
    """One is kept for the next message; when it has gone meanwhile, that message does not suffer."""
    by, person = reached(server), contact(registry)
    carrier = EmailCarrier(Receivers(registry, utc_now).contact, by, sender=SENDER, public_url=PUBLIC_URL)
    for number in range(3):
        assert await carrier.send(a_notice(number, receiver=person.id, channel="email")) == ACCEPTED
        [idle] = by._idle
        if number == 1:
            assert idle.sock is not None
            idle.sock.shutdown(2)
    await carrier.close()
    assert len(server.accepted) == 3


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", SmtpServer("smtp", "mail.example.org", 587, None, None)),
        ("smtps://me:p%40ss@mail.example.org", SmtpServer("smtps", "mail.example.org", 465, "me", "p@ss")),
        ("smtp-plain://127.0.0.1:2525", SmtpServer("smtp-plain", "127.0.0.1", 2525, None, None)),
    ],
)
def test_the_url_of_a_server_says_how_it_is_spoken_to(url: str, server: SmtpServer) -> None:
    """Encryption by the scheme, usual ports, a password with percent signs."""
    assert SmtpServer.parse(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:many",
        "smtp://mail.example.org/path",
        "smtp-plain://me:secret@mail.example.org",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    """It may hold a password; and a password never goes over an open line."""
    with pytest.raises(MailServerError) as refused:
        SmtpServer.parse(url)
    assert "secret" not in str(refused.value)


def test_a_server_must_encrypt_before_it_hears_a_password(server: MailServer) -> None:
    """With smtp:// a server that offers no STARTTLS gets neither a password nor a message."""
    host = server.url.removeprefix("smtp-plain://")
    strict = SmtpMailer(SmtpServer.parse(f"smtp://me:secret@{host}"), timeout_seconds=5)
    message = email(a_notice(1, receiver="contact-1"), Addresses(SENDER, EMAIL, PUBLIC_URL))
    with pytest.raises(smtplib.SMTPNotSupportedError):
        strict.send(message)
    assert server.accepted == []


def test_a_folder_has_each_message_once(tmp_path: Path) -> None:
    """A Maildir that mail programs read; sent again it is there once, read or not."""
    folder = MailFolder(tmp_path / "mail" / "box")
    messages = [email(a_notice(n, receiver="contact-1"), Addresses(SENDER, EMAIL, PUBLIC_URL)) for n in (1, 2, 1)]
    for each in messages:
        folder.send(each)
    box = Maildir(tmp_path / "mail" / "box", create=False)
    assert sorted(str(each["Message-ID"]) for each in box) == [str(each["Message-ID"]) for each in messages[:2]]
    new = tmp_path / "mail" / "box" / "new" / "msg_1@engagement.example.org"
    new.rename(tmp_path / "mail" / "box" / "cur" / f"{new.name}:2,S")
    folder.send(messages[0])
    box.close()
    assert len(list((tmp_path / "mail" / "box").glob("*/msg_1@*"))) == 1


def test_a_folder_goes_before_a_server(tmp_path: Path) -> None:
    """Where both are set nothing leaves; where neither is, there is no way for mail."""
    assert isinstance(mailer("smtp://mail.example.org", tmp_path / "box"), MailFolder)
    assert isinstance(mailer("smtp://mail.example.org", None), SmtpMailer)
    assert mailer(None, None) is None
