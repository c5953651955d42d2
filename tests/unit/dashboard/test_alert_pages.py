"""What people see of alerts: lists that lead on, the life of each, and everything held to their own participants."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from alerting import book
from eventlog.facts import FACTS_TOPIC
from learning.events import Fact, decode
from learning.facts import ContactMade
from registry import audit, contacts, endpoints, people
from registry.people import Profile
from tests.alert_pages_kit import a_notice, an_alert, keep
from tests.builders import at, make
from tests.dashboard_kit import DAY, NOW, Client, Site
from tests.html_kit import Page

THEIRS = an_alert("e-10", partner="partner-0")
OURS = an_alert("e-11")
RESOLVED = an_alert("e-9", state="resolved", resolved_on=DAY)
TABLE = "Alerts, the latest first"
MESSAGES = "Messages, the latest first"
TOLD = "Participants whom it told of, and how they stand now"


@pytest.fixture
def told(site: Site) -> Site:
    """A site where each partner was told of somebody."""
    keep(
        site,
        [THEIRS, OURS, RESOLVED],
        [
            a_notice("msg_theirs", [THEIRS], receiver="contact-0000000002"),
            a_notice("msg_ours", [OURS]),
            a_notice("msg_dead", [RESOLVED], state="dead", attempts=9, error="SMTP 451"),
        ],
    )
    return site


def page(client: Client, path: str) -> Page:
    """A page that is there."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return Page.of(answer)


def facts(site: Site) -> list[Fact]:
    """Every fact on the log."""
    return [
        decode(stored.value)
        for partition, end in site.log.end_offsets(FACTS_TOPIC).items()
        for stored in site.log.read(FACTS_TOPIC, partition, 0, end + 1)
    ]


@pytest.mark.parametrize("path", ["/alerts", "/alerts/messages", "/alerts/about/x", "/alerts/notices/msg_x"])
def test_before_a_dispatcher_has_run_pages_say_how_to_start_one(site: Site, path: str) -> None:
    """Without an alert book nothing fails: the page says why it is empty and what to do."""
    shown = page(site.browser(), path)

    assert "No dispatcher has run yet" in shown.words
    assert "engagement dispatcher" in shown.words


def test_a_list_has_the_open_alerts_unless_others_are_asked_for(told: Site) -> None:
    """What is settled takes no room in the list of the morning; every state has a number that leads to its list."""
    shown = page(told.browser(), "/alerts")

    assert len(shown.tables[TABLE]) == 1 + 2
    assert shown.links["1 resolved"] == "/alerts?state=resolved"
    resolved = page(told.browser(), "/alerts?state=resolved")
    assert [each.partition(" ")[0] for each in resolved.column(TABLE, "Participant")] == ["e-9"]
    assert len(page(told.browser(), "/alerts?state=all").tables[TABLE]) == 1 + 3


def test_a_number_is_the_length_of_the_list_it_leads_to(told: Site) -> None:
    """Counts hold to the filters that the page has, but for the state that they count."""
    shown = page(told.browser(), "/alerts?partner=partner-1")

    for words, href in shown.links.items():
        number, _, state = words.partition(" ")
        if number.isdecimal() and state in {"told", "resolved", "waiting"}:
            rows = page(told.browser(), href).tables.get(TABLE, [[]])
            assert len(rows) - 1 == int(number), words


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=at-risk", {"e-8"}),
        ("matter=withdrawal", {"e-8"}),
        ("partner=partner-0", {"e-8", "e-10"}),
        ("enrolment=e-11", {"e-11"}),
        ("state=told&partner=partner-1", {"e-11"}),
        ("partner=nobody", set()),
    ],
)
def test_a_list_can_be_narrowed(told: Site, query: str, expected: set[str]) -> None:
    """By state, delivery partner, level, matter and enrolment, together."""
    keep(told, [an_alert("e-8", partner="partner-0", level="at-risk", matter="withdrawal")])

    found = page(told.browser(), f"/alerts?{query}").tables.get(TABLE, [[]])

    assert {row[0].partition(" ")[0] for row in found[1:]} == expected


def test_a_partner_sees_its_own_alerts_only(told: Site) -> None:
    """Neither list, number, message nor page of an alert tells a partner of another one."""
    partner = told.browser("partner", "partner-1")

    for path in ("/alerts?state=all", "/alerts/messages", "/alerts.csv?state=all", "/alerts?partner=partner-0"):
        text = partner.get(path).text
        assert "e-10" not in text, path
        assert "msg_theirs" not in text, path
    assert partner.get(f"/alerts/about/{THEIRS.id}").status_code == 404
    assert partner.get("/alerts/notices/msg_theirs").status_code == 404
    assert partner.submit("/alerts/notices/msg_theirs/acknowledge", key="x").status_code == 404


