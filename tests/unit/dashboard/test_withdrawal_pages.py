"""Withdrawals on the dashboard and in the API: who waits, what was answered, what DfE is told, and whose they are."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from typing import Any

import msgspec
import pytest

from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.facts import DeferralRequested, WithdrawalObjected, WithdrawalRecommended, Withdrawn
from projections.rulebook import Rulebook
from registry import audit
from tests.builders import SMALL_FILE, at, completed, enrolled, make
from tests.dashboard_kit import Client, Site, course, opened
from tests.html_kit import Page

WAITING, OBJECTED, SIGNED = "Waiting for the delivery partner", "Objected to", "Signed off"
KNOWN = SMALL_FILE.replace('title = "A small course"', 'title = "A small course"\ncourse = "npq-senior-leadership"')
"""The small course as one that DfE knows."""


def whose(number: int) -> dict[str, Any]:
    """An enrolment of the course, which has those of even numbers with another partner than those of odd ones."""
    return {"enrolment": f"e-{number}", "participant": f"p-{number}"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three who wait, of two partners, one objected to, and two signed off, one of them for later."""
    recommended = WithdrawalRecommended(reason="disengaged-and-unresponsive", by="staff-1")
    left = Withdrawn(reason="change-in-career", effective=date(2025, 10, 13), signed_off_by="lead-3")
    facts = [
        *(make(recommended, at(day), **whose(number)) for number, day in ((11, 30), (9, 26), (10, 28), (7, 20))),
        make(WithdrawalObjected(reason="deferral-preferred", by="adviser-2"), at(31), **whose(7)),
        make(DeferralRequested(reason="other"), at(32), **whose(9)),
        make(left, at(35), **whose(5)),
        make(msgspec.structs.replace(left, effective=date(2025, 12, 1)), at(36), **whose(3)),
    ]
    with opened(tmp_path_factory.mktemp("withdrawals")) as site:
        site.rulebook = Rulebook(Curriculum.shipped().extended([parse(KNOWN, "small")]))
        yield site.publish(*course(), *facts).start().fold()


def page(client: Client, query: str = "") -> Page:
    """The page of withdrawals."""
    answer = client.get(f"/withdrawals{query}")
    assert answer.status_code == 200, answer.text
    return Page.of(answer)


def lines(client: Client, path: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.text)))


def test_what_waits_longest_stands_first(site: Site) -> None:
    """With DfE's reason in words and as code, who recommended it, and for how long it has waited."""
    shown = page(site.browser())

    assert [cell.split()[0] for cell in shown.column(WAITING, "Participant")] == ["e-9", "e-10", "e-11"]
    assert shown.column(WAITING, "Reason")[0] == "Disengaged and unresponsive disengaged-and-unresponsive"
    assert shown.column(WAITING, "Recommended")[0] == "4 October 2025, by staff-1 waits for 16 days"


def test_every_state_has_its_count_and_its_list(site: Site) -> None:
    """The counts link to what they count."""
    client = site.browser()
    shown = page(client)

    assert {f"{WAITING}: 3", f"{OBJECTED}: 1", f"{SIGNED}: 2"} <= shown.links.keys()
    objected = Page.of(client.get(shown.links[f"{OBJECTED}: 1"]))
    assert objected.column(OBJECTED, "Answer") == ["9 October 2025, by adviser-2 Deferral preferred"]
    signed_off = Page.of(client.get(shown.links[f"{SIGNED}: 2"]))
    assert [cell.split()[0] for cell in signed_off.column(SIGNED, "Participant")] == ["e-3", "e-5"]
    assert signed_off.column(SIGNED, "Holds from") == ["1 December 2025", "13 October 2025"]
    assert signed_off.column(SIGNED, "For DfE")[1].startswith("Ready: npq-senior-leadership")
    assert signed_off.column(SIGNED, "For DfE")[0].startswith("Not to be told DfE dates a withdrawal by the call")


@pytest.mark.parametrize(
    ("state", "expected"),
    [("recommended", {"e-9", "e-11"}), ("objected", {"e-7"}), ("signed-off", {"e-3", "e-5"})],
)
def test_a_partner_sees_its_own(site: Site, state: str, expected: set[str]) -> None:
    """Page, file and API alike, whatever partner is asked for."""
    partner, other = site.browser("partner", "partner-1"), "partner-0"
    api = site.program("partner", "partner-1")

    assert {row["enrolment"] for row in lines(partner, f"/withdrawals.csv?state={state}")} == expected
    found = api.get("/api/v1/withdrawals", params={"filter[state]": state}).json()["data"]
    assert {row["enrolment"] for row in found} == expected
    assert lines(partner, f"/withdrawals.csv?state={state}&partner={other}") == []
    assert api.get("/api/v1/withdrawals", params={"filter[partner]": other}).json()["data"] == []
    shown = page(partner, f"?state={state}&partner={other}")
    assert f"{WAITING}: 0" in shown.links


def test_the_file_is_what_the_page_shows(site: Site) -> None:
    """The same filters, with codes; that it left the house is in the audit trail."""
    client = site.browser()
    shown = page(client, "?state=signed-off")
    rows = lines(client, shown.links["Download all 2 rows as CSV"])

    assert [(row["enrolment"], row["effective"], row["ready"]) for row in rows] == [
        ("e-5", "2025-10-13", "true"),
        ("e-3", "2025-12-01", "false"),
    ]
    with site.registry.reading() as registry:
        [entry, *_] = audit.entries(registry, things=["page:withdrawals"])
    assert (entry.action, entry.details) == ("list-exported", {"rows": 2})


