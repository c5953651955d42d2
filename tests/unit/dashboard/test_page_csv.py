"""Tables and charts of pages as CSV: beside each there is a link, and what it gives are the figures on the page."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from httpx2 import Response

from tests.dashboard_kit import DAY, Client, Site, course, opened
from tests.html_kit import Page

COHORT = "/cohort?programme=small%2Fcourse&intake=autumn"
REASONS = "Why participants are at risk"
DEADLINES = "Deadlines within four weeks, gate not reached"

LINKS = {
    "/": {"why participants are at risk", "programmes and intakes", "delivery partners"},
    "/cohorts": {"programmes and intakes"},
    COHORT: {
        "Completion beside the plan and the gate",
        "Where they stop",
        "How long they stay",
        "Who will reach the gate by the deadline",
    },
    "/partners": {
        "Partners beside each other: withdrawn",
        "delivery partners",
    },
    "/partners/partner-1": {"programmes and intakes"},
}
"""What each page has as CSV, with sixty people of two partners and no registers."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard with so many people that few groups are small."""
    folder: Path = tmp_path_factory.mktemp("csv")
    with opened(folder) as site:
        yield site.publish(*course(60)).start().fold()


def downloads(client: Client, path: str) -> dict[str, str]:
    """Where the links of a page for CSV lead, by what they are about."""
    links = Page.of(client.get(path)).links
    return {words.partition(": ")[2]: href for words, href in links.items() if words.startswith("Download as CSV")}


def rows(answer: Response) -> list[dict[str, str]]:
    """The rows of a CSV."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(StringIO(answer.text)))


def figures(cells: list[str]) -> list[str]:
    """What cells of a page say first, which is their figure, as CSV writes whole numbers."""
    return [re.split(r"[ :]", each)[0].replace(",", "") for each in cells]


@pytest.mark.parametrize("path", LINKS)
def test_every_table_and_chart_can_be_had_as_csv(path: str, site: Site) -> None:
    """Beside each table of counts and each chart stands a link, and each leads to a file with rows."""
    staff = site.browser()

    found = downloads(staff, path)

    assert found.keys() >= LINKS[path]
    assert all(rows(staff.get(href)) for href in found.values())


@pytest.mark.parametrize(("path", "partner"), [("/", None), ("/cohorts", None), ("/partners/partner-1", None)])
def test_counted_tables_are_the_same_as_csv(path: str, partner: str | None, site: Site) -> None:
    """Each cell of a table of cohorts says the count or the percentage that the file has in its row."""
    staff = site.browser("staff", partner)
    page = Page.of(staff.get(path))

    found = rows(staff.get(downloads(staff, path)["programmes and intakes"]))

    for heading, column in {"Enrolled": "enrolled", "Active": "active", "At risk": "flagged"}.items():
        assert figures(page.column("Programmes and intakes", heading)) == [row[column] for row in found]
    for heading, column in {"Completion": "completion_ratio", "Due by the plan": "expected_ratio"}.items():
        assert page.column("Programmes and intakes", heading) == [f"{float(row[column]) * 100:.1f} %" for row in found]


def test_reasons_and_deadlines_are_the_same_as_csv(site: Site) -> None:
    """The file has each row of the table with its number, in the same order."""
    staff = site.browser()
    page = Page.of(staff.get("/"))
    given = rows(staff.get(downloads(staff, "/")["why participants are at risk"]))
    assert figures(page.column(REASONS, "Participants")) == [row["enrolments"] for row in given]


def test_deadlines_are_the_same_as_csv(tmp_path: Path) -> None:
    """When a deadline is near, its row is in the file, with who is not at the gate and who of them is at risk."""
    with opened(tmp_path) as site:
        site.publish(*course()).start(DAY.replace(year=2026, month=2, day=10)).fold()
        staff = site.browser()
        page = Page.of(staff.get("/"))

        given = rows(staff.get(downloads(staff, "/")["deadlines within four weeks"]))

        assert [(row["deadline"], row["enrolments"]) for row in given] == [("2026-03-07", "12")]
        assert figures(page.column(DEADLINES, "Of these at risk")) == [row["flagged"] for row in given]


def test_the_figures_of_a_chart_are_the_same_as_csv(site: Site) -> None:
    """The table under a chart and the file have the same figures, wherever the file leaves none out."""
    staff = site.browser()
    page = Page.of(staff.get(COHORT))
    link = downloads(staff, COHORT)["Who will reach the gate by the deadline"]
    [caption] = [each for each, table in page.tables.items() if "Expected share" in table[0]]

    given = rows(staff.get(link))

    assert [row["suppressed"] for row in given] == ["false"]
    assert figures(page.column(caption, "Enrolments")) == [row["enrolments"] for row in given] == ["60"]
    assert page.column(caption, "Expected share") == [f"{float(row['expected_share']) * 100:.1f} %" for row in given]


def test_small_groups_are_left_out_of_a_file(tmp_path: Path) -> None:
    """What leaves the house says nothing of fewer than five people, as every export; the page says so."""
    with opened(tmp_path) as site:
        site.publish(*course(12, partners=4)).start().fold()
        staff = site.browser()
        page = staff.get("/partners")

        given = rows(staff.get(downloads(staff, "/partners")["Partners beside each other: withdrawn"]))

        assert "figures of fewer than 5 people are left out" in page.text
        assert {row["suppressed"] for row in given} == {"true"}
        assert {row["people"] for row in given} == {""}


@pytest.mark.parametrize("path", ["/", "/cohorts", COHORT, "/partners/partner-1"])
def test_a_partner_gets_its_own_people_only(path: str, site: Site) -> None:
    """A file of a delivery partner's account counts its thirty, and never names another partner."""
    partner = site.browser("partner", "partner-1")

    files = {about: partner.get(href) for about, href in downloads(partner, path).items()}

    assert files
    assert all(rows(answer) for answer in files.values())
    assert "delivery partners" not in files
    assert not any("partner-0" in answer.text for answer in files.values())
    if "programmes and intakes" in files:
        assert [row["enrolled"] for row in rows(files["programmes and intakes"])] == ["30"]


def test_a_file_is_filtered_as_its_page(site: Site) -> None:
    """The links of a page that is narrowed lead to files that are narrowed alike."""
    staff = site.browser()

    found = downloads(staff, f"{COHORT}&partner=partner-1")

    assert all("filter%5Bpartner%5D=partner-1" in href for href in found.values())
    assert all("filter%5Bintake%5D=autumn" in href for href in found.values())
    compared = downloads(staff, "/partners?measure=gate&intake=autumn")
    assert "measure=gate" in compared["Partners beside each other: reached the gate"]
    assert "filter%5Bintake%5D=autumn" in compared["delivery partners"]
