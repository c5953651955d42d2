"""Facts that other systems send: each is durable before it is accepted, answered by itself, and the sender's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx2 import Response

from eventlog.base import EventLog, LogAwayError, LogError
from eventlog.facts import FACTS_TOPIC
from learning.events import Fact, encode
from learning.facts import (
    ActivitySeen,
    AttendanceRecorded,
    ComponentCompleted,
    ContactMade,
    Data,
    Deferred,
    Enrolled,
    ParticipantMerged,
    Transferred,
)
from registry import audit
from tests.builders import at, enrolled, make
from tests.dashboard_kit import Client, Site, opened

EVENTS = "/api/v1/events"
JSON = "application/cloudevents+json"
SOURCE = "/partners/partner-1/lms"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard with one enrolment at each of two partners."""
    with opened(tmp_path) as site:
        site.publish(enrolled(at(-5)), enrolled(at(-5), "e-2", "p-2", partner="partner-2"))
        yield site.start().fold()


@pytest.fixture
def staff(site: Site) -> Client:
    """A program of staff."""
    return site.program("staff")


@pytest.fixture
def partner(site: Site) -> Client:
    """A program of the first partner."""
    return site.program("partner", "partner-1")


def completion(number: int = 1, source: str = SOURCE, **envelope: Any) -> Fact:
    """A component that was completed."""
    return make(ComponentCompleted(component="module-1"), at(2), id=f"c-{number}", source=source, **envelope)


def send(client: Client, *facts: Fact, kind: str = JSON) -> Response:
    """Send facts: one as it is, several as a list."""
    body = encode(facts[0]) if len(facts) == 1 else b"[" + b",".join(map(encode, facts)) + b"]"
    kind = kind if len(facts) == 1 else "application/cloudevents-batch+json"
    return client.post(EVENTS, content=body, headers={"Content-Type": kind})


def on_the_log(site: Site) -> list[bytes]:
    """Every fact on the log, as it stands there."""
    return [
        stored.value
        for partition, end in site.log.end_offsets(FACTS_TOPIC).items()
        for stored in site.log.read(FACTS_TOPIC, partition, 0, end + 1)
    ]


def results(answer: Response) -> list[str]:
    """What became of each envelope."""
    return [each["result"] for each in answer.json()["results"]]


@pytest.mark.parametrize("kind", [JSON, "application/json", "application/json; charset=utf-8"])
def test_one_envelope_is_on_the_log_once_it_is_accepted(kind: str, site: Site, staff: Client) -> None:
    """A fact is answered with 201, and stands on the log word for word."""
    sent = completion()

    answer = send(staff, sent, kind=kind)

    assert (answer.status_code, answer.json()["result"]) == (201, "accepted")
    assert encode(sent) in on_the_log(site)


def test_the_same_envelope_again_is_a_duplicate(site: Site, staff: Client) -> None:
    """Sent again, also when it became known another time, a fact adds nothing and is answered with 200."""
    send(staff, completion())
    before = on_the_log(site)

    again = [send(staff, completion()), send(staff, completion(recordedtime=at(3)))]

    assert [(each.status_code, each.json()["result"]) for each in again] == [(200, "duplicate")] * 2
    assert on_the_log(site) == before


def test_another_fact_under_the_same_id_is_a_conflict(site: Site, staff: Client) -> None:
    """The id keeps standing for the first fact: the other one is answered with 409 and set aside nowhere."""
    send(staff, completion())
    before = on_the_log(site)

    answer = send(staff, msgspec.structs.replace(completion(), time=at(1)))

    assert answer.status_code == 409
    assert "new fact with an id of its own" in answer.json()["detail"]
    assert on_the_log(site) == before
    assert staff.get("/api/v1/rejects").json()["data"] == []


@pytest.mark.parametrize(
    ("kind", "form"), [("application/x-ndjson", b"%s\n%s\n%s"), ("application/json", b" [%s, %s ,%s]\n")]
)
def test_a_list_is_answered_one_by_one(kind: str, form: bytes, staff: Client) -> None:
    """What is accepted, a duplicate or a conflict is told of each; 207 says that not all of it is on the log."""
    other = msgspec.structs.replace(completion(1), time=at(1))
    body = form % (encode(completion(1)), encode(completion(1)), encode(other))

    answer = staff.post(EVENTS, content=body, headers={"Content-Type": kind})

    assert answer.status_code == 207
    assert results(answer) == ["accepted", "duplicate", "conflict"]
    assert [each["index"] for each in answer.json()["results"]] == [0, 1, 2]


