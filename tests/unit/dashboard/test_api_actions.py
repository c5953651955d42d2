"""What programs do about an enrolment: each action is a fact with the account as its actor, once however often sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from eventlog.facts import FACTS_TOPIC
from learning.events import Fact, decode
from registry import audit
from tests.dashboard_kit import Client, Site, course, opened

SAID: dict[str, dict[str, str] | None] = {
    "acknowledge": None,
    "contact": {"channel": "phone", "outcome": "reached"},
    "improving": None,
    "request-deferral": {"reason": "bereavement"},
    "mute": {"until": "2025-11-03"},
    "recommend-withdrawal": {"reason": "quality-of-programme-structure-not-suitable."},
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard on which `e-11` of `partner-1` has a flag."""
    with opened(tmp_path) as site:
        yield site.publish(*course()).start().fold()


@pytest.fixture
def partner(site: Site) -> Client:
    """A program of the partner."""
    return site.program("partner", "partner-1")


def act(client: Client, action: str, said: Any = None, enrolment: str = "e-11", key: str | None = None) -> Response:
    """Do something."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/api/v1/enrolments/{enrolment}/actions/{action}", json=said, headers=headers)


def newest(site: Site, answer: Response) -> Fact:
    """The fact that was answered, as it stands on the log."""
    [found] = [fact for fact in facts(site) if fact.id == answer.json()["id"]]
    return found


def facts(site: Site) -> list[Fact]:
    """Every fact on the log."""
    return [
        decode(stored.value)
        for partition, end in site.log.end_offsets(FACTS_TOPIC).items()
        for stored in site.log.read(FACTS_TOPIC, partition, 0, end + 1)
    ]


@pytest.mark.parametrize("action", SAID)
def test_an_action_becomes_a_fact(action: str, site: Site, partner: Client) -> None:
    """What is answered with 201 stands on the log, of that enrolment and by that account."""
    answer = act(partner, action, SAID[action])

    assert answer.status_code == 201, answer.text
    fact = newest(site, answer)
    assert (fact.subject, fact.partitionkey, fact.source) == ("e-11", "p-11", "/engagement/api")
    if action != "request-deferral":
        assert partner.account is not None
        assert answer.json()["data"]["by"] == partner.account.id


def test_it_shows_once_it_was_processed(site: Site, partner: Client) -> None:
    """Nothing is written to the projections: the stage changes when the worker has folded the fact."""
    act(partner, "acknowledge")
    before = partner.get("/api/v1/enrolments/e-11").json()["stage"]
    site.fold()

    assert (before, partner.get("/api/v1/enrolments/e-11").json()["stage"]) == ("raised", "acknowledged")


def test_the_same_key_does_it_once(site: Site, partner: Client) -> None:
    """A request that is sent again with its key, at another time, is answered with 200 and the fact that is there."""
    first = act(partner, "contact", SAID["contact"], key="k-1")
    before = len(facts(site))
    site.clock.move(minutes=1)

    again = act(partner, "contact", SAID["contact"], key="k-1")

    assert (again.status_code, again.json()) == (200, first.json())
    assert len(facts(site)) == before


def test_a_key_stands_for_one_action(site: Site, partner: Client) -> None:
    """A key that was used for something else is refused; that of another account is nobody's business."""
    act(partner, "contact", SAID["contact"], key="k-1")

    assert act(partner, "acknowledge", key="k-1").status_code == 409
    assert act(site.program("staff"), "acknowledge", key="k-1").status_code == 201
    assert act(partner, "acknowledge", key="spaces are no key").status_code == 422


def test_a_withdrawal_is_objected_to_by_the_partner_alone(site: Site, partner: Client) -> None:
    """Staff recommend; the partner's account says why not, once; then there is nothing left to object to."""
    staff, said = site.program("staff"), {"reason": "deferral-preferred"}

    assert act(partner, "object", said).status_code == 409
    assert act(staff, "recommend-withdrawal", {"reason": "other"}).status_code == 201
    site.clock.move(minutes=1)
    site.fold()
    assert act(staff, "object", said).status_code == 403
    assert act(partner, "object", {"reason": "because"}).status_code == 422
    assert act(partner, "object", said).status_code == 201
    site.fold()
    shown = staff.get("/api/v1/enrolments/e-11").json()
    assert (shown["status"], shown["stage"], shown["withdrawal"]) == ("active", "withdrawal-objected", "objected")
    assert act(partner, "object", said).status_code == 409


@pytest.mark.parametrize(("until", "status"), [("2025-10-19", 409), ("2025-10-20", 201), ("2025-12-20", 409)])
def test_alerts_are_muted_within_bounds(site: Site, partner: Client, until: str, status: int) -> None:
    """From today to sixty days ahead; the day shows once it was processed."""
    assert act(partner, "mute", {"until": until}).status_code == status
    site.fold()

    shown = partner.get("/api/v1/enrolments/e-11").json()["muted_until"]
    assert shown == (until if status == 201 else None)


def test_a_withdrawal_is_signed_off_by_the_partner_alone(site: Site, partner: Client) -> None:
    """Staff recommend; only the delivery partner's account ends an enrolment."""
    said = {"reason": "other", "effective": "2025-10-13"}

    assert act(site.program("staff"), "sign-off", said).status_code == 403
    assert act(partner, "sign-off", said).status_code == 201
    site.fold()
    assert partner.get("/api/v1/enrolments/e-11").json()["status"] == "withdrawn"
    assert act(partner, "resume").status_code == 201


def test_a_deferral_is_approved_by_staff_alone(site: Site, partner: Client) -> None:
    """A partner asks, the lead provider grants."""
    said = {"reason": "bereavement", "expected_return": "2026-01-05"}

    assert act(partner, "approve-deferral", said).status_code == 403
    assert act(site.program("staff"), "approve-deferral", said).status_code == 201


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("contact", {"channel": "pigeon", "outcome": "reached"}),
        ("contact", {"channel": "phone", "outcome": "reached", "note": "was ill"}),
        ("contact", {}),
        ("sign-off", {"reason": "other", "effective": "1999-12-31"}),
        ("sign-off", {"reason": "other", "effective": "2100-01-01"}),
        ("sign-off", {"reason": "because", "effective": "2025-10-01"}),
    ],
)
def test_what_makes_no_sense_is_refused(action: str, said: dict[str, str], site: Site, partner: Client) -> None:
    """A code that DfE does not have, a field that is not known and a day out of bounds become no facts."""
    before = len(facts(site))

    assert act(partner, action, said).status_code == 422
    assert len(facts(site)) == before


def test_what_does_not_fit_where_it_stands_is_a_conflict(partner: Client) -> None:
    """Who has no flag cannot have it acknowledged, and who is active cannot come back."""
    for action, enrolment in (("acknowledge", "e-1"), ("resume", "e-11")):
        answer = act(partner, action, enrolment=enrolment)

        assert answer.status_code == 409
        assert enrolment in answer.json()["detail"]


def test_an_action_is_noted(site: Site, partner: Client) -> None:
    """The audit trail says who did what about whom."""
    act(partner, "acknowledge")

    with site.registry.reading() as connection:
        [entry] = audit.entries(connection, limit=1)
    assert (entry.action, entry.thing) == ("flag-acknowledged", "enrolment:e-11")
