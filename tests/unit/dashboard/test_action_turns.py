"""What can be done about an enrolment as things stand: withdraw, object, defer, return, mute."""

from datetime import date

import pytest

from learning.facts import (
    Deferred,
    Resumed,
    WithdrawalObjected,
    Withdrawn,
)
from tests.actions_kit import EVERY, FLAGGED, SIGN_OFF, made, send, trail
from tests.dashboard_kit import Site
from tests.html_kit import Page


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
