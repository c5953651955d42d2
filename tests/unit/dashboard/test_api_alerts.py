"""Alerts for programs: lists to poll and page, the life of one, acknowledging, and having a message sent again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dashboard.api.addresses import segment
from registry import audit
from tests.alert_pages_kit import a_notice, an_alert, keep
from tests.dashboard_kit import NOW, Client, Site

ALERTS, NOTICES = "/api/v1/alerts", "/api/v1/alert-notices"
OURS, THEIRS = an_alert("e-11"), an_alert("e-10", partner="partner-0")
OLD = an_alert("e-9", state="resolved", state_since=NOW - timedelta(days=9), last_told_at=None)


@pytest.fixture
def told(site: Site) -> Site:
    """A site where each partner was told of somebody."""
    dead = a_notice("msg_dead", [OURS], state="dead", error="HTTP 500", step="reminder", planned_at=NOW)
    early = NOW - timedelta(hours=1)
    keep(site, [THEIRS, OURS, OLD], [a_notice("msg_theirs", [THEIRS]), a_notice("msg_ours", [OURS], planned_at=early)])
    keep(site, [], [dead])
    return site


def data(client: Client, path: str, **query: str) -> list[dict[str, Any]]:
    """The rows of a list."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def pages(client: Client, path: str, size: int) -> Iterator[list[dict[str, Any]]]:
    """A list, page by page."""
    after: dict[str, str] = {}
    while True:
        answer = client.get(path, params={"page[per_page]": str(size), **after}).json()
        yield answer["data"]
        if answer["next"] is None:
            return
        after = {"page[after]": answer["next"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"e-9", "e-10", "e-11"}),
        ({"filter[open]": "true"}, {"e-10", "e-11"}),
        ({"filter[state]": "resolved"}, {"e-9"}),
        ({"filter[partner]": "partner-0"}, {"e-10"}),
        ({"filter[enrolment]": "e-11"}, {"e-11"}),
        ({"filter[matter]": "withdrawal"}, set()),
        ({"filter[updated_since]": (NOW - timedelta(days=1)).isoformat()}, {"e-10", "e-11"}),
        ({"filter[updated_since]": "0001-01-01T00:00:00Z"}, {"e-9", "e-10", "e-11"}),
    ],
)
def test_alerts_can_be_asked_for_by_how_they_stand(told: Site, query: dict[str, str], expected: set[str]) -> None:
    """Every filter narrows the list, and a moment before all alerts narrows nothing."""
    assert {each["enrolment"] for each in data(told.program(), ALERTS, **query)} == expected


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(("path", "key", "number"), [(ALERTS, "alert", 3), (NOTICES, "notice", 3)])
def test_a_list_comes_whole_in_pages_of_any_size(told: Site, path: str, key: str, number: int, size: int) -> None:
    """Each row comes once, in one order."""
    program = told.program()

    found = [row[key] for page in pages(program, path, size) for row in page]

    assert found == [row[key] for row in data(program, path)]
    assert len(set(found)) == len(found) == number


def test_what_changed_last_comes_last(told: Site) -> None:
    """Who polls with the moment of the last answer misses nothing."""
    moments = [each["updated_at"] for each in data(told.program(), ALERTS)]

    assert moments == sorted(moments)


def test_a_partner_is_told_of_its_own_only(told: Site) -> None:
    """Lists, ids and messages of another partner are answered like those that do not exist."""
    partner = told.program("partner", "partner-1")

    assert {each["enrolment"] for each in data(partner, ALERTS)} == {"e-9", "e-11"}
    assert {each["notice"] for each in data(partner, NOTICES)} == {"msg_ours", "msg_dead"}
    assert data(partner, ALERTS, **{"filter[partner]": "partner-0"}) == []
    assert data(partner, NOTICES, **{"filter[partner]": "partner-0"}) == []
    for path in (f"{ALERTS}/{segment(THEIRS.id)}", f"{NOTICES}/msg_theirs"):
        assert partner.get(path).json() == partner.get(path.replace("e-10", "e-99").replace("theirs", "x")).json()


def test_one_alert_comes_with_its_messages(told: Site) -> None:
    """Who was told, by which step, and what became of it; the step of the latest stands at the alert."""
    found = told.program().get(f"{ALERTS}/{segment(OURS.id)}").json()

    assert (found["alert"], found["step"], found["stage"]) == (OURS.id, "reminder", "raised")
    assert [(each["notice"], each["step"], each["state"]) for each in found["messages"]] == [
        ("msg_ours", "first", "delivered"),
        ("msg_dead", "reminder", "dead"),
    ]


def test_acknowledging_an_alert_acknowledges_the_flag_once(told: Site) -> None:
    """It is the action of the enrolment, with the account as its actor, and safe to send again under one key."""
    partner = told.program("partner", "partner-1")
    path, key = f"{ALERTS}/{segment(OURS.id)}/acknowledge", {"Idempotency-Key": "mine-1"}

    first, second = partner.post(path, headers=key), partner.post(path, headers=key)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["enrolment"] == "e-11"
    assert first.json()["data"]["by"] == partner.account.id if partner.account else None
    told.fold()
    assert partner.get(f"{ALERTS}/{segment(OURS.id)}").json()["stage"] == "acknowledged"
    assert partner.post(f"{ALERTS}/{segment(THEIRS.id)}/acknowledge").status_code == 404


def test_staff_have_a_message_sent_again(told: Site) -> None:
    """What was given up waits again under its id; what was not is a conflict; partners may not."""
    again = f"{NOTICES}/msg_dead/replay"

    assert told.program("partner", "partner-1").post(again).status_code == 403
    answer = told.program().post(again)

    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (200, "waiting", 0)
    assert told.program().post(again).status_code == 409
    assert told.program().post(f"{NOTICES}/msg_x/replay").status_code == 404
    with told.registry.reading() as connection:
        assert "alert-replayed" in [each.action for each in audit.entries(connection)]


def test_before_a_dispatcher_has_run_there_is_nothing_to_tell(site: Site) -> None:
    """Programs are told to come back, and people what to start."""
    answer = site.program().get(ALERTS)

    assert answer.status_code == 503
    assert "engagement dispatcher" in answer.json()["detail"]


@pytest.mark.parametrize("path", [ALERTS, NOTICES])
def test_a_parameter_that_is_not_known_is_refused(told: Site, path: str) -> None:
    """A slip does not answer more than was asked for."""
    assert told.program().get(path, params={"filter[statee]": "told"}).status_code == 422
    assert told.program().get(path, params={"page[after]": "x"}).status_code == 422


@pytest.mark.parametrize(("path", "column"), [(ALERTS, "alert"), (NOTICES, "notice")])
def test_lists_come_as_csv_too(told: Site, path: str, column: str) -> None:
    """The same rows in the same order."""
    program = told.program()

    lines = program.get(path, params={"format": "csv"}).text.splitlines()

    assert [line.split(",")[0] for line in lines] == [column, *(row[column] for row in data(program, path))]


def test_a_message_has_no_name_in_it(told: Site) -> None:
    """What programs get of messages is codes, counts and a link."""
    [found] = [each for each in data(told.program(), NOTICES) if each["notice"] == "msg_ours"]

    assert found["alerts"] == [OURS.id]
    assert found["link"] == f"{told.parts.public_url}/alerts/notices/msg_ours"
