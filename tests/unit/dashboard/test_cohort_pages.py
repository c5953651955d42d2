"""Cohorts: all of them beside their plans, and one with what its history says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from duckdb import DuckDBPyConnection

from dashboard.asking import Asking
from learning.errors import EngagementError
from tests.builders import at, enrolled
from tests.dashboard_kit import Site

AUTUMN = "/cohort?programme=small%2Fcourse&intake=autumn"
CHARTS = ("completion-curve", "where-they-stop", "survival", "gate-forecast")


def test_every_programme_and_intake_is_listed(site: Site) -> None:
    """A row has the counts of its cohort, each with the list behind it, and leads to its page."""
    page = site.browser().get("/cohorts").text

    assert "A small course, autumn" in page
    assert AUTUMN.replace("&", "&amp;") in page
    assert '/enrolments?programme=small%2Fcourse&amp;intake=autumn">12<' in page


def test_a_partner_has_its_own_participants_counted_only(site: Site) -> None:
    """Of twelve enrolled, six are the partner's."""
    page = site.browser("partner", "partner-0").get("/cohorts").text

    assert '">6<' in page
    assert '">12<' not in page


@pytest.mark.parametrize("chart", CHARTS)
def test_each_chart_has_its_finding_and_its_figures(site: Site, chart: str) -> None:
    """A chart stands under the sentence that it shows, is described, and has its figures as a table."""
    page = site.browser().get(AUTUMN).text
    figure = page.partition(f'<figure class="app-chart" id="{chart}">')[2].partition("</figure>")[0]

    assert "app-chart__finding" in figure
    assert 'role="img"' in figure
    assert "Figures as a table" in figure
    assert "Worked out 20 October 2025, 10:30am." in page


def test_the_charts_of_a_partner_are_of_its_own_participants(site: Site) -> None:
    """What a partner reads of a cohort is about its six participants, and staff read of all twelve."""
    theirs = site.browser("partner", "partner-0").get(AUTUMN).text
    ours = site.browser().get(AUTUMN).text

    assert "the 6 participants" in theirs
    assert "the 12 participants" not in theirs
    assert "the 12 participants" in ours


def test_staff_may_look_at_the_cohort_of_one_partner(site: Site) -> None:
    """The address can name a delivery partner."""
    page = site.browser().get(f"{AUTUMN}&partner=partner-1").text

    assert "the 6 participants" in page
    assert "partner=partner-1" in page


@pytest.mark.parametrize(
    "path",
    [
        "/cohort?programme=small%2Fcourse&intake=nobody",
        "/cohort?programme=small%2Fcourse&intake=autumn&partner=partner-1",
        "/cohort?programme=small%2Fcourse&intake=spring",
        "/cohort?programme=small%2Fcourse&intake=a%00b",
    ],
)
def test_a_cohort_without_anybody_that_one_may_see_is_not_there(site: Site, path: str) -> None:
    """Whether a cohort has nobody at all, or others' participants only, is not told."""
    site.publish(enrolled(at(1), "e-spring", "p-spring", partner="partner-1", intake="spring")).start().fold()

    found = site.browser("partner", "partner-0").get(path)

    assert found.status_code == 404
    assert "Nobody that you may see is enrolled in such a cohort." in found.text


def test_a_cohort_has_to_be_named(site: Site) -> None:
    """An address without programme and intake is told what is missing."""
    found = site.browser().get("/cohort?programme=small%2Fcourse")

    assert found.status_code == 422
    assert "intake" in found.text


def test_a_page_says_what_is_being_worked_out(site: Site) -> None:
    """The counts are there at once; where charts will be, the page says so and has a link for who has no JavaScript."""
    work: list[Callable[[], None]] = []
    site.app.state.asking = Asking(site.parts, patience=0, run=work.append)
    browser = site.browser()

    page = browser.get(AUTUMN).text
    work.pop()()

    assert page.count("This is being worked out over the whole history") == len(CHARTS)
    assert "load the page again" in page
    assert "app-stats__figure" in page
    assert "This is being worked out" not in browser.get(AUTUMN).text


def test_a_page_says_that_figures_are_to_come_where_there_is_no_lake(site: Site) -> None:
    """Without a lake there are counts, and in the place of each chart when it comes."""

    class NothingThereError(EngagementError):
        """As the application has it."""

    @contextmanager
    def nothing() -> Iterator[DuckDBPyConnection]:
        raise NothingThereError("there is no lake yet; run `engagement worker`")
        yield

    site.app.state.asking = Asking(site.parts._replace(models=nothing), run=lambda work: work())

    page = site.browser().get(AUTUMN)

    assert page.status_code == 200
    assert page.text.count("This cannot be worked out at the moment") == len(CHARTS)


def test_before_a_worker_has_run_there_is_nothing_to_show(empty: Site) -> None:
    """The page says that the worker has to run first."""
    found = empty.browser().get("/cohorts")

    assert found.status_code == 503
    assert "The worker has to run first." in found.text
