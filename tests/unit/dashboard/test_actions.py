"""What people do about an enrolment: checked, noted in the audit trail, and one fact on the log, however often sent."""

from datetime import date
from typing import Any

import pytest

from eventlog.facts import FACTS_TOPIC
from eventlog.paging import each_record
from eventlog.rejects import parked
from learning.events import Fact, decode
from learning.facts import (
    AlertsMuted,
    ContactMade,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
    Resumed,
    WithdrawalObjected,
    Withdrawn,
)
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


@pytest.mark.parametrize(
    ("word", "fields", "data", "action"),
    [
        ("acknowledge", {}, lambda by: FlagAcknowledged(by=by), "flag-acknowledged"),
        (
            "contact",
            CONTACT,
            lambda by: ContactMade(channel="phone", outcome="message-left", by=by),
            "contact-noted",
        ),
        (
            "request-deferral",
            {"reason": "career-break"},
            lambda _: DeferralRequested(reason="career-break"),
            "deferral-requested",
        ),
        (
            "approve-deferral",
            {"reason": "career-break", "expected_return": "2026-01-05"},
            lambda by: Deferred(reason="career-break", expected_return=date(2026, 1, 5), granted_by=by),
            "deferral-approved",
        ),
        (
            "mute",
            {"until": "2025-11-03"},
            lambda by: AlertsMuted(by=by, until=date(2025, 11, 3)),
            "alerts-muted",
        ),
    ],
)
def test_an_action_becomes_a_fact_of_the_account(
    site: Site, word: str, fields: dict[str, str], data: Any, action: str
) -> None:
    """What somebody notes is one fact in their account's name, and the audit trail says which."""
    client = site.browser()
    assert client.account is not None

    answer = send(client, word, **fields)

    assert answer.status_code == 303
    [fact] = made(site)
    assert (fact.subject, fact.partitionkey, fact.time) == (FLAGGED, "p-11", site.clock())
    assert fact.data == data(client.account.id)
    [entry] = trail(site)
    assert (entry.account, entry.action, entry.details) == (client.account.id, action, {"fact": fact.id})


def test_the_page_says_so_and_shows_it_once_it_is_folded(site: Site) -> None:
    """The page that follows says that it was noted; the story has it when the worker has taken it up."""
    client = site.browser()

    after = send(client, "contact", **CONTACT).headers["location"]

    said = Page.of(client.get(after))
    assert "Noted: the contact." in said.words
    assert "It appears below as soon as it has been processed." in said.words
    assert not any(each.startswith("Contact made") for each in said.entries)
    site.fold()
    [entry] = [each for each in Page.of(client.get(after)).entries if each.startswith("Contact made")]
    assert "by A staff" in entry
    assert "Outcome: Message left" in entry


def test_pressing_twice_makes_one_fact(site: Site) -> None:
    """A form that is sent again, by a double press or after going back, adds nothing, and is no reject."""
    client = site.browser()
    form = {"key": key(client, "contact"), **CONTACT}

    answers = []
    for _ in range(2):
        answers.append(client.submit(f"/actions/contact/{FLAGGED}", **form))
        site.clock.move(seconds=1)

    assert [each.status_code for each in answers] == [303, 303]
    assert len(made(site)) == 1
    assert parked(site.log) == {}


def test_a_form_that_was_sent_cannot_say_something_else(site: Site) -> None:
    """Who goes back and changes what they sent is told that it was not noted, and to load the form again."""
    client = site.browser()
    form = {"key": key(client, "contact"), **CONTACT}
    client.submit(f"/actions/contact/{FLAGGED}", **form)

    answer = client.submit(f"/actions/contact/{FLAGGED}", **{**form, "outcome": "reached"})

    assert answer.status_code == 409
    assert len(made(site)) == 1
    assert parked(site.log) == {}


@pytest.mark.parametrize("given", ["", "another-fact", "20251020T093000.000000Z-0000000000000000x", "x" * 99])
def test_the_id_of_a_fact_is_not_anybodys_choice(site: Site, given: str) -> None:
    """A form without the id that it was made with notes nothing."""
    assert site.browser().submit(f"/actions/acknowledge/{FLAGGED}", key=given).status_code == 422
    assert made(site) == []
    assert trail(site) == []


