"""Lists of enrolments: narrowed and sorted by their address, page by page, and as CSV word for word the same."""

import csv
from collections.abc import Iterator
from io import StringIO

import pytest

from dashboard.wording import day
from learning.policy_texts import steps_in_words
from projections import enrolment_risk
from registry import audit, people
from registry.people import Profile
from tests.builders import START, enrolled
from tests.dashboard_kit import NOW, Client, Site, course, opened
from tests.html_kit import Page

AT_RISK = "Participants at risk"
ALL = "Enrolments"
RULES = "Reasons and their points: All lead providers"
NAMES = {"p-11": "Zoë Ámbar", "p-10": "Alan Turing", "p-9": "=1+1"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site for all who only look, where some people have names."""
    with opened(tmp_path_factory.mktemp("shared")) as site:
        with site.registry.writing() as connection:
            people.put(connection, [Profile(participant=each, name=name) for each, name in NAMES.items()], NOW)
        yield site.publish(*course()).start().fold()


def page(client: Client, address: str) -> Page:
    """A page that is there."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return Page.of(answer)


def ids(client: Client, address: str, caption: str = ALL) -> list[str]:
    """The enrolments of a list, in its order."""
    shown = page(client, address)
    if caption not in shown.tables:
        return []
    return [next(word for word in row.split() if word.startswith("e-")) for row in shown.column(caption, "Participant")]


def as_csv(client: Client, address: str) -> list[dict[str, str]]:
    """A list as CSV."""
    answer = client.get(address)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(answer.text)))


def noted(site: Site, action: audit.Action) -> list[audit.Noted]:
    """What was noted of an action."""
    with site.registry.reading() as connection:
        return [each for each in audit.entries(connection, limit=None) if each.action == action]


@pytest.mark.parametrize("path", ["/at-risk", "/enrolments"])
@pytest.mark.parametrize("query", ["", "?sort=participant", "?q=p-1&sort=-lag_weeks", "?reason=silent&level=at-risk"])
def test_the_csv_is_what_is_shown(shared: Site, path: str, query: str) -> None:
    """The same filters give the same enrolments in the same order, on the page and in the file."""
    client = shared.browser()
    caption = AT_RISK if path == "/at-risk" else ALL

    shown = ids(client, f"{path}{query}", caption)

    assert shown
    assert [row["enrolment"] for row in as_csv(client, f"{path}.csv{query}")] == shown


def test_the_link_to_the_csv_keeps_the_filters(shared: Site) -> None:
    """What is downloaded is what was looked at."""
    client = shared.browser()
    links = page(client, "/at-risk?reason=silent&sort=-since").links

    assert links["Download all 8 rows as CSV"] == "/at-risk.csv?reason=silent&sort=-since"


def test_a_row_says_why_since_when_and_what_was_done(shared: Site) -> None:
    """Whoever works through the list need not open each enrolment."""
    shown = page(shared.browser(), "/at-risk?q=e-11")

    assert shown.column(AT_RISK, "Reasons")[0].startswith("Silent for")
    with shared.live.open() as store, store.connect() as connection:
        [row] = [each for each in enrolment_risk.at_risk(connection) if each["enrolment"] == "e-11"]
    assert shown.column(AT_RISK, "Since") == [day(row["since"])]
    assert shown.column(AT_RISK, "Flag") == ["Raised"]
    assert shown.column(AT_RISK, "Deadline") == ["7 March 2026"]


def test_the_page_says_what_at_risk_means(shared: Site) -> None:
    """The rules in force stand on the page with their version, in words."""
    shown = page(shared.browser(), "/at-risk")

    version = shared.rulebook.policies.on(NOW.date()).version
    assert f"policy {version}" in shown.words
    rules = dict(zip(*(shown.column(RULES, heading) for heading in ("Reason", "Points")), strict=True))
    assert rules["Silent"] == steps_in_words(
        "silent", shared.rulebook.policies.on(NOW.date()).default.signals["silent"]
    )


def test_a_partner_sees_its_own_whatever_it_asks_for(shared: Site) -> None:
    """No filter, search or file of a partner's account holds anybody of another partner."""
    client = shared.browser("partner", "partner-1")
    own = {f"e-{number}" for number in range(1, 12, 2)}

    for query in ("", "?q=e-", "?status=active", "?sort=partner"):
        assert set(ids(client, f"/enrolments{query}")) == own
        assert {row["enrolment"] for row in as_csv(client, f"/enrolments.csv{query}")} == own
    assert ids(client, "/enrolments?partner=partner-0") == []
    assert as_csv(client, "/enrolments.csv?partner=partner-0") == []
    assert "partner-0" not in page(client, "/enrolments").options.get("partner", [])


def test_a_search_finds_names_without_their_accents(shared: Site) -> None:
    """Names are found as people type them, and that somebody looked for people is noted without what they typed."""
    client = shared.browser()

    assert ids(client, "/enrolments?q=zoe+ambar") == ["e-11"]
    assert client.account is not None
    [entry] = [each for each in noted(shared, audit.Action.PEOPLE_SEARCHED) if each.account == client.account.id]
    assert entry.details == {"found": 1}


def test_a_partner_does_not_find_anothers_names(shared: Site) -> None:
    """A search must not tell that there is somebody of that name elsewhere."""
    assert ids(shared.browser("partner", "partner-1"), "/enrolments?q=turing") == []
    assert ids(shared.browser("partner", "partner-0"), "/enrolments?q=turing") == ["e-10"]


