"""What people see of alerts: lists that lead on, the life of each, and everything held to their own participants."""

from datetime import timedelta

import pytest

from learning.facts import ContactMade
from registry import audit
from tests.alert_pages_kit import OURS, THEIRS, a_notice, an_alert, keep, page
from tests.builders import at, make
from tests.dashboard_kit import DAY, NOW, Site

TABLE = "Alerts, the latest first"


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