def test_who_has_gone_to_another_partner_is_not_named_any_more(told: Site) -> None:
    """An alert that still stands under the old partner tells it of no id once the enrolment has left."""
    keep(told, [an_alert("e-10", partner="partner-1")])
    partner = told.browser("partner", "partner-1")

    for path in ("/alerts", "/alerts.csv"):
        text = partner.get(path).text
        assert "e-10" not in text, path
        assert "p-10" not in text, path


def test_the_next_page_begins_after_the_last_one(told: Site) -> None:
    """No alert stands on two pages and none is left out."""
    keep(told, [an_alert("e-11", on=DAY - timedelta(days=number)) for number in range(1, 121)])
    browser, path, lengths, days = told.browser(), "/alerts", [], []

    while path:
        shown = page(browser, path)
        rows = shown.tables[TABLE][1:]
        lengths.append(len(rows))
        days += [(row[0], row[3]) for row in rows]
        path = shown.links.get("Next page", "")

    assert lengths == [50, 50, 22]
    assert len(set(days)) == 122
    assert "Showing 50 of 122 alerts" in page(browser, "/alerts").words
    assert len(browser.get("/alerts.csv").text.splitlines()) == 1 + 122


def test_the_csv_has_what_the_list_has(told: Site) -> None:
    """The file has the same rows, by the same filters, and that it left the house is noted."""
    browser = told.browser()

    rows = browser.get(page(browser, "/alerts?partner=partner-1").links["Download all 1 row as CSV"]).text.splitlines()

    assert rows[0].startswith("alert,matter,enrolment,participant")
    assert [row.split(",")[2] for row in rows[1:]] == ["e-11"]
    with told.registry.reading() as connection:
        assert audit.entries(connection)[0].action == "list-exported"


def test_a_dry_run_is_said_at_once(told: Site) -> None:
    """As long as nothing leaves, every page with alerts says so; switched on, none does."""
    for path in ("/alerts", "/alerts/messages", "/alerts/receivers", f"/alerts/about/{OURS.id}"):
        assert "nothing leaves" in page(told.browser(), path).words

    terms = told.parts.alert_terms._replace(are_sent=True)
    told.app.state.parts = told.parts._replace(alert_terms=terms)

    assert "nothing leaves" not in page(told.browser(), "/alerts").words


def test_an_alert_tells_its_life(told: Site) -> None:
    """Raised, told, reminded, given up, contacted and resolved stand in their order, the latest first."""
    later = NOW + timedelta(days=3)
    alert = an_alert(state="resolved", state_since=NOW + timedelta(days=9), resolved_on=DAY + timedelta(days=9))
    reminder = a_notice("msg_again", [alert], step="reminder", kind="reminder", planned_at=later)
    escalation = a_notice(
        "msg_next",
        [alert],
        step="escalation",
        kind="escalation",
        planned_at=later,
        state="dead",
        error="SMTP 550",
        receiver="contact-0000000003",
        settled_at=later + timedelta(days=3),
    )
    keep(told, [alert], [reminder, escalation])
    by_now = make(ContactMade(channel="phone", outcome="reached", by="account-7"), at(47), "e-11", "p-11")
    told.publish(by_now).fold()

    entries = page(told.browser(), f"/alerts/about/{alert.id}").entries

    heads = ["Resolved", "Told the next contact", "Contact made", "Reminded", "Told:", "Flag raised"]
    found = [next(each for each in entries if each.startswith(head)) for head in heads]
    assert [entries.index(each) for each in found] == sorted(entries.index(each) for each in found)
    assert "SMTP 550" in found[1]


def test_an_alert_leads_to_what_can_be_done(told: Site) -> None:
    """Its page offers the actions of the participant's own page, as the account may do them."""
    assert page(told.browser(), f"/alerts/about/{OURS.id}").links["Acknowledge the flag"] == "/actions/acknowledge/e-11"
    assert "Acknowledge the flag" not in page(told.browser("read-only"), f"/alerts/about/{OURS.id}").links


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


