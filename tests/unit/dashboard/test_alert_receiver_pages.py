"""What people see of contacts and endpoints: whether messages reach them, and what each would be told next."""

from datetime import timedelta

from alerting import book
from registry import contacts, endpoints
from tests.alert_pages_kit import OURS, a_contact, a_notice, an_alert, keep, page
from tests.dashboard_kit import NOW, Site

WAITING = {"state": "waiting", "told_at": None, "last_told_at": None}


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
