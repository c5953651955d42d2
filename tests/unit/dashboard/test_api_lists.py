"""What the API tells: lists that can be polled and paged, as JSON and CSV, and everything about one enrolment."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from dashboard.api import cohort_models, enrolment_models
from dashboard.api.addresses import segment
from dashboard.api.asking import MOST_ROWS
from projections import enrolment_list, overview, risk_history
from projections.list_filters import Wanted
from registry import audit
from tests.builders import at, completed, enrolled
from tests.dashboard_kit import Client, Site, course, opened

ENROLMENTS = "/api/v1/enrolments"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard with twelve people of two partners."""
    with opened(tmp_path) as site:
        yield site.publish(*course()).start().fold()


@pytest.fixture
def staff(site: Site) -> Client:
    """A program of staff."""
    return site.program("staff")


def data(client: Client, path: str, **query: object) -> list[dict[str, Any]]:
    """The rows of a list."""
    answer = client.get(path, params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def pages(client: Client, path: str, size: int, **query: str) -> Iterator[list[dict[str, Any]]]:
    """A list, page by page."""
    after: dict[str, str] = {}
    while True:
        answer = client.get(path, params={"page[per_page]": str(size), **query, **after}).json()
        yield answer["data"]
        if answer["next"] is None:
            return
        after = {"page[after]": answer["next"]}


@pytest.mark.parametrize("size", [1, 5, 12, 100])
@pytest.mark.parametrize("path", [ENROLMENTS, "/api/v1/at-risk", "/api/v1/enrolments/e-0/timeline"])
def test_pages_make_up_the_list(path: str, size: int, staff: Client) -> None:
    """Whatever the size of pages, going from one to the next gives each row once, in the order of the list."""
    whole = data(staff, path)

    found = list(pages(staff, path, size))

    assert [row for page in found for row in page] == whole
    assert all(len(page) <= size for page in found)


def test_a_page_has_a_hundred_rows_unless_told(site: Site, staff: Client) -> None:
    """The default is a hundred rows, as in DfE's API; more than a thousand are refused."""
    site.publish(*(enrolled(at(-4), f"more-{number}", f"q-{number}") for number in range(100))).fold()

    assert len(data(staff, ENROLMENTS)) == 100
    assert len(data(staff, ENROLMENTS, **{"page[per_page]": MOST_ROWS})) == 112
    assert staff.get(ENROLMENTS, params={"page[per_page]": MOST_ROWS + 1}).status_code == 422


def test_what_changed_since_a_moment_is_found(site: Site, staff: Client) -> None:
    """Whoever asks from a moment on gets what changed then or later, and nothing else."""
    before = site.clock.now
    site.clock.move(minutes=5)
    site.publish(completed("clinic-1", at(41), subject="e-3", partitionkey="p-3")).fold()

    since = {"filter[updated_since]": site.clock.now.isoformat()}
    from_before = {"filter[updated_since]": before.isoformat()}

    assert [row["enrolment"] for row in data(staff, ENROLMENTS, **since)] == ["e-3"]
    assert len(data(staff, ENROLMENTS, **from_before)) == 12
    assert data(staff, ENROLMENTS)[-1]["enrolment"] == "e-3"


@pytest.mark.parametrize("token", ["x", "e30", "!", "WyIyMDI1LTEwLTIwIiwxXQ", "9" * 1_000])
def test_a_place_that_is_none_is_refused(token: str, staff: Client) -> None:
    """A token that was not given out is answered with 422, never with a page of something else."""
    for path in (ENROLMENTS, "/api/v1/at-risk", "/api/v1/rejects", "/api/v1/declarations"):
        assert staff.get(path, params={"page[after]": token}).status_code == 422


def test_a_parameter_that_is_not_known_is_refused(staff: Client) -> None:
    """A slip in the name of a filter does not answer more than was asked for."""
    answer = staff.get(ENROLMENTS, params={"filter[partners]": "partner-1"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "query.filter[partners]"


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("partner", "partner-1", lambda row: row["partner"] == "partner-1"),
        ("level", "at-risk", lambda row: row["level"] == "at-risk"),
        ("reason", "silent", lambda row: "silent" in [each["signal"] for each in row["reasons"]]),
        ("behind", "3", lambda row: row["lag_weeks"] >= 3),
        ("id", "E-1", lambda row: row["enrolment"].startswith("e-1")),
        ("programme", "small/none", lambda _: False),
    ],
)
def test_a_filter_finds_what_it_says(name: str, value: str, holds: Any, staff: Client) -> None:
    """A filtered list is the whole list without the rows that do not meet the filter."""
    found = data(staff, ENROLMENTS, **{f"filter[{name}]": value})

    assert found == [row for row in data(staff, ENROLMENTS) if holds(row)]


def test_csv_has_the_rows_of_json(staff: Client) -> None:
    """As CSV a list has the same rows in the same order, with the codes of reasons, and links to the next page."""
    query = {"page[per_page]": "5"}
    as_json = data(staff, "/api/v1/at-risk", **query)

    answer = staff.get("/api/v1/at-risk", params={**query, "format": "csv"})
    rows = list(csv.DictReader(StringIO(answer.text)))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'rel="next"' in answer.headers["link"]
    assert [row["enrolment"] for row in rows] == [row["enrolment"] for row in as_json]
    assert [row["reasons"].split() for row in rows] == [[each["signal"] for each in row["reasons"]] for row in as_json]
    assert [float(row["completion"]) for row in rows] == [row["completion"] for row in as_json]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("*/*", "application/json"),
        ("text/html;q=x", "application/json"),
    ],
)
def test_the_header_accept_says_the_form(accept: str, kind: str, staff: Client) -> None:
    """Without `format`, what the program accepts most is sent; JSON if it does not say."""
    answer = staff.get("/api/v1/cohorts", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith(kind)


def test_formulas_in_csv_do_not_run(site: Site, staff: Client) -> None:
    """An id that a spreadsheet would run as a formula is written as text."""
    site.publish(enrolled(at(-5), "=1+1", "q-1")).fold()

    answer = staff.get(ENROLMENTS, params={"format": "csv", "filter[id]": "=1+1"})

    assert answer.text.splitlines()[1].startswith("'=1+1,")


def test_one_enrolment_is_told_with_its_components(staff: Client) -> None:
    """Each component of the programme is there with its due day, and when it was done."""
    found = staff.get(f"{ENROLMENTS}/e-0").json()

    done = [each["component"] for each in found["components"] if each["done_at"]]
    assert done == [f"module-{number}" for number in range(1, 7)]
    assert len(found["components"]) == found["components_total"] + 1
    assert found["completion"] == pytest.approx(len(done) / found["components_total"])
    assert [each["due_on"] for each in found["components"]] == sorted(each["due_on"] for each in found["components"])


def test_an_explanation_tells_why_and_what_would_clear_it(staff: Client) -> None:
    """Each reason has its sentence and its remedy, and what was looked at besides is named."""
    found = staff.get(f"{ENROLMENTS}/e-11/explanation").json()

    assert found["level"] == "at-risk"
    assert all(each["sentence"] and each["remedy"] for each in found["reasons"])
    assert sum(each["points"] for each in found["reasons"]) == found["points"]
    assert not {each["signal"] for each in found["reasons"]} & set(found["no_reason"])
    assert found["history"][-1]["change"] == "raised"


def test_a_partners_account_has_only_its_own_counted(site: Site) -> None:
    """Counts, cohorts and the status list are of the partner's own participants."""
    partner = site.program("partner", "partner-1")

    assert partner.get("/api/v1/overview").json()["totals"]["enrolled"] == 6
    assert [row["enrolled"] for row in data(partner, "/api/v1/cohorts")] == [6]
    assert {row["partner"] for row in data(partner, ENROLMENTS)} == {"partner-1"}
    assert {row["partner"] for row in data(partner, "/api/v1/at-risk")} == {"partner-1"}


def test_reading_about_somebody_is_noted(site: Site, staff: Client) -> None:
    """The audit trail says which account read about whom, and which exported a list."""
    staff.get(f"{ENROLMENTS}/e-0")
    staff.get(ENROLMENTS, params={"format": "csv"})

    with site.registry.reading() as connection:
        noted = [(each.account, each.action, each.thing, each.details) for each in audit.entries(connection, limit=2)]
    account = staff.account.id if staff.account else None
    assert noted == [
        (account, "list-exported", "page:api/v1/enrolments", {"rows": 12}),
        (account, "participant-read", "enrolment:e-0", {}),
    ]


IDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="@"), min_size=1, max_size=40)


