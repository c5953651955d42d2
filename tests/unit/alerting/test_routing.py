"""Who is told of which alert when: the way of alerts over days and weeks, with a clock that the tests turn."""

import pytest

from alerting.routing import Plan
from registry.contacts import Contact
from registry.endpoints import Endpoint
from tests.alert_kit import MONDAY, Weeks, alert, contact, endpoint, monday, told


def test_a_flag_waits_for_the_digest() -> None:
    """Raised at midnight, told at 8 in one message, and not told again before a reminder is due."""
    weeks = Weeks(contact(), alerts=[alert("e-1"), alert("e-2")])

    assert weeks.pass_by(monday(hour=0), monday(hour=8)) == []
    [digest] = weeks.turn(monday(hour=8))
    assert told([digest]) == [("digest", "c-1", "first", "e-1"), ("digest", "c-1", "first", "e-2")]
    assert weeks.pass_by(monday(hour=9), monday(3, hour=8)) == []
    assert weeks.alerts["e-1/2026-03-02"].state == "told"
    assert weeks.alerts["e-1/2026-03-02"].told_at == monday(hour=8)


def test_a_message_says_what_happened_and_links_to_itself() -> None:
    """Codes, level and day of each alert, the most urgent first, and the address of the page about the message."""
    weeks = Weeks(contact(), alerts=[alert("e-1"), alert("e-2", level="critical"), alert("e-3")])

    [notice] = weeks.turn(monday(hour=8))

    content = notice.content
    assert [each.enrolment for each in content.alerts] == ["e-2", "e-1", "e-3"]
    assert (content.alerts[0].level, content.alerts[0].raised_on) == ("critical", MONDAY)
    assert (content.kind, content.partner, content.held_back) == ("digest", "p-1", 0)
    assert content.link == f"/alerts/notices/{notice.id}"
    assert (notice.state, notice.channel, notice.next_at) == ("waiting", "email", monday(hour=8))


def test_what_is_critical_is_told_at_once_after_quiet_hours() -> None:
    """Raised at midnight, told at 7, an hour before the digest, which then has nothing to tell."""
    weeks = Weeks(contact(), alerts=[alert(level="critical")])

    notices = weeks.pass_by(monday(hour=0), monday(1, hour=0))

    assert told(notices) == [("at-once", "c-1", "first", "e-1")]
    assert notices[0].planned_at == monday(hour=7)


def test_what_is_critical_waits_for_the_digest_of_who_wishes_so() -> None:
    """Without `at_once` it comes at 8."""
    weeks = Weeks(contact(at_once=False), alerts=[alert(level="critical")])

    [notice] = weeks.pass_by(monday(hour=0), monday(1, hour=0))

    assert (notice.kind, notice.planned_at) == ("digest", monday(hour=8))


def test_what_is_critical_at_the_hour_of_the_digest_is_part_of_it() -> None:
    """One message, not two."""
    weeks = Weeks(contact(quiet_until=8), alerts=[alert("e-1"), alert("e-2", level="critical")])

    [notice] = weeks.pass_by(monday(hour=0), monday(1, hour=0))

    assert (notice.kind, len(notice.content.alerts)) == ("digest", 2)


def test_a_webhook_is_told_at_once_of_each_alert() -> None:
    """At any hour, in one message for each alert, so that a program takes each once."""
    weeks = Weeks(endpoint(), alerts=[alert("e-1"), alert("e-2")])

    notices = weeks.turn(monday(hour=1))

    assert told(notices) == [("at-once", "w-1", "first", "e-1"), ("at-once", "w-1", "first", "e-2")]
    assert len({notice.id for notice in notices}) == 2


def test_a_chat_is_told_in_the_day_in_one_message() -> None:
    """Phones ring for it: not before 7 on a working day, and once for everything."""
    weeks = Weeks(endpoint(channel="chat"), alerts=[alert("e-1"), alert("e-2")])

    [notice] = weeks.pass_by(monday(hour=1), monday(hour=12))

    assert (notice.planned_at, len(notice.content.alerts)) == (monday(hour=7), 2)


def test_the_lead_providers_own_systems_are_told_of_all_partners() -> None:
    """An endpoint of no partner gets what every partner is told."""
    weeks = Weeks(endpoint("crm", None), alerts=[alert("e-1"), alert("e-2", partner="p-2")])

    assert {notice.partner for notice in weeks.turn(monday(hour=1))} == {"p-1", "p-2"}


@pytest.mark.parametrize(
    "receiver",
    [
        contact(programmes=("other/course",)),
        contact(level="critical"),
        contact(partner="p-2"),
        contact(unsubscribed_at=monday(-9)),
        contact(bouncing_since=monday(-9)),
        contact(removed_at=monday(-9)),
        endpoint(programmes=("other/course",)),
        endpoint(level="critical"),
        endpoint(switched_off_at=monday(-9)),
        endpoint(removed_at=monday(-9)),
    ],
)
def test_who_does_not_want_it_or_is_not_there_is_not_told(receiver: Contact | Endpoint) -> None:
    """Other programmes, a higher level, another partner, unsubscribed, refused, switched off or removed."""
    weeks = Weeks(receiver, alerts=[alert()])

    assert weeks.pass_by(monday(hour=0), monday(2)) == []


def test_the_first_in_place_who_wants_it_is_told_first() -> None:
    """The one in the first place has other programmes, so the second place is the first for this one."""
    weeks = Weeks(contact("c-1", programmes=("other/course",)), contact("c-2", place=2), contact("c-3", place=3))
    weeks.alerts = {each.id: each for each in [alert()]}

    assert told(weeks.turn(monday(hour=8))) == [("digest", "c-2", "first", "e-1")]


def test_looking_twice_at_one_moment_plans_the_same() -> None:
    """A turn that broke off before anything was written is planned again, message by message with the same ids."""
    alerts = [alert("e-1"), alert("e-2", level="critical")]
    weeks = Weeks(contact(), endpoint(), alerts=alerts)

    first, second = weeks.look(monday(hour=8)), weeks.look(monday(hour=8))

    assert first == second
    assert isinstance(first, Plan)
    assert len({notice.id for notice in first.notices}) == 3