def test_receivers_show_their_health(told: Site) -> None:
    """Each contact and endpoint has when something reached it last, what waits, and why it is off; no secret."""
    with told.registry.writing() as connection:
        made = contacts.create(
            connection, partner="partner-1", label="Desk", email="desk@example.org", now=NOW, by="account-1"
        )
        hook = endpoints.create(
            connection,
            partner="partner-0",
            channel="webhook",
            url="https://hooks.example.org/secret-path",
            secret=endpoints.new_secret(),
            now=NOW,
            by="account-1",
        )
        endpoints.switch_off(connection, hook.id, NOW, "the endpoint answered 410 Gone")
    keep(told, [OURS], [a_notice("msg_desk", [OURS], receiver=made.id)])

    staff = page(told.browser(), "/alerts/receivers")
    partner = page(told.browser("partner", "partner-1"), "/alerts/receivers")

    people_, places = "Contacts, who are told by email", "Endpoints, where other systems are told"
    assert staff.column(people_, "Last delivered") == ["20 October 2025, 10:30am"]
    assert "410 Gone" in staff.column(places, "State")[0]
    assert "secret-path" not in staff.words
    assert partner.column(people_, "Contact") == ["Desk desk@example.org"]
    assert places not in partner.tables


def test_names_of_contacts_can_be_hidden(told: Site) -> None:
    """In front of others, neither the label nor the address of a contact is shown."""
    with told.registry.writing() as connection:
        contacts.create(connection, partner=None, label="Kim Desk", email="kim@example.org", now=NOW, by="account-1")
    staff = told.browser()
    staff.cookies.set("names_off", "1")

    words = page(staff, "/alerts/receivers").words

    assert "Kim" not in words
    assert "kim@" not in words


def test_what_stands_in_the_book_cannot_become_markup(told: Site) -> None:
    """An error of a receiver's server is shown as text."""
    keep(told, [OURS], [a_notice("msg_bad", [OURS], state="dead", error="<script>alert(1)</script>")])

    text = told.browser().get("/alerts/messages").text

    assert "<script>alert(1)" not in text
    assert "<script>alert(1)" in unescape(text)


WAITING = {"state": "waiting", "told_at": None, "last_told_at": None}


def a_contact(site: Site, partner: str | None = "partner-1", **wishes: Any) -> str:
    """Somebody who is told at eight."""
    with site.registry.writing() as connection:
        made = contacts.create(
            connection,
            partner=partner,
            label="Desk",
            email=f"desk@{partner or 'lead'}.example.org",
            now=NOW - timedelta(days=30),
            by="account-1",
            **wishes,
        )
    return made.id


def test_a_preview_is_the_real_text_of_the_next_digest(site: Site) -> None:
    """It counts what waits, leads to the list, and names nobody; looking at it plans and sends nothing."""
    keep(site, [an_alert("e-11", **WAITING), an_alert("e-9", level="at-risk", **WAITING)])
    contact = a_contact(site)

    shown = page(site.browser("partner", "partner-1"), f"/alerts/preview?contact={contact}")

    assert "2 participants need attention" in shown.words
    assert "The next digest is due on 20 October 2025" in shown.words
    assert "e-11" not in shown.words
    with site.book().reading() as connection:
        assert book.notices(connection) == []
        assert {each.state for each in book.alerts(connection)} == {"waiting"}


def test_the_html_of_a_preview_can_do_nothing(site: Site) -> None:
    """It is shown as it would be sent, where no script can run and nothing is loaded."""
    keep(site, [an_alert("e-11", **WAITING)])
    contact = a_contact(site)
    browser = site.browser()
    links = page(browser, f"/alerts/preview?contact={contact}").links

    [href] = [href for words, href in links.items() if words.startswith("See it as a mail program")]
    answer = browser.get(href)

    assert "1 participant needs attention" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_preview_is_for_the_own_organisation_only(site: Site) -> None:
    """A partner is shown what its own contacts get."""
    keep(site, [an_alert("e-10", partner="partner-0", **WAITING)])
    theirs = a_contact(site, "partner-0")
    partner = site.browser("partner", "partner-1")

    assert partner.get(f"/alerts/preview?contact={theirs}").status_code == 404
    assert "No contact is known" in page(partner, "/alerts/preview").words
    assert partner.get(f"/alerts/preview/msg_x?contact={theirs}").status_code == 404


def test_a_preview_in_the_holidays_is_of_the_first_day_of_term(site: Site) -> None:
    """Nothing is sent in school holidays, so the preview says when the next digest comes."""
    keep(site, [an_alert("e-11", **WAITING)])
    site.clock.now = NOW + timedelta(days=8)  # 28 October 2025, in the autumn half-term
    site.app.state.parts = site.parts._replace(alert_terms=site.parts.alert_terms._replace(are_sent=True))
    contact = a_contact(site)

    assert "due on 3 November 2025, 8:00am" in page(site.browser(), f"/alerts/preview?contact={contact}").words
