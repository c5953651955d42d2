"""What a program can narrow its lists by: the same as people can on the pages, with the same outcome."""

import csv
from collections.abc import Iterator
from io import StringIO

import pytest

from dashboard.api.asking import Enrolments
from dashboard.pages.filters import Filters
from learning.facts import WithdrawalRecommended, Withdrawn
from tests.builders import at, enrolled, make
from tests.dashboard_kit import DAY, Site, course, opened

OF_PEOPLE_ONLY = {"q", "sort", "page"}
"""A search by name, and how a page is turned; programs have `text`, and ways of their own."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where one of twelve has left, and one came after the day had started."""
    with opened(tmp_path_factory.mktemp("filters")) as site:
        site.publish(*course())
        site.publish(make(WithdrawalRecommended(reason="other", by="staff-1"), at(20), "e-3", "p-3"))
        left = Withdrawn(effective=at(21).date(), reason="other", signed_off_by="staff-2")
        site.publish(make(left, at(21), "e-3", "p-3"))
        site.start().fold()
        yield site.publish(enrolled(at(42, 12), "e-new", "p-new", partner="partner-1")).fold()


def test_programs_can_ask_for_all_that_people_can() -> None:
    """A filter that pages learn is one of the API too."""
    assert Filters.model_fields.keys() - OF_PEOPLE_ONLY == Enrolments.model_fields.keys() - {
        *("format", "per_page", "after", "text")
    }


@pytest.mark.parametrize(
    ("query", "how_many"),
    [
        ({}, 13),
        ({"withdrawn": "yes"}, 1),
        ({"withdrawn": "no"}, 12),
        ({"assessed": "yes"}, 11),
        ({"assessed": "no"}, 1),
        ({"deadline_from": "2026-03-07"}, None),
        ({"deadline_until": "2026-03-06"}, None),
        ({"status_since": "2025-09-01"}, 1),
        ({"changed_on": DAY.isoformat()}, None),
        ({"changed_on": DAY.isoformat(), "change": "cleared"}, 0),
        ({"withdrawn": "no", "assessed": "yes", "level": "critical"}, None),
    ],
)
def test_a_filter_finds_what_it_finds_on_the_page(shared: Site, query: dict[str, str], how_many: int | None) -> None:
    """The list behind a number of a page can be had by a program, with the same words."""
    of_page = shared.browser().get("/enrolments.csv", params=query).text
    asked = {f"filter[{name}]": value for name, value in query.items()}
    answer = shared.program().get("/api/v1/enrolments", params=asked)

    assert answer.status_code == 200, answer.text
    found = {each["enrolment"] for each in answer.json()["data"]}
    assert found == {row["enrolment"] for row in csv.DictReader(StringIO(of_page))}
    assert how_many in (None, len(found))


@pytest.mark.parametrize("query", [{"withdrawn": "perhaps"}, {"deadline_from": "soon"}, {"change": "vanished"}])
def test_what_is_no_value_is_refused(shared: Site, query: dict[str, str]) -> None:
    """A slip does not answer more than was asked for."""
    asked = {f"filter[{name}]": value for name, value in query.items()}

    assert shared.program().get("/api/v1/enrolments", params=asked).status_code == 422
