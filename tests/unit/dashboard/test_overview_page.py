"""The first page: what it counts is what the lists behind its numbers have, and of whom the visitor may see."""

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest

from eventlog.rejects import Parked, park, parked, settle
from learning.facts import Withdrawn
from tests.builders import COMPONENTS, at, completed, make
from tests.dashboard_kit import DAY, Client, Site, course
from tests.html_kit import Page

REASONS = "Why participants are at risk"
COHORTS = "Programmes and intakes"


def overview(client: Client) -> Page:
    """The overview as somebody sees it."""
    answer = client.get("/")
    assert answer.status_code == 200
    return Page.of(answer)


def listed(client: Client, address: str) -> int:
    """How many rows a list says that it has."""
    found = re.search(r"Showing \d+ to \d+ of ([\d,]+)", Page.of(client.get(address)).words)
    return 0 if found is None else int(found[1].replace(",", ""))


def numbers(page: Page) -> dict[str, str]:
    """Every link of the page that is a number, with the list it leads to."""
    return {words: href for words, href in page.links.items() if re.match(r"[\d,]+ ", words + " ")}


@pytest.mark.parametrize(("role", "partner"), [("staff", None), ("partner", "partner-1")])
def test_every_number_leads_to_a_list_of_as_many(site: Site, role: str, partner: str | None) -> None:
    """Whoever follows a number finds exactly those who were counted."""
    withdrawal = Withdrawn(reason="other", effective=DAY, signed_off_by="partner-1")
    site.publish(make(withdrawal, at(41), "e-11", "p-11")).start(DAY + timedelta(days=1)).fold()
    client = site.browser(role, partner)  # type: ignore[arg-type]  # a role by its name

    found = numbers(overview(client))

    assert len(found) > 12
    assert counted(client, found) == said(found)


@pytest.mark.parametrize(
    "path", ["/", "/cohorts", "/cohort?programme=small%2Fcourse&intake=autumn", "/partners", "/partners/partner-1"]
)
def test_who_is_at_the_gate_is_listed_too(site: Site, path: str) -> None:
    """On every page that counts, a number leads to as many; who left after the gate is in neither."""
    modules = [
        completed(each, at(30), subject=who, partitionkey=who.replace("e", "p"))
        for who in ("e-1", "e-3", "e-5")
        for each in COMPONENTS
    ]
    gone = make(Withdrawn(reason="other", effective=DAY, signed_off_by="partner-1"), at(41), "e-3", "p-3")
    site.publish(*modules, gone).start(DAY + timedelta(days=1)).fold()
    client = site.browser()

    found = numbers(Page.of(client.get(path)))

    gate = {words: href for words, href in found.items() if "at the gate" in words and "due on" not in words}
    assert {words.split()[0] for words in gate} - {"0"} == {"2"}
    assert counted(client, found) == said(found)


def test_who_was_not_assessed_yet_is_listed(empty: Site) -> None:
    """Before a first day nobody has a level: those who study are counted as such, and the list has them alone."""
    gone = make(Withdrawn(reason="other", effective=DAY, signed_off_by="partner-1"), at(41), "e-3", "p-3")
    client = empty.publish(*course(), gone).fold().browser()

    found = numbers(overview(client))

    assert listed(client, found["11 not assessed yet"]) == 11
    assert counted(client, found) == said(found)


def counted(client: Client, found: Mapping[str, str]) -> dict[str, int]:
    """How many rows the list behind each number has."""
    return {words: listed(client, href) for words, href in found.items()}


def said(found: Mapping[str, str]) -> dict[str, int]:
    """What each number says."""
    return {words: int(words.split()[0].replace(",", "")) for words in found}


def test_a_partner_counts_its_own_participants_only(site: Site) -> None:
    """Of twelve people one partner sees its six, and no row of another partner."""
    page = overview(site.browser("partner", "partner-1"))

    assert "6 enrolled" in page.links
    assert page.column(COHORTS, "Enrolled") == ["6 enrolled: A small course, autumn"]
    assert "partner-0" not in page.words
    assert "Delivery partners" not in page.tables


def test_reasons_are_those_of_the_flags(site: Site) -> None:
    """Each reason leads to whom it is one of, and says what is measured."""
    client = site.browser()
    page = overview(client)

    flagged = listed(client, "/at-risk")
    assert flagged > 0
    assert all(int(each.split()[0]) <= flagged for each in page.column(REASONS, "Participants"))
    assert all(page.column(REASONS, "What is measured"))


def test_deadlines_that_are_near_are_told(site: Site) -> None:
    """Who has yet to reach the gate is counted from four weeks before the deadline on."""
    caption = "Deadlines within four weeks, gate not reached"
    client = site.browser()
    assert caption not in overview(client).tables

    site.start(DAY.replace(year=2026, month=2, day=10)).fold()

    page = overview(client)
    assert page.column(caption, "Deadline") == ["7 March 2026"]
    assert page.column(caption, "Active and not at the gate") == ["12 due on 7 March 2026"]


def test_rejects_are_shown_while_they_wait(site: Site) -> None:
    """Staff see that something could not be understood until somebody has settled it; partners do not."""
    staff, partner = site.browser(), site.browser("partner", "partner-1")
    park(site.log, [Parked(origin="test", reason="no JSON", original=b"{", at=site.clock())])

    assert "1 record could not be understood" in overview(staff).words
    assert "could not be understood" not in overview(partner).words
    for each in parked(site.log).values():
        settle(site.log, each, site.clock())
    site.clock.move(seconds=6)
    assert "could not be understood" not in overview(staff).words


def test_before_anything_was_processed_the_page_says_so(empty: Site) -> None:
    """A dashboard that was started first answers that it is not ready, and when to ask again."""
    answer = empty.browser().get("/")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
