"""What another delivery partner was told, and whom nobody may see any more, stands on no page and in no answer."""

import pytest

from dashboard.api.addresses import segment
from learning.facts import ParticipantErased
from tests.alert_pages_kit import OURS, THEIRS, a_notice, an_alert, keep, page
from tests.builders import at, make
from tests.dashboard_kit import DAY, Client, Site

API = "/api/v1"
GONE, ERASED = THEIRS, an_alert("e-9")
BEFORE = "contact-0000000009"
"""Whom the partner of before has told."""


@pytest.fixture
def moved(told: Site) -> Site:
    """A site where an enrolment has come from another partner, which had been told of it and of somebody else."""
    before = a_notice(
        "msg_before", [OURS, THEIRS], partner="partner-0", receiver=BEFORE, state="dead", error="SMTP 550"
    )
    keep(told, [], [before])
    return told


@pytest.fixture
def fewer(told: Site) -> Site:
    """A site where of three whom a message told of, one has gone to another partner and one was erased."""
    about = [OURS, an_alert("e-10", partner="partner-1"), ERASED]
    keep(told, about, [a_notice("msg_all", about, channel="webhook")])
    keep(told, [GONE])
    return told.publish(make(ParticipantErased(by="staff-1"), at(42), "e-9", "p-9")).fold()


def partner(site: Site) -> Client:
    """Somebody of the partner with which the enrolment is now."""
    return site.browser("partner", "partner-1")


@pytest.mark.parametrize("path", [f"/alerts/about/{OURS.id}", f"{API}/alerts/{segment(OURS.id)}"])
def test_what_the_partner_of_before_was_told_stays_with_it(moved: Site, path: str) -> None:
    """An alert shows its partner the messages to itself: not to whom others went, how many they told of, or why not."""
    shown, whole = partner(moved).get(path).text, moved.browser().get(path).text

    for word in ("msg_before", BEFORE, "SMTP 550"):
        assert word not in shown
    assert "msg_ours" in shown
    assert "msg_before" in whole


@pytest.mark.parametrize("path", ["/alerts/about/{}", API + "/alerts/{}"])
def test_an_alert_of_the_partner_of_before_is_not_there(moved: Site, path: str) -> None:
    """One that ended before the enrolment came stays with whom it told; lists leave it out, and so does its address."""
    old = an_alert("e-11", partner="partner-0", on=DAY.replace(day=1), state="resolved")
    keep(moved, [old])
    address = path.format(segment(old.id) if path.startswith(API) else old.id)

    assert partner(moved).get(address).status_code == 404
    assert moved.browser().get(address).status_code == 200


@pytest.mark.parametrize("path", [f"{API}/alert-notices", f"{API}/alert-notices/msg_all", "/alerts/notices/msg_all"])
def test_a_message_names_nobody_who_is_not_to_be_seen_any_more(fewer: Site, path: str) -> None:
    """Who is elsewhere now is named to the partner no more, and the erased to nobody, not even in the words it had."""
    shown, whole = partner(fewer).get(path).text, fewer.browser().get(path).text

    assert "e-11" in shown
    for gone in ("e-9", "e-10", "p-9", "p-10"):
        assert gone not in shown
    assert "e-10" in whole
    assert "e-9" not in whole.replace("msg_theirs", "")


def test_how_it_stands_at_another_partner_is_not_told(fewer: Site) -> None:
    """Of who has gone to another partner the message page does not say what was done there since."""
    table = "Participants whom it told of, and how they stand now"
    keep(fewer, [an_alert("e-10", partner="partner-0", state="acknowledged")])

    rows = page(partner(fewer), "/alerts/notices/msg_all").tables[table]

    assert "Acknowledged" not in " ".join(" ".join(row) for row in rows)


def test_the_words_of_a_message_that_names_nobody_stay(fewer: Site) -> None:
    """A digest by email has no id in it, so what it said can be read as long as it is kept."""
    keep(fewer, [], [a_notice("msg_mail", [OURS, ERASED])])

    assert "Subject:" in page(partner(fewer), "/alerts/notices/msg_mail").words
    assert "Subject:" not in page(partner(fewer), "/alerts/notices/msg_all").words