def test_dfe_gets_its_own_fields_and_codes(site: Site) -> None:
    """Only what is ready, as CSV with DfE's columns first and as bodies of its withdraw request."""
    client = site.browser()
    [row] = lines(client, "/withdrawals/dfe.csv")
    [told] = client.get("/withdrawals/dfe.json").json()

    assert list(row)[:3] == ["participant_id", "reason", "course_identifier"]
    assert (row["participant_id"], row["reason"], row["effective"]) == ("p-5", "change-in-career", "2025-10-13")
    attributes = {"reason": "change-in-career", "course_identifier": "npq-senior-leadership"}
    assert told["request"] == {"data": {"type": "participant-withdraw", "attributes": attributes}}
    assert (told["participant_id"], told["ours"]["effective"]) == ("p-5", "2025-10-13")


def test_the_api_tells_where_each_stands(site: Site) -> None:
    """The body of DfE's request is there where it is ready, and nowhere else."""
    found = site.program().get("/api/v1/withdrawals").json()["data"]

    assert [(row["enrolment"], row["state"], row["ready"], row["request"] is not None) for row in found] == [
        ("e-9", "recommended", False, False),
        ("e-10", "recommended", False, False),
        ("e-11", "recommended", False, False),
        ("e-7", "objected", False, False),
        ("e-5", "signed-off", True, True),
        ("e-3", "signed-off", False, False),
    ]
    ready = site.program().get("/api/v1/withdrawals", params={"filter[ready]": "true"}).json()["data"]
    assert [row["enrolment"] for row in ready] == ["e-5"]


def test_the_api_goes_on_from_a_place(site: Site) -> None:
    """Page by page everybody comes once; from a moment on, only what is new."""
    client = site.program()
    params: dict[str, Any] = {"page[per_page]": 2}
    seen = []
    while True:
        answer = client.get("/api/v1/withdrawals", params=params).json()
        seen += [row["enrolment"] for row in answer["data"]]
        if answer["next"] is None:
            break
        params["page[after]"] = answer["next"]

    assert seen == ["e-9", "e-10", "e-11", "e-7", "e-5", "e-3"]
    later = {"filter[since]": (at(35) - timedelta(seconds=1)).isoformat()}
    assert [row["enrolment"] for row in client.get("/api/v1/withdrawals", params=later).json()["data"]] == [
        "e-5",
        "e-3",
    ]
    assert client.get("/api/v1/withdrawals", params={"page[after]": "nonsense"}).status_code == 422


def test_the_api_gives_csv(site: Site) -> None:
    """With the request as JSON in its cell."""
    [row] = lines(site.program(), "/api/v1/withdrawals?format=csv&filter%5Bready%5D=true")

    assert '"type":"participant-withdraw"' in row["request"]
    assert row["reason"] == "change-in-career"


def test_the_participants_page_says_what_is_recommended(site: Site) -> None:
    """By whom, since when and why, and that nothing happens by itself; the partner finds both answers there."""
    shown = Page.of(site.browser("partner", "partner-1").get("/enrolments/e-11"))

    assert "Withdrawal: recommended" in shown.words
    assert shown.pairs["Reason"] == "Disengaged and unresponsive (disengaged-and-unresponsive)"
    assert shown.pairs["Recommended"] == "8 October 2025, 10:00am by staff-1"
    assert shown.pairs["Waits for"] == "partner-1, for 12 days"
    assert "Nothing changes until the delivery partner answers" in shown.words
    assert {"Sign off a withdrawal", "Object to the withdrawal"} <= shown.links.keys()


def test_the_deferral_option_is_explained(site: Site) -> None:
    """What DfE takes, and until when asking for it saves the attempt; or that it was asked for in time."""
    client = site.browser()
    silent, asked = (Page.of(client.get(f"/enrolments/{each}")).words for each in ("e-11", "e-9"))

    assert "The participant can pause instead. DfE sets no end to a deferral" in silent
    assert "There is no evidence for a started declaration." in silent
    assert "Asked for by 7 March 2026, no attempt is lost by missing the gate; 2 attempts are left" in silent
    assert "A deferral was asked for on 10 October 2025, by the deadline" in asked


def test_who_has_a_started_declaration_gets_no_warning(site: Site) -> None:
    """Evidence for it is there from the first work on."""
    assert "There is no evidence for a started declaration" not in page_of(site, "e-9").words


def test_what_was_answered_is_told_without_the_deferral(site: Site) -> None:
    """An objection with its reason, a sign-off with its day; nobody is told to pause who stays or has left."""
    objected, signed = page_of(site, "e-7"), page_of(site, "e-5")

    assert objected.pairs["Objection"] == "Deferral preferred"
    assert signed.pairs["Holds from"] == "13 October 2025"
    assert "other way" not in objected.words + signed.words
    assert "Withdrawal:" not in page_of(site, "e-0").words


def page_of(site: Site, enrolment: str) -> Page:
    """The page of an enrolment."""
    return Page.of(site.browser().get(f"/enrolments/{enrolment}"))


def test_an_empty_list_says_why(site: Site) -> None:
    """No table, but a sentence."""
    assert (
        "No recommended withdrawal waits for an answer. Filters are set." in page(site.browser(), "?partner=none").words
    )


def test_an_attempt_cannot_be_saved_after_the_deadline(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Given a deadline that has passed, the page says that asking now comes too late."""
    recommended = WithdrawalRecommended(reason="other", by="staff-1")
    facts = [enrolled(), completed("module-1", at(3)), make(recommended, at(190))]
    with opened(tmp_path_factory.mktemp("late")) as late:
        late.clock.now = at(200)
        late.publish(*facts).start(at(200).date()).fold()

        assert "a deferral asked for after it saves no attempt" in page_of(late, "e-1").words