@pytest.mark.parametrize(
    ("word", "fields", "wrong"),
    [
        ("contact", {}, {"channel": "Say how contact was made", "outcome": "Say what came of it"}),
        ("mute", {}, {"until": "Say until which day"}),
        ("contact", {**CONTACT, "outcome": "happy"}, {"outcome": "Say what came of it"}),
        ("request-deferral", {"reason": "started-in-error"}, {"reason": "Choose DfE's reason"}),
        (
            "approve-deferral",
            {"reason": "other", "expected_return": "1999-12-31"},
            {"expected_return": "Write a day from 2000 to 2099, such as 2026-03-27"},
        ),
        ("approve-deferral", {"reason": "other", "expected_return": "soon"}, {"expected_return": "Write a day from"}),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    site: Site, word: str, fields: dict[str, str], wrong: dict[str, str]
) -> None:
    """A form that is not filled in comes back with what it had, and says at each field what to do; nothing is noted."""
    answer = send(site.browser(), word, **fields)

    shown = Page.of(answer)
    assert answer.status_code == 422
    for field, text in wrong.items():
        [link] = [href for words, href in shown.links.items() if words.startswith(text)]
        assert link.endswith(f"#{field}")
        assert f"Error: {text}" in shown.words
    kept = {name: value for name, value in fields.items() if name not in wrong}
    assert kept.items() <= shown.fields.items()
    assert made(site) == []


def test_a_withdrawal_is_signed_off_after_a_look(site: Site) -> None:
    """The partner sees first what signing off does; only the second step makes the fact."""
    client = site.browser("partner", "partner-1")
    assert client.account is not None

    asked = Page.of(send(client, "sign-off", **SIGN_OFF))
    assert made(site) == []
    assert asked.pairs["Holds from"] == "13 October 2025"
    answer = client.submit(f"/actions/sign-off/{FLAGGED}", **{**asked.fields, "csrf": client.csrf})

    assert answer.headers["location"] == f"/enrolments/{FLAGGED}?done=withdrawn"
    [fact] = made(site)
    assert fact.data == Withdrawn(reason="other", effective=date(2025, 10, 13), signed_off_by=client.account.id)
    site.fold()
    assert Page.of(client.get(f"/enrolments/{FLAGGED}")).pairs["Status"].startswith("Withdrawn since 13 October 2025")


@pytest.mark.parametrize(
    ("role", "partner", "allowed"),
    [
        ("staff", None, set(EVERY) - {"sign-off", "object"}),
        ("partner", "partner-1", set(EVERY) - {"approve-deferral"}),
        ("read-only", None, set()),
        ("read-only", "partner-1", set()),
    ],
)
def test_who_may_do_what(site: Site, role: Any, partner: str | None, allowed: set[str]) -> None:
    """Staff approve deferrals, partners sign withdrawals off or object, and who may only look can do nothing."""
    client = site.browser(role, partner)

    answered = {word: client.get(f"/actions/{word}/{FLAGGED}").status_code for word in EVERY}

    assert answered == {word: 200 if word in allowed else 403 for word in EVERY}
    refused = set(EVERY) - allowed
    assert {client.submit(f"/actions/{word}/{FLAGGED}", **EVERY[word]).status_code for word in refused} <= {403}
    assert made(site) == []


@pytest.mark.parametrize("word", EVERY)
def test_another_partners_enrolment_cannot_be_acted_on(site: Site, word: str) -> None:
    """What a partner does about another one's enrolment is answered like what is done about none."""
    client = site.browser("partner", "partner-1")
    for other in ("e-10", "e-999"):
        form = {"key": "20251020T093000.000000Z-0123456789abcdef", **EVERY[word]}
        expected = 403 if word == "approve-deferral" else 404
        assert client.submit(f"/actions/{word}/{other}", **form).status_code == expected
        assert client.get(f"/actions/{word}/{other}").status_code == expected
    assert made(site) == []


def test_a_partner_objects_to_what_is_recommended(site: Site) -> None:
    """Staff recommend, the partner says why not, and the page tells both; the participant stays active throughout."""
    client = site.browser("partner", "partner-1")
    assert client.account is not None
    assert send(client, "object", **EVERY["object"]).status_code == 409
    send(site.browser(), "recommend-withdrawal", reason="other")
    site.clock.move(minutes=1)
    site.fold()
    assert "Object to the withdrawal" in Page.of(client.get(f"/enrolments/{FLAGGED}")).links

    answer = send(client, "object", **EVERY["object"])

    assert answer.headers["location"] == f"/enrolments/{FLAGGED}?done=withdrawal-objected"
    [fact] = [each for each in made(site) if isinstance(each.data, WithdrawalObjected)]
    assert fact.data == WithdrawalObjected(reason="still-taking-part", by=client.account.id)
    assert trail(site)[0].action == "withdrawal-objected"
    site.fold()
    shown = Page.of(site.browser().get(f"/enrolments/{FLAGGED}"))
    assert shown.pairs["Status"] == "Active; the delivery partner objected to a recommended withdrawal"
    assert shown.pairs["Objection"] == "Still taking part"
    assert "Withdrawal objected" in shown.words


@pytest.mark.parametrize("until", ["2025-10-19", "2025-12-20"])
def test_alerts_are_not_muted_for_ever_nor_in_the_past(site: Site, until: str) -> None:
    """The form says from when to when; nothing is noted."""
    answer = send(site.browser(), "mute", until=until)

    assert answer.status_code == 409
    assert "from today (2025-10-20) to 2025-12-19" in Page.of(answer).words
    assert made(site) == []


def test_only_what_fits_is_offered(site: Site) -> None:
    """The page offers what can be done as things stand, and a form that no longer fits says why it noted nothing."""
    client = site.browser()
    offered = Page.of(client.get(f"/enrolments/{FLAGGED}")).links
    unflagged = Page.of(client.get("/enrolments/e-0")).links

    assert "Acknowledge the flag" in offered
    assert "Note that the participant is back" not in offered
    assert "Sign off a withdrawal" not in offered
    assert "Acknowledge the flag" not in unflagged
    refused = send(client, "resume")
    assert refused.status_code == 409
    assert "Nothing was noted" in Page.of(refused).words
    assert made(site) == []


def test_who_comes_back_is_resumed(site: Site) -> None:
    """A deferral that was approved and a return are two facts, and the clock runs again."""
    client = site.browser()
    send(client, "approve-deferral", reason="other")
    site.clock.move(minutes=1)
    site.fold()

    assert send(client, "resume").status_code == 303

    assert [type(each.data) for each in sorted(made(site), key=lambda each: each.time)] == [Deferred, Resumed]
    site.fold()
    assert Page.of(client.get(f"/enrolments/{FLAGGED}")).pairs["Status"] == "Active"


def test_a_form_without_its_token_notes_nothing(site: Site) -> None:
    """Another site cannot have a browser note anything."""
    client = site.browser()

    answer = client.post(f"/actions/acknowledge/{FLAGGED}", data={"key": key(client, "acknowledge")})

    assert answer.status_code == 403
    assert made(site) == []


def test_an_action_that_there_is_not_is_no_page(site: Site) -> None:
    """An address that somebody made up is answered as such."""
    assert site.browser().get(f"/actions/erase/{FLAGGED}").status_code == 404
