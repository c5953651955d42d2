"""A form about an enrolment becomes one fact and one note in the audit trail, however often it is sent."""

from datetime import date
from typing import Any

import pytest

from eventlog.rejects import parked
from learning.facts import (
    AlertsMuted,
    ContactMade,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
)
from tests.actions_kit import CONTACT, FLAGGED, key, made, send, trail
from tests.dashboard_kit import Site
from tests.html_kit import Page


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


def test_an_action_that_there_is_not_is_no_page(site: Site) -> None:
    """An address that somebody made up is answered as such."""
    assert site.browser().get(f"/actions/erase/{FLAGGED}").status_code == 404
