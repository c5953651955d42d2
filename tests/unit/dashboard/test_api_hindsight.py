"""Why somebody had a level on a past day, over the API: as known then, as known now, and what came too late."""

from datetime import timedelta

import pytest

from tests.builders import at, completed
from tests.dashboard_kit import DAY, Client, Site

LATE = DAY + timedelta(days=1)


@pytest.fixture
def staff(site: Site) -> Client:
    """A program of staff, after a component of `e-11` became known that was done before."""
    site.publish(completed("module-1", at(5), subject="e-11", partitionkey="p-11", recordedtime=at(42)))
    site.start(LATE).fold()
    return site.program("staff")


def ask(client: Client, **query: str) -> dict[str, object]:
    """The explanation."""
    answer = client.get("/api/v1/enrolments/e-11/explanation", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_past_day_is_told_as_known_then_and_now(staff: Client) -> None:
    """What came too late is listed, and makes the difference between the two answers."""
    found = ask(staff, as_of=str(DAY))["hindsight"]

    assert isinstance(found, dict)
    assert (found["asked"], found["day"], found["agrees"]) == (str(DAY), str(DAY), True)
    assert [(each["component"], each["known_after"]) for each in found["learned_later"]] == [("module-1", str(DAY))]
    assert found["known_then"]["reasons"] != found["known_now"]["reasons"]
    assert found["decided"]["reasons"] == found["known_then"]["reasons"]


def test_without_a_day_nothing_is_looked_up(staff: Client) -> None:
    """The explanation of today has no past day, and is the same whether one is asked for besides."""
    today, both = ask(staff), ask(staff, as_of=str(DAY))

    assert today.pop("hindsight") is None
    both.pop("hindsight")
    assert today == both


@pytest.mark.parametrize("day", ["2031-01-01", "2001-01-01", "yesterday", "2025-13-01"])
def test_a_day_of_which_nothing_can_be_said_is_refused(day: str, staff: Client) -> None:
    """A day that has not come, one before the first, and what is no day are told apart from an empty answer."""
    answer = staff.get("/api/v1/enrolments/e-11/explanation", params={"as_of": day})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_partners_past_is_not_there(site: Site, staff: Client) -> None:
    """Of another delivery partner's enrolment nothing is told, also not of a past day."""
    assert staff is not None
    other = site.program("partner", "partner-0")

    answer = other.get("/api/v1/enrolments/e-11/explanation", params={"as_of": str(DAY)})

    assert answer.status_code == 404
