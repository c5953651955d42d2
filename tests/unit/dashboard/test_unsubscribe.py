"""Leaving digests: by a click on a page, or at once by a mail program; it tells nobody whose link it is."""

import pytest
from limits import RateLimitItemPerMinute

from dashboard.api.limiting import Rates
from registry import contacts
from registry.contacts import Contact
from tests.dashboard_kit import Client, Site

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
"""What mail programs post (RFC 8058, section 3.1)."""


@pytest.fixture
def contact(site: Site) -> Contact:
    """Somebody who gets digests."""
    with site.registry.writing() as connection:
        return contacts.create(
            connection, partner="partner-1", label="Desk", email="desk@example.org", now=site.clock(), by="account-1"
        )


def token_of(site: Site, contact: Contact) -> str:
    """What stands in the contact's link."""
    with site.registry.reading() as connection:
        return contacts.unsubscribe_token(connection, contact.id)


def is_off(site: Site, contact: Contact) -> bool:
    """Whether the contact wants no optional mail."""
    with site.registry.reading() as connection:
        return contacts.find(connection, contact.id).unsubscribed_at is not None


def post(client: Client, token: str, **fields: str) -> tuple[int, str]:
    """Post to a link, and answer all that could tell something."""
    answer = client.post(f"/unsubscribe/{token}", data=fields or ONE_CLICK, follow_redirects=False)
    return answer.status_code, answer.text.replace(token, "TOKEN")


def test_looking_at_the_link_takes_nobody_off(site: Site, contact: Contact) -> None:
    """Programs that open links in emails to check them change nothing."""
    token = token_of(site, contact)

    page = site.stranger().get(f"/unsubscribe/{token}")

    assert page.status_code == 200
    assert f'action="/unsubscribe/{token}"' in page.text
    assert not is_off(site, contact)


def test_one_click_of_a_mail_program_is_enough(site: Site, contact: Contact) -> None:
    """Without cookies, without a form of ours, answered at once and without being sent elsewhere."""
    assert post(site.stranger(), token_of(site, contact))[0] == 200
    assert is_off(site, contact)


def test_doing_it_again_changes_nothing(site: Site, contact: Contact) -> None:
    """Mail programs may post twice."""
    token = token_of(site, contact)

    assert post(site.stranger(), token) == post(site.stranger(), token)
    assert is_off(site, contact)


def test_the_button_works_for_who_is_signed_in(site: Site, contact: Contact) -> None:
    """The page's own form carries what forms of a session carry."""
    browser = site.browser("partner", "partner-1")

    assert browser.submit(f"/unsubscribe/{token_of(site, contact)}").status_code == 200
    assert is_off(site, contact)


@pytest.mark.parametrize("unknown", ["x", "a" * 43, "%00"])
def test_a_token_that_is_nobodys_is_answered_alike(site: Site, contact: Contact, unknown: str) -> None:
    """Whoever tries tokens learns nothing."""
    answer = site.stranger().post(f"/unsubscribe/{unknown}", data=ONE_CLICK)
    known = site.stranger().post(f"/unsubscribe/{token_of(site, contact)}", data=ONE_CLICK)

    assert (answer.status_code, answer.text) == (known.status_code, known.text)


def test_trying_many_tokens_is_made_to_wait(site: Site, contact: Contact) -> None:
    """Requests from one place are counted as those of the API are."""
    site.app.state.rates = Rates(address=RateLimitItemPerMinute(2, 5))
    client = site.stranger()

    statuses = [post(client, f"x{number}")[0] for number in range(3)]

    assert statuses == [200, 200, 429]
    assert not is_off(site, contact)