@given(identifier=IDS.filter(lambda text: text.isprintable() and text not in {".", ".."}))
def test_any_id_is_one_segment_of_an_address(identifier: str) -> None:
    """An id with slashes, percent signs or words of the API in it reads back from its address as it was."""
    assert "/" not in segment(identifier)
    assert unquote(segment(identifier)) == identifier


@pytest.mark.parametrize("enrolment", ["a/timeline", "a", "50%", "a%2Ftimeline", "a b?c#d", "\u00e9/1"])
def test_enrolments_with_any_id_are_told_apart(enrolment: str, site: Site, staff: Client) -> None:
    """The enrolment `a/timeline` and the timeline of `a` have addresses of their own."""
    everybody = {"a/timeline", "a", "50%", "a%2Ftimeline", enrolment}
    site.publish(*(enrolled(at(-5), each, f"q-{number}") for number, each in enumerate(everybody))).fold()

    assert staff.get(f"{ENROLMENTS}/{segment(enrolment)}").json()["enrolment"] == enrolment
    assert staff.get(f"{ENROLMENTS}/{segment(enrolment)}/timeline").json()["data"][0]["what"] == "learning.enrolled.v1"


def fields(model: type[BaseModel]) -> set[str]:
    """What a model tells."""
    return set(model.model_fields)


def test_only_what_is_named_leaves(site: Site) -> None:
    """The columns of the rows and the fields of the models are the same: whoever adds a column decides about it."""
    with site.live.open() as store, store.connect() as connection:
        row = enrolment_list.page(connection, Wanted()).rows[0]
        glance = overview.at_a_glance(connection)
        [decision, *_] = risk_history.of(connection, "e-11")

    assert fields(enrolment_models.Enrolment) == row.keys()
    assert fields(cohort_models.Cohort) == glance.cohorts[0].keys()
    assert fields(cohort_models.Partner) == glance.partners[0].keys()
    assert fields(cohort_models.Counted) == glance.totals.keys()
    hidden = {"enrolment", "since", "flagged_since", "status", "provider", "partner"}
    assert fields(enrolment_models.Decision) == decision.keys() - hidden


def test_times_are_in_utc(staff: Client) -> None:
    """Instants are written in UTC, whatever zone a reader is in."""
    moment = data(staff, ENROLMENTS)[0]["updated_at"]

    assert datetime.fromisoformat(moment).utcoffset() is not None
    assert moment.endswith("Z")
