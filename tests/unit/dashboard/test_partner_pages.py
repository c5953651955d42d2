"""Delivery partners: compared where all are seen, and each on a page of its own."""

import pytest

from tests.builders import at, enrolled
from tests.dashboard_kit import Site


def test_partners_are_listed_and_lead_to_their_pages(site: Site) -> None:
    """Each has its counts and a link, whatever characters its id has."""
    site.publish(enrolled(at(1), "e-north", "p-north", partner="north/west")).start().fold()
    browser = site.browser()

    page = browser.get("/partners").text

    assert 'href="/partners/partner-0"' in page
    assert 'href="/partners/north%2Fwest"' in page
    assert "Delivery partner north/west" in browser.get("/partners/north%2Fwest").text


@pytest.mark.parametrize(
    ("measure", "says"),
    [("withdrawn", "withdrew"), ("gate", "reached the gate"), ("at-risk", "are at risk")],
)
def test_partners_are_compared_by_what_is_asked_for(site: Site, measure: str, says: str) -> None:
    """The address says by what, and the finding is about it; the others are a link away."""
    page = site.browser().get(f"/partners?measure={measure}").text
    finding = page.partition("app-chart__finding")[2].partition("</figcaption>")[0]

    assert says in finding
    assert f'href="/partners?measure={measure}' not in page
    assert page.count("Compare by: ") == 2


def test_partners_are_compared_within_a_programme_and_intake(site: Site) -> None:
    """Filters narrow the comparison and the counts, and stay when another measure is chosen."""
    site.publish(enrolled(at(1), "e-spring", "p-spring", partner="partner-9", intake="spring")).start().fold()

    page = site.browser().get("/partners?programme=small%2Fcourse&intake=autumn").text

    assert "partner-9" not in page
    assert "/partners?programme=small%2Fcourse&amp;intake=autumn&amp;measure=gate" in page


def test_a_measure_that_there_is_not_is_refused(site: Site) -> None:
    """The page says what is wrong."""
    assert site.browser().get("/partners?measure=height").status_code == 422


def test_a_partner_does_not_see_the_comparison(site: Site) -> None:
    """It is for accounts that see all delivery partners."""
    assert site.browser("partner", "partner-0").get("/partners").status_code == 403


def test_a_partner_sees_its_own_page(site: Site) -> None:
    """Its counts, its cohort, who is at risk, its milestones and the form for registers."""
    page = site.browser("partner", "partner-0").get("/partners/partner-0").text

    assert '/at-risk?partner=partner-0"' in page
    assert "/cohort?programme=small%2Fcourse&amp;intake=autumn" in page
    assert "DfE&#39;s milestones" in page
    assert 'action="/partners/partner-0/registers"' in page


def test_anothers_page_is_like_one_that_does_not_exist(site: Site) -> None:
    """A partner is not told whether the other exists."""
    browser = site.browser("partner", "partner-0")

    other, nobody = browser.get("/partners/partner-1"), browser.get("/partners/partner-x")

    assert (other.status_code, nobody.status_code) == (404, 404)
    assert other.text == nobody.text


def test_a_partner_that_nobody_is_enrolled_with_is_not_there(site: Site) -> None:
    """Staff who mistype an id are told so."""
    assert site.browser().get("/partners/partner-x").status_code == 404


def test_a_new_partner_sees_its_page_before_anybody_is_enrolled(site: Site) -> None:
    """An account of its own is enough; the page says why it is empty."""
    page = site.browser("partner", "partner-new").get("/partners/partner-new")

    assert page.status_code == 200
    assert "Nobody is enrolled with this delivery partner yet." in page.text


def test_who_may_only_look_gets_no_form(site: Site) -> None:
    """A read-only account sees the page without what it may not send."""
    page = site.browser("read-only", "partner-0").get("/partners/partner-0").text

    assert "Send a register" not in page


def test_only_staff_are_offered_to_send_enrolments(site: Site) -> None:
    """Enrolments come from the lead provider; partners send attendance."""
    staff, partner = site.browser(), site.browser("partner", "partner-0")

    assert 'value="enrolments"' in staff.get("/partners/partner-0").text
    assert 'value="enrolments"' not in partner.get("/partners/partner-0").text
