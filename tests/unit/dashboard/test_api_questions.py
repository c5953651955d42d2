"""Analysts' questions over the API: answered when the answer is there, small groups hidden, one's own people only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.questions.registry import QUESTIONS
from dashboard.asking import Asking
from tests.builders import at, enrolled
from tests.dashboard_kit import Site, course, opened

SURVIVAL = "/api/v1/questions/survival"
TREND = "/api/v1/questions/completion-trend"
_OTHERS = ("partner-0", "partner-none")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard that works answers out within the request."""
    with opened(tmp_path) as site:
        site.publish(*course()).start().fold()
        site.app.state.asking = Asking(site.parts, run=lambda work: work())
        yield site


def test_every_question_is_listed(site: Site) -> None:
    """A program can find out what it may ask."""
    rows = site.program("staff").get("/api/v1/questions").json()["data"]

    assert [row["name"] for row in rows] == list(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_can_be_asked(question: str, site: Site) -> None:
    """Each is answered with rows whose columns are all explained, or says why it cannot be."""
    answer = site.program("staff").get(f"/api/v1/questions/{question}")

    assert answer.status_code in {200, 503}, answer.text
    if answer.status_code == 200:
        found = answer.json()
        assert all(row.keys() <= found["columns"].keys() for row in found["data"])
    else:
        assert answer.json()["detail"]


def test_a_partner_asks_about_its_own_people(site: Site) -> None:
    """The same question of a partner's account is about half of the people, whatever partner it names."""
    own = site.program("partner", "partner-1").get(SURVIVAL).json()["data"]

    whole = site.program("staff").get(SURVIVAL).json()["data"]
    same = site.program("staff").get(SURVIVAL, params={"filter[partner]": "partner-1"}).json()["data"]

    assert own == same
    assert own != whole
    assert site.program("partner", "partner-1").get("/api/v1/questions/partners").status_code == 403


def test_small_groups_are_hidden(site: Site) -> None:
    """Rows about fewer than five people are emptied in JSON as in CSV, and the finding with them."""
    staff = site.program("staff")
    answer = staff.get("/api/v1/questions/completion-curve", params={"by": "partner", "filter[partner]": "partner-1"})

    found = answer.json()
    hidden = [row for row in found["data"] if row["suppressed"]]
    assert (found["finding"] is None) is bool(hidden)
    assert "suppressed" in staff.get(SURVIVAL, params={"format": "csv"}).text.splitlines()[0]


def test_an_answer_that_is_still_coming_says_so(site: Site) -> None:
    """While it is worked out, the answer is 503 with a time to ask again."""
    site.app.state.asking = Asking(site.parts, run=lambda _work: None, patience=0)

    answer = site.program("staff").get(SURVIVAL)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing", 404),
        ("survival?measure=gate", 422),
        ("survival?by=weather", 422),
        ("survival?compare=a&compare=b", 422),
        ("survival?by=partner&compare=partner-0", 422),
        ("survival?by=partner&compare=partner-0&compare=partner-0", 422),
        ("survival?by=partner&compare=a&compare=b&compare=c", 422),
        ("survival?since=2025-10-01", 422),
        ("completion-trend?since=2025-10-20&until=2025-10-01", 422),
        ("completion-trend?until=2025-10-21", 422),
        ("completion-trend?since=0001-01-01", 422),
    ],
)
def test_what_cannot_be_asked_is_refused(path: str, status: int, site: Site) -> None:
    """A question that is not there, and an option that it does not take, are told apart from an empty answer."""
    assert site.program("staff").get(f"/api/v1/questions/{path}").status_code == status


def test_two_groups_can_be_compared(site: Site) -> None:
    """With `compare` only two groups are followed, and the finding is the test of whether they differ."""
    site.publish(*(enrolled(at(-5), f"other-{n}", f"q-{n}", partner="partner-9") for n in range(8))).start().fold()
    asked = {"by": "partner", "compare": ["partner-0", "partner-1"]}

    found = site.program("staff").get(SURVIVAL, params=asked).json()

    assert {row["group"] for row in found["data"]} == {"partner-0", "partner-1"}
    assert "log-rank" in found["finding"]


def test_groups_that_nobody_is_in_are_told(site: Site) -> None:
    """A partner that compares itself with another learns no more than with one that there is not."""
    own = site.program("partner", "partner-1")

    findings = [
        own.get(SURVIVAL, params={"by": "partner", "compare": ["partner-1", other]}).json()["finding"]
        for other in _OTHERS
    ]

    assert findings == [f"Nobody of {each} has begun, so there is nothing to compare." for each in _OTHERS]


def test_a_trend_has_its_days(site: Site) -> None:
    """With `since` and `until` a trend begins and ends on these days; without them it covers twelve weeks."""
    staff = site.program("staff")
    asked = {"since": "2025-09-22", "until": "2025-10-13"}

    days = [row["day"] for row in staff.get(TREND, params=asked).json()["data"]]

    assert days == ["2025-09-22", "2025-09-29", "2025-10-06", "2025-10-13"]
    assert len(staff.get(TREND).json()["data"]) != len(days)


def test_what_a_question_takes_is_listed_as_it_is_sent(site: Site) -> None:
    """The list of questions names each parameter that the API takes, and none that only the command line has."""
    listed = {row["name"]: row["options"] for row in site.program("staff").get("/api/v1/questions").json()["data"]}

    assert listed["survival"] == ["by", "compare"]
    assert listed["completion-trend"] == ["since", "until"]
    assert listed["partners"] == ["measure"]
    assert listed["retention"] == []
