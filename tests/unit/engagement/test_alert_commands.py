"""The commands about alerts: what there is, who was told, what is sent again, and what a contact gets next."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerting import book
from alerting.store import AlertStore
from registry import audit, contacts
from registry.store import Registry
from tests.alert_pages_kit import NOW, a_notice, an_alert
from tests.command_line import Cli

TOLD = an_alert("e-11")
RESOLVED = an_alert("e-9", state="resolved", partner="partner-0")
WAITING = an_alert("e-7", state="waiting", level="at-risk", told_at=None, last_told_at=None)


@pytest.fixture
def line(tmp_path: Path) -> Cli:
    """A data folder with three alerts, a message that arrived and one that was given up."""
    with AlertStore(tmp_path / "alerts.db") as store, store.writing() as connection:
        book.put_alerts(connection, [TOLD, RESOLVED, WAITING])
        later = NOW + timedelta(days=3)
        dead = a_notice(
            "msg_dead", [TOLD], planned_at=later, state="dead", step="reminder", error="SMTP 451", attempts=12
        )
        book.put_notices(connection, [a_notice("msg_ours", [TOLD]), dead])
    return Cli(tmp_path)


def state(line: Cli, notice: str) -> str:
    """What became of a message."""
    found: str = line("alerts", "show", notice, "--json").data["state"]
    return found


def test_the_list_has_what_is_open(line: Cli) -> None:
    """What is settled is left out unless it is asked for, and the last step stands beside each."""
    found = line("alerts", "list", "--json").data

    assert {(each["enrolment"], each["step"]) for each in found} == {("e-11", "reminder"), ("e-7", None)}
    assert len(line("alerts", "list", "--state", "all", "--json").data) == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--state", "resolved"), {"e-9"}),
        (("--partner", "partner-1", "--level", "critical"), {"e-11"}),
        (("--matter", "withdrawal"), set()),
        (("--limit", "1", "--state", "all"), {"e-9"}),
    ],
)
def test_the_list_can_be_narrowed(line: Cli, options: tuple[str, ...], expected: set[str]) -> None:
    """By state, delivery partner, level, matter and number."""
    assert {each["enrolment"] for each in line("alerts", "list", *options, "--json").data} == expected


def test_the_table_says_what_else_there_is(line: Cli) -> None:
    """Who reads it learns of messages that were given up, and that nothing leaves."""
    ran = line("alerts", "list", "--limit", "1")

    assert "e-7/2025-10-20" in ran.out
    assert "1 of 2" in ran.err
    assert "Messages given up: 1 (--messages dead)" in ran.err
    assert "nothing leaves" in ran.err


def test_messages_are_listed_with_their_last_error(line: Cli) -> None:
    """As a table and as JSON, by what became of them."""
    [dead] = line("alerts", "list", "--messages", "dead", "--json").data

    assert (dead["id"], dead["error"], dead["attempts"], dead["alerts"]) == ("msg_dead", "SMTP 451", 12, [TOLD.id])
    assert "SMTP 451" in line("alerts", "list", "--messages", "all").out
    assert line("alerts", "list", "--messages", "dead", "--state", "told").code == 2


def test_one_alert_is_shown_with_its_messages(line: Cli) -> None:
    """Why each was sent and what became of it."""
    shown = line("alerts", "show", TOLD.id, "--json").data

    assert [(each["id"], each["step"]) for each in shown["messages"]] == [
        ("msg_ours", "first"),
        ("msg_dead", "reminder"),
    ]
    assert "msg_ours" in line("alerts", "show", TOLD.id).out


def test_one_message_is_shown_with_its_alerts(line: Cli) -> None:
    """Whom it told of, as they stand now."""
    shown = line("alerts", "show", "msg_ours", "--json").data

    assert [(each["enrolment"], each["state"], each["step"]) for each in shown["alerts"]] == [("e-11", "told", "first")]
    assert "/alerts/notices/msg_ours" in line("alerts", "show", "msg_ours").out


def test_what_is_not_there_is_said(line: Cli) -> None:
    """With the command that lists what is."""
    ran = line("alerts", "show", "msg_nobody")

    assert ran.code == 1
    assert "engagement alerts list" in ran.err


def test_what_was_given_up_is_sent_again(line: Cli) -> None:
    """It waits again under its id, and the audit trail has it; what arrived stays as it was."""
    ran = line("alerts", "replay", "msg_dead", "msg_ours", "msg_nobody", "--json")

    assert ran.code == 1
    assert {each["id"]: each["waits"] for each in ran.data} == {
        "msg_dead": True,
        "msg_ours": False,
        "msg_nobody": False,
    }
    assert (state(line, "msg_dead"), state(line, "msg_ours")) == ("waiting", "delivered")
    with Registry(line.folder / "registry.db") as registry, registry.reading() as connection:
        noted = [(each.account, each.thing) for each in audit.entries(connection)]
    assert sorted(noted) == [("command-line", "notice:msg_dead"), ("command-line", "notice:msg_ours")]


def test_all_that_were_given_up_are_sent_again_at_once(line: Cli) -> None:
    """After the mail server was mended, one command is enough, and once more it does nothing."""
    assert line("alerts", "replay", "--all").code == 0
    assert state(line, "msg_dead") == "waiting"
    assert line("alerts", "replay", "--all", "--json").data == []


def test_naming_none_or_both_is_refused(line: Cli) -> None:
    """Nothing is sent again by a slip."""
    assert line("alerts", "replay").code == 2
    assert line("alerts", "replay", "msg_dead", "--all").code == 2
    assert state(line, "msg_dead") == "dead"


def test_a_preview_is_what_a_contact_would_get(line: Cli) -> None:
    """The text as it would be sent, for the next digest; nothing is planned by looking."""
    with Registry(line.folder / "registry.db") as registry, registry.writing() as connection:
        made = contacts.create(
            connection,
            partner="partner-1",
            label="Desk",
            email="desk@example.org",
            now=datetime.now(UTC) - timedelta(days=90),
            by="account-1",
        )

    shown = line("alerts", "preview", made.id, "--json").data

    [first] = [each for each in shown["messages"] if each["kind"] == "digest"]
    assert first["subject"] == "1 participant needs attention"
    assert "small/course, autumn: 1 at risk" in first["text"]
    assert first["html"].startswith("<!doctype html>")
    assert "small/course" in line("alerts", "preview", made.id).out
    assert len(line("alerts", "list", "--messages", "all", "--json").data) == 2
    assert line("alerts", "preview", "contact-x").code == 1


def test_before_a_dispatcher_has_run_the_commands_say_so(tmp_path: Path) -> None:
    """An empty folder is left empty."""
    ran = Cli(tmp_path)("alerts", "list")

    assert ran.code == 1
    assert "engagement dispatcher" in ran.err
    assert list(tmp_path.iterdir()) == []