def test_a_list_that_is_all_on_the_log_is_answered_with_200(staff: Client) -> None:
    """Accepted and duplicates together are what a sender wants to hear."""
    send(staff, completion(1))

    answer = send(staff, completion(1), completion(2))

    assert (answer.status_code, results(answer)) == (200, ["duplicate", "accepted"])
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (1, 1)


def test_a_thousand_are_taken_at_once(site: Site, staff: Client) -> None:
    """A list of a thousand is taken whole."""
    before = len(on_the_log(site))

    answer = send(staff, *(completion(number) for number in range(1_000)))

    assert answer.json()["accepted"] == 1_000
    assert sum(site.log.end_offsets(FACTS_TOPIC).values()) == before + 1_000


def test_a_partner_sends_facts_of_its_own_participants(site: Site, partner: Client) -> None:
    """An account of a delivery partner may say what happened at its sessions."""
    attended = make(AttendanceRecorded(component="clinic-1", attendance="attended"), at(25), source=SOURCE)

    assert send(partner, attended).status_code == 201
    assert encode(attended) in on_the_log(site)


def test_another_partners_enrolment_is_answered_like_one_that_does_not_exist(site: Site, partner: Client) -> None:
    """By itself and in a list, a fact of another partner's participant gets the words that an unknown id gets."""
    answers = []
    for enrolment, participant in (("e-2", "p-2"), ("e-9", "p-9")):
        fact = completion(1, enrolment=enrolment, participant=participant)
        answers.append((send(partner, fact).json(), send(partner, fact, completion(2)).json()["results"][0]))
    before = on_the_log(site)

    assert answers[0] == answers[1]
    assert answers[0][0]["status"] == 404
    assert answers[0][1]["status"] == 404
    assert len(before) == len(on_the_log(site))


@pytest.mark.parametrize(
    "data",
    [
        Transferred(partner="partner-1"),
        Transferred(partner="partner-2"),
        Deferred(reason="bereavement"),
        ParticipantMerged(retired="p-1", into="p-2"),
        Enrolled(participant="p-1", programme="small/course", intake="autumn", provider="p", partner="partner-2"),
    ],
    ids=lambda data: f"{type(data).__name__}",
)
def test_what_the_lead_provider_decides_a_partner_cannot_send(data: Data, site: Site, partner: Client) -> None:
    """What only staff can do on the pages is refused as a fact too."""
    before = on_the_log(site)

    assert send(partner, make(data, at(2), source=SOURCE)).status_code == 403
    assert on_the_log(site) == before


@pytest.mark.parametrize("source", ["/lms", "/partners/partner-2/lms", "/partners/partner-10", "/partners"])
def test_a_partner_sends_under_its_own_source(source: str, site: Site, partner: Client) -> None:
    """A partner cannot take the ids that other systems will give their facts, nor learn which ones are taken."""
    before = on_the_log(site)

    assert send(partner, completion(source=source)).status_code == 403
    assert on_the_log(site) == before


def test_a_partner_cannot_put_a_fact_on_somebody_elses_key(partner: Client) -> None:
    """The participant of the envelope must be the one whose enrolment it is."""
    assert send(partner, completion(participant="p-2")).status_code == 422


@pytest.mark.parametrize("source", ["/engagement", "/engagement/day-clock", "/engagement/command-line"])
def test_nobody_sends_under_our_own_sources(source: str, staff: Client) -> None:
    """A fact from elsewhere under an id that the day clock will need would keep the day from starting."""
    seen = make(ActivitySeen(), at(2), source=source, id="2025-10-21/0")

    assert send(staff, seen).status_code == 422


def test_staff_can_send_before_anything_was_processed(tmp_path: Path) -> None:
    """The first facts of all come in while there are no projections yet."""
    with opened(tmp_path) as site:
        assert send(site.program("staff"), enrolled(at(-5))).status_code == 201


def test_what_was_sent_is_noted(site: Site, staff: Client) -> None:
    """The audit trail says which account sent how many facts, and what became of them."""
    send(staff, completion(1), completion(1), make(ContactMade(channel="phone", outcome="reached", by="s-1"), at(400)))

    with site.registry.reading() as connection:
        [entry] = audit.entries(connection, limit=1)
    assert entry.action == "events-sent"
    assert entry.details == {"accepted": 1, "duplicate": 1, "refused": 1}


@pytest.mark.parametrize("error", [LogAwayError("away"), LogError("full")])
def test_nothing_is_said_to_be_accepted_while_the_log_is_away(
    error: Exception, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the log the answer is 503 with a time to try again, for one envelope and for many."""

    @contextmanager
    def away() -> Iterator[EventLog]:
        raise error
        yield

    monkeypatch.setattr(site.app.state, "parts", site.parts._replace(log=away))
    answer = send(site.program("staff"), completion())

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.text)["status"] == 503
