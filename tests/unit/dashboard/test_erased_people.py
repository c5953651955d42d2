"""Who was erased is on no page, in no file and in no answer of the API, and the figures say why a list is shorter."""

import json
from collections.abc import Iterator

import pytest
from httpx2 import Response

from learning.events import encode
from learning.facts import ComponentCompleted, ParticipantErased
from registry.accounts import ROLES, Role
from tests.builders import at, completed, make
from tests.dashboard_kit import Client, Site, course, opened
from tests.html_kit import Page

GONE = "e-11"
"""Did nothing, and is at risk."""

NOTE = "1 person in this figure has been erased and is not listed."


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site for all who only look, where one of twelve people was erased."""
    with opened(tmp_path_factory.mktemp("erased")) as site:
        site.publish(*course()).start().fold()
        yield site.publish(make(ParticipantErased(by="staff-1"), at(42), GONE, "p-11")).fold()


def text(client: Client, address: str) -> str:
    """A page that is there."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "address",
    [
        f"/enrolments/{GONE}",
        "/enrolments/p-11",
        "/enrolments/erased",
        f"/actions/contact/{GONE}",
        f"/api/v1/enrolments/{GONE}",
        f"/api/v1/enrolments/{GONE}/timeline",
        f"/api/v1/enrolments/{GONE}/explanation",
    ],
)
def test_its_page_is_as_that_of_an_unknown_id(shared: Site, role: Role, address: str) -> None:
    """Whoever asks: 404, with the same words; who may not act is told that first."""
    client = shared.browser(role, "partner-1" if role == "partner" else None)
    answer = client.get(address)
    unknown = client.get(address.replace(GONE, "e-unknown").replace("p-11", "p-unknown"))

    assert answer.status_code == unknown.status_code == (403 if role == "read-only" and "actions" in address else 404)
    if "api" in address:
        assert answer.json() == unknown.json()
    else:
        assert Page.of(answer).words == Page.of(unknown).words


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/at-risk",
        "/at-risk.csv",
        "/enrolments",
        "/enrolments.csv",
        "/enrolments?q=e-11",
        "/partners",
        "/partners/partner-1",
        "/api/v1/enrolments",
        "/api/v1/at-risk",
        "/api/v1/declarations",
        "/api/v1/enrolments?filter[updated_since]=2020-01-01T00:00:00Z",
    ],
)
def test_no_list_has_it(shared: Site, address: str) -> None:
    """Neither a page nor a file nor an answer of the API has its id or that of the participant."""
    found = text(shared.browser(), address)
    assert GONE not in found.replace("q=e-11", "").replace('value="e-11"', "")
    assert "p-11" not in found


@pytest.mark.parametrize(
    "address", ["/enrolments", "/at-risk", "/enrolments?level=at-risk", "/at-risk?partner=partner-1"]
)
def test_a_list_says_why_it_is_shorter_than_its_figure(shared: Site, address: str) -> None:
    """Beside the rows stands how many people the figure counts and the list leaves out."""
    assert NOTE in text(shared.browser(), address)


@pytest.mark.parametrize(
    "address", ["/enrolments?q=e-1", "/enrolments?partner=partner-0", "/at-risk?partner=partner-0"]
)
def test_nothing_is_said_where_nobody_is_left_out(shared: Site, address: str) -> None:
    """A search, and a figure that does not count them, have no such sentence."""
    assert "erased" not in text(shared.browser(), address)


def test_a_partner_is_told_of_its_own_people_only(shared: Site) -> None:
    """The other partner's list is whole."""
    assert NOTE in text(shared.browser("partner", "partner-1"), "/enrolments")
    assert "erased" not in text(shared.browser("partner", "partner-0"), "/enrolments")


def test_figures_and_lists_add_up(shared: Site) -> None:
    """What the overview counts is what the list has and what it says that it leaves out."""
    client = shared.program()
    totals = client.get("/api/v1/overview").json()["totals"]
    for path, counted in (("/api/v1/enrolments", totals["enrolled"]), ("/api/v1/at-risk", totals["flagged"])):
        listed = client.get(path, params={"page[per_page]": "100"}).json()
        assert len(listed["data"]) + listed["erased"] == counted
        assert listed["erased"] == 1


def test_figures_are_those_of_before(site: Site) -> None:
    """The overview of the API says the same before and after, but for when it was read."""
    client = site.program()
    before = client.get("/api/v1/overview").json()
    site.publish(make(ParticipantErased(by="staff-1"), at(42), GONE, "p-11")).fold()
    after = client.get("/api/v1/overview").json()

    del before["freshness"], after["freshness"]
    assert after == before


def test_a_partner_cannot_send_facts_of_it(shared: Site) -> None:
    """They are refused as those of an unknown enrolment."""
    fact = make(ComponentCompleted(component="module-1"), at(40), GONE, "p-11", source="/partners/partner-1")
    answer = _send(shared.program("partner", "partner-1"), encode(fact))
    assert answer.status_code == 404


def test_nobody_is_erased_by_a_fact_from_outside(shared: Site) -> None:
    """It would leave their name in the registry: the answer says which command does it."""
    fact = make(ParticipantErased(by="staff-1"), at(40), "e-1", "p-1")
    answer = _send(shared.program(), encode(fact))

    assert answer.status_code == 422
    assert "engagement people erase" in json.dumps(answer.json())


def test_late_facts_bring_nobody_back(site: Site) -> None:
    """A register that arrives afterwards is counted, and shows nobody."""
    site.publish(make(ParticipantErased(by="staff-1"), at(42), GONE, "p-11")).fold()
    site.publish(completed("module-1", at(5), subject=GONE, partitionkey="p-11")).fold()

    assert site.browser().get(f"/enrolments/{GONE}").status_code == 404
    assert GONE not in text(site.browser(), "/enrolments.csv")


def _send(client: Client, body: bytes) -> Response:
    return client.post("/api/v1/events", content=body, headers={"Content-Type": "application/cloudevents+json"})