def test_names_that_are_switched_off_are_nowhere(shared: Site) -> None:
    """Without names, neither the page nor the file has any, and none can be looked for."""
    client = shared.browser()
    client.submit("/names", shown="no")

    assert "Turing" not in page(client, "/enrolments").words
    assert ids(client, "/enrolments?q=turing") == []
    assert "name" not in as_csv(client, "/enrolments.csv")[0]


def test_formulas_are_made_harmless(shared: Site) -> None:
    """A name that a spreadsheet would run is told as text."""
    [row] = as_csv(shared.browser(), "/enrolments.csv?q=e-9")

    assert row["name"] == "'=1+1"


def test_a_file_that_leaves_the_house_is_noted(site: Site) -> None:
    """The audit trail has who took how many rows of which list."""
    client = site.browser()
    as_csv(client, "/at-risk.csv?level=at-risk")

    [entry] = noted(site, audit.Action.LIST_EXPORTED)
    assert client.account is not None
    assert (entry.account, entry.thing) == (client.account.id, "page:at-risk")
    assert entry.details["rows"] == len(ids(client, "/at-risk?level=at-risk", AT_RISK))


def test_a_page_that_refreshes_itself_is_noted_once(site: Site) -> None:
    """An open page does not fill the audit trail; whoever comes back later is noted again."""
    client = site.browser()
    for _ in range(3):
        client.get("/at-risk", headers={"X-Fragment": "main"})
    assert len(noted(site, audit.Action.LIST_READ)) == 1

    site.clock.move(minutes=16)
    client.get("/at-risk")
    assert len(noted(site, audit.Action.LIST_READ)) == 2


@pytest.fixture
def long(empty: Site) -> Site:
    """A list of 120 enrolments."""
    everybody = [enrolled(START, f"e-{number:03}", f"p-{number:03}") for number in range(120)]
    return empty.publish(*everybody).start().fold()


def test_pages_fit_together(long: Site) -> None:
    """Every enrolment is on exactly one page; a page beyond the end is the last one."""
    client = long.browser()
    pages = [ids(client, f"/enrolments?sort=enrolment&page={number}") for number in (1, 2, 3)]

    assert [len(each) for each in pages] == [50, 50, 20]
    assert [each for some in pages for each in some] == [f"e-{number:03}" for number in range(120)]
    assert ids(client, "/enrolments?sort=enrolment&page=9") == pages[2]
    assert page(client, "/enrolments?sort=enrolment&status=active").links["Next page"] == (
        "/enrolments?status=active&sort=enrolment&page=2"
    )


def test_headings_sort_and_turn_round(shared: Site) -> None:
    """The link of a heading sorts by it; the one that the list is sorted by turns the order round."""
    client = shared.browser()
    shown = page(client, "/enrolments?status=active&sort=completion")
    [turned] = [href for words, href in shown.links.items() if words.startswith("Completion")]

    assert turned == "/enrolments?status=active&sort=-completion"
    ratios = page(client, turned).column(ALL, "Completion")
    assert ratios == sorted(ratios, key=lambda each: -float(each.split()[0]))


def test_filters_without_a_field_stay_and_are_told(shared: Site) -> None:
    """A list that a number led to says what it was narrowed to, and a form sent on it narrows it further."""
    shown = page(shared.browser(), "/enrolments?deadline_until=2026-03-07&gate_reached=no&page=2")

    assert "deadline on 7 March 2026 or earlier" in shown.words
    assert shown.fields["deadline_until"] == "2026-03-07"
    assert shown.fields["gate_reached"] == "no"
    assert "page" not in shown.fields


def test_what_a_form_leaves_empty_was_not_asked_for(shared: Site) -> None:
    """The empty fields of a filter form narrow nothing."""
    assert len(ids(shared.browser(), "/enrolments?q=&status=&level=&behind=&gate_reached=&intake=")) == 12


@pytest.mark.parametrize(
    "query", ["level=high", "sort=name", "page=0", "behind=x", "deadline_from=soon", "q=" + "x" * 999]
)
def test_a_slip_in_an_address_is_told(shared: Site, query: str) -> None:
    """A filter that makes no sense is refused, and not left out, which would show more than was asked for."""
    assert shared.browser().get(f"/enrolments?{query}").status_code == 422


@pytest.mark.parametrize("text", ["\x00", "%", "_", "'", "\ud7ff", "a" * 128, "<b>"])
def test_any_text_can_be_looked_for(shared: Site, text: str) -> None:
    """Whatever somebody types, the answer is a list, and what they typed is no markup in it."""
    answer = shared.browser().get("/enrolments", params={"q": text})

    assert answer.status_code == 200
    assert "<b>" not in answer.text


def test_a_list_that_is_empty_by_its_filters_says_so(shared: Site) -> None:
    """Nobody who matches is another thing than nobody at risk."""
    assert "Nobody at risk matches these filters." in page(shared.browser(), "/at-risk?q=nobody").words


def test_before_the_first_day_nobody_has_been_looked_at(empty: Site) -> None:
    """A list that is empty because no day has started does not say that nobody is at risk."""
    empty.publish(*course(2)).fold()

    assert "No day has started yet" in page(empty.browser(), "/at-risk").words
