"""What people see of messages about alerts: what became of each, whom it told of, and one answer for all of them."""

from html import unescape

import pytest

from eventlog.facts import FACTS_TOPIC
from learning.events import Fact, decode
from registry import audit, contacts, people
from registry.people import Profile
from tests.alert_pages_kit import OURS, THEIRS, a_contact, a_notice, an_alert, keep, page
from tests.dashboard_kit import NOW, Site

MESSAGES = "Messages, the latest first"
TOLD = "Participants whom it told of, and how they stand now"


def test_the_link_of_an_email_leads_to_names_behind_the_sign_in(told: Site) -> None:
    """A stranger is asked to sign in and comes back; then names and how everybody stands now are shown."""
    with told.registry.writing() as connection:
        people.put(connection, [Profile(participant="p-11", name="Amina Example")], NOW)

    asked = told.stranger().get("/alerts/notices/msg_ours", follow_redirects=False)
    shown = page(told.browser("partner", "partner-1"), "/alerts/notices/msg_ours")

    assert asked.headers["location"] == "/sign-in?next=%2Falerts%2Fnotices%2Fmsg_ours"
    assert [row[0].partition(" e-11")[0] for row in shown.tables[TOLD][1:]] == ["Amina Example"]
    assert shown.column(TOLD, "Flag now") == ["Raised"]


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("email", "New: - small/course, autumn: 1 critical"), ("webhook", '"held_back": 0'), ("chat", "needs attention")],
)
def test_a_message_can_be_read_word_for_word(told: Site, channel: str, expected: str) -> None:
    """Staff see what was or would be sent, also in a dry run; no address and no link of anybody's own stands there."""
    contact = a_contact(told)
    with told.registry.reading() as connection:
        token = contacts.unsubscribe_token(connection, contact)
    keep(told, [OURS], [a_notice("msg_x", [OURS], channel=channel, state="dry-run", receiver=contact)])

    words = page(told.browser(), "/alerts/notices/msg_x").words

    assert expected in words
    assert "desk@" not in words
    assert token not in words


def test_all_of_a_message_are_acknowledged_with_one_button(told: Site) -> None:
    """Each flag that waits gets a fact of its own with who did it, and an entry in the audit trail; others get none."""
    both = [OURS, an_alert("e-7"), an_alert("e-1"), THEIRS]
    keep(told, both, [a_notice("msg_both", both, partner="partner-1")])
    partner = told.browser("partner", "partner-1")
    key = page(partner, "/alerts/notices/msg_both").fields["key"]

    for _ in range(2):  # a second click does nothing more
        answer = partner.submit("/alerts/notices/msg_both/acknowledge", key=key)
        assert answer.headers["location"] == "/alerts/notices/msg_both?done=all-acknowledged"

    assert partner.account is not None
    noted = [each for each in facts(told) if each.type == "learning.flag-acknowledged.v1"]
    assert {each.subject for each in noted} == flagged(told) & {"e-11", "e-7", "e-1"}
    assert len({each.id for each in noted}) == len(noted)
    assert {each.data.by for each in noted} == {partner.account.id}  # type: ignore[union-attr]  # they are of one kind
    told.fold()
    shown = page(partner, "/alerts/notices/msg_both?done=all-acknowledged")
    assert "No flag here waits for an answer" in shown.words
    assert "key" not in shown.fields


def facts(site: Site) -> list[Fact]:
    """Every fact on the log."""
    return [
        decode(stored.value)
        for partition, end in site.log.end_offsets(FACTS_TOPIC).items()
        for stored in site.log.read(FACTS_TOPIC, partition, 0, end + 1)
    ]


def flagged(site: Site) -> set[str]:
    """The enrolments that have a flag, by the API."""
    return {each["enrolment"] for each in site.program().get("/api/v1/at-risk").json()["data"]}


def test_a_form_that_is_not_ours_acknowledges_nothing(told: Site) -> None:
    """Without the session's token, or with a key that no form has, nothing reaches the log."""
    partner = told.browser("partner", "partner-1")

    refused = partner.post("/alerts/notices/msg_ours/acknowledge", data={"key": "x"}, follow_redirects=False)
    unfit = partner.submit("/alerts/notices/msg_ours/acknowledge", key="x")

    assert (refused.status_code, unfit.status_code) == (403, 422)
    assert [each for each in facts(told) if each.type == "learning.flag-acknowledged.v1"] == []


def test_messages_say_what_became_of_them(told: Site) -> None:
    """Attempts and the last error stand beside each, and only staff can have one sent again."""
    shown = page(told.browser(), "/alerts/messages?state=dead")

    assert shown.column(MESSAGES, "Attempts") == ["9"]
    assert shown.column(MESSAGES, "Last error") == ["SMTP 451"]
    assert "Send again" in shown.words
    assert "Send again" not in page(told.browser("read-only"), "/alerts/messages?state=dead").words


def test_staff_have_a_message_sent_again(told: Site) -> None:
    """A message that was given up waits again, under its id; that it was asked for is noted; once is enough."""
    staff = told.browser()

    answer = staff.submit("/alerts/messages/msg_dead/replay")

    assert answer.headers["location"] == "/alerts/messages?done=message-replayed"
    shown = page(staff, "/alerts/messages?state=waiting")
    assert shown.column(MESSAGES, "Attempts") == ["0"]
    with told.registry.reading() as connection:
        assert ("alert-replayed", "notice:msg_dead") in [(e.action, e.thing) for e in audit.entries(connection)]
    assert staff.submit("/alerts/messages/msg_dead/replay").status_code == 409
    assert staff.submit("/alerts/messages/msg_nobody/replay").status_code == 404


def test_what_stands_in_the_book_cannot_become_markup(told: Site) -> None:
    """An error of a receiver's server is shown as text."""
    keep(told, [OURS], [a_notice("msg_bad", [OURS], state="dead", error="<script>alert(1)</script>")])

    text = told.browser().get("/alerts/messages").text

    assert "<script>alert(1)" not in text
    assert "<script>alert(1)" in unescape(text)
