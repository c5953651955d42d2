"""`engagement partners test`: a message that tells of nobody gets to a contact or a webhook, or it is said why not."""

import json
from mailbox import Maildir

import pytest

from tests.command_line import Cli
from tests.partner_commands_kit import add_contact, partners
from tests.receiving_kit import answers, receiver


def test_a_test_message_reaches_a_contact(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while alerts are a dry run, one message that tells of nobody goes to its address."""
    monkeypatch.setenv("ENGAGEMENT_MAILBOX_DIR", str(filled.folder / "mail"))
    contact = add_contact(filled)
    ran = partners(filled, "test", contact)

    [message] = Maildir(filled.folder / "mail", create=False)
    assert (ran.code, message["To"], message["Subject"]) == (0, "desk@north.example", "Test: alerts reach you")
    assert f"test message to {contact} was accepted" in ran.err


def test_a_test_message_reaches_a_webhook_signed(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that verifies with the reference library takes it; the networks that are ours may be reached."""
    monkeypatch.setenv("ENGAGEMENT_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.1")
    with receiver() as system:
        hook = partners(filled, "endpoint", "add", system.url, "--partner", "partner-1", "--json").data
        system.secret = hook["secret"]
        told = partners(filled, "test", hook["id"], "--json").data

    assert told == {"receiver": hook["id"], "accepted": True, "error": None}
    assert [json.loads(each.body)["type"] for each in system.got] == ["engagement.test.v1"]


def test_a_test_message_that_is_refused_is_told(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was answered, and as a failure of the command; so is one to nobody, or to an endpoint that is off."""
    monkeypatch.setenv("ENGAGEMENT_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.1")
    with receiver(answers(500)) as system:
        hook = partners(filled, "endpoint", "add", system.url, "--partner", "partner-1", "--json").data
        system.secret = hook["secret"]
        ran = partners(filled, "test", hook["id"])
        as_json = partners(filled, "test", hook["id"], "--json")

    assert (ran.code, "was not accepted: HTTP 500" in ran.err) == (1, True)
    assert (as_json.code, as_json.data["accepted"], as_json.data["error"]) == (1, False, "HTTP 500")
    partners(filled, "endpoint", "off", hook["id"])
    assert "switch it on" in partners(filled, "test", hook["id"]).err
    assert partners(filled, "test", "contact-9").code == 1
