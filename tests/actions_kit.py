"""What people fill in about an enrolment on the dashboard, and what comes of it on the log and in the audit trail."""

from typing import Any

from eventlog.facts import FACTS_TOPIC
from eventlog.paging import each_record
from learning.events import Fact, decode
from registry import audit
from tests.dashboard_kit import Client, Site
from tests.html_kit import Page

FLAGGED = "e-11"
"""Did nothing at all; with partner 1."""

CONTACT = {"channel": "phone", "outcome": "message-left"}
SIGN_OFF = {"reason": "other", "effective": "2025-10-13"}
EVERY = {
    "acknowledge": {},
    "contact": CONTACT,
    "improving": {},
    "request-deferral": {"reason": "bereavement"},
    "approve-deferral": {"reason": "bereavement"},
    "recommend-withdrawal": {"reason": "other"},
    "sign-off": {**SIGN_OFF, "confirmed": "yes"},
    "object": {"reason": "still-taking-part"},
    "mute": {"until": "2025-11-03"},
    "resume": {},
}
"""Every action, with what is filled in."""


def made(site: Site) -> list[Fact]:
    """The facts that people have made on pages."""
    partitions = site.log.end_offsets(FACTS_TOPIC)
    facts = [decode(each.value) for number in partitions for each in each_record(site.log, FACTS_TOPIC, number)]
    return [each for each in facts if each.source == "/engagement/dashboard"]


def key(client: Client, word: str, enrolment: str = FLAGGED) -> str:
    """What the form carries."""
    answer = client.get(f"/actions/{word}/{enrolment}")
    assert answer.status_code == 200
    return Page.of(answer).fields["key"]


def send(client: Client, word: str, enrolment: str = FLAGGED, **fields: str) -> Any:
    """Open a form and send it filled in."""
    return client.submit(f"/actions/{word}/{enrolment}", key=key(client, word, enrolment), **fields)


def trail(site: Site) -> list[audit.Noted]:
    """What was noted of the enrolment, but that it was read."""
    with site.registry.reading() as connection:
        entries = audit.entries(connection, things=[f"enrolment:{FLAGGED}"])
    return [each for each in entries if each.action != "participant-read"]
