"""What follows the first message: reminders, escalations, what is resolved, and what is told once more or not again."""

from datetime import date, timedelta

import pytest

from alerting.policy import AlertPolicy
from tests.alert_kit import MONDAY, Weeks, alert, contact, endpoint, flag, monday, told, uk

STAFF = contact("staff", None)


def test_nobody_answers() -> None:
    """Told on Monday, reminded on Thursday, then the next contact on Tuesday, then staff on Friday, and no more."""
    weeks = Weeks(contact("c-1"), contact("c-2", place=2), STAFF, alerts=[alert()])

    notices = weeks.pass_by(monday(hour=0), monday(25, hour=0))

    assert [(notice.kind, notice.receiver, notice.planned_at) for notice in notices] == [
        ("digest", "c-1", monday(0, hour=8)),
        ("reminder", "c-1", monday(3, hour=8)),
        ("escalation", "c-2", monday(8, hour=8)),
        ("escalation", "staff", monday(11, hour=8)),
    ]
    kept = weeks.alerts["e-1/2026-03-02"]
    assert (kept.escalations, kept.last_told_at) == (2, monday(11, hour=8))


@pytest.mark.parametrize("state", ["acknowledged", "contacted", "muted", "lapsed"])
def test_who_has_answered_is_not_reminded(state: str) -> None:
    """Nor is anybody else told."""
    weeks = Weeks(contact("c-1"), contact("c-2", place=2), STAFF, alerts=[alert()])
    weeks.turn(monday(hour=8))
    weeks.change("e-1/2026-03-02", state=state, state_since=monday(1))

    assert weeks.pass_by(monday(1), monday(25)) == []


def test_what_somebody_takes_care_of_before_it_was_told_is_not_told() -> None:
    """Acknowledged on the dashboard at 7: the digest of 8 does not name it."""
    weeks = Weeks(contact(), alerts=[alert("e-1", state="acknowledged"), alert("e-2")])

    assert told(weeks.turn(monday(hour=8))) == [("digest", "c-1", "first", "e-2")]


def test_reminders_wait_for_term() -> None:
    """Told on the last Thursday before Easter, reminded on the first Monday after the holiday, escalated after that."""
    day = date(2026, 3, 26)
    weeks = Weeks(contact("c-1"), contact("c-2", place=2), alerts=[alert(day=day)])

    notices = weeks.pass_by(uk(day), uk(date(2026, 4, 18)))

    assert [(notice.kind, notice.planned_at) for notice in notices] == [
        ("digest", uk(day, 8)),
        ("reminder", uk(date(2026, 4, 13), 8)),
        ("escalation", uk(date(2026, 4, 16), 8)),
    ]


def test_the_days_until_reminder_and_escalation_can_be_set() -> None:
    """One working day each."""
    policy = AlertPolicy(reminder_days=1, escalation_days=1)
    weeks = Weeks(contact("c-1"), STAFF, alerts=[alert()], policy=policy)

    notices = weeks.pass_by(monday(hour=0), monday(5))

    assert [notice.planned_at for notice in notices] == [monday(0, hour=8), monday(1, hour=8), monday(2, hour=8)]


def test_a_partner_without_anybody_to_tell_goes_straight_to_staff() -> None:
    """After the time of a reminder; nobody was told before."""
    weeks = Weeks(STAFF, alerts=[alert()])

    notices = weeks.pass_by(monday(hour=0), monday(20))

    assert [(notice.kind, notice.receiver, notice.planned_at) for notice in notices] == [
        ("escalation", "staff", monday(3, hour=8))
    ]
    kept = weeks.alerts["e-1/2026-03-02"]
    assert (kept.state, kept.told_at, kept.escalations) == ("told", monday(3, hour=8), 1)


def test_a_partner_that_wants_critical_alerts_only_is_left_in_peace() -> None:
    """An alert below that is told to nobody, staff included: it is the partner's wish."""
    weeks = Weeks(contact(level="critical"), STAFF, alerts=[alert()])

    assert weeks.pass_by(monday(hour=0), monday(20)) == []


def test_a_partner_with_a_webhook_only_is_not_reminded() -> None:
    """After the time of a reminder and an escalation staff are told."""
    weeks = Weeks(endpoint(), STAFF, alerts=[alert()])

    notices = weeks.pass_by(monday(hour=1), monday(20))

    assert [(notice.kind, notice.receiver, notice.planned_at) for notice in notices] == [
        ("at-once", "w-1", monday(hour=1)),
        ("escalation", "staff", monday(8, hour=8)),
    ]


def test_who_has_unsubscribed_is_told_of_what_is_not_optional() -> None:
    """Not of flags; of a withdrawal that waits, and of what others leave unanswered."""
    unsubscribed = contact("c-2", place=2, unsubscribed_at=monday(-9))
    withdrawal = alert("e-2", level="critical", matter="withdrawal", partner="p-2", id="e-2/withdrawal/2026-03-02")
    other = contact("c-3", partner="p-2", unsubscribed_at=monday(-9))
    weeks = Weeks(contact("c-1"), unsubscribed, other, alerts=[alert(), withdrawal])

    notices = weeks.pass_by(monday(hour=0), monday(9))

    assert told(notices) == [
        ("at-once", "c-3", "first", "e-2"),
        ("digest", "c-1", "first", "e-1"),
        ("reminder", "c-1", "reminder", "e-1"),
        ("reminder", "c-3", "reminder", "e-2"),
        ("escalation", "c-2", "escalation", "e-1"),
    ]


def test_what_reaches_somebody_unsubscribed_is_never_a_digest() -> None:
    """A digest is optional mail, so a withdrawal at its hour comes in a message of its own."""
    someone = contact(unsubscribed_at=monday(-9), at_once=False)
    weeks = Weeks(someone, alerts=[alert(level="critical", matter="withdrawal")])

    [notice] = weeks.turn(monday(hour=8))

    assert notice.kind == "at-once"


def test_an_alert_that_becomes_critical_is_told_once_more() -> None:
    """At once, to whom it was told before; when its level falls and rises again, no more."""
    weeks = Weeks(contact(), endpoint(), alerts=[alert()])
    weeks.pass_by(monday(hour=1), monday(1, hour=0))
    weeks.change("e-1/2026-03-02", level="critical", risen_on=MONDAY + timedelta(days=1))

    risen = weeks.pass_by(monday(1, hour=1), monday(1, hour=12))
    assert told(risen) == [("at-once", "w-1", "first", "e-1"), ("at-once", "c-1", "first", "e-1")]

    weeks.change("e-1/2026-03-02", level="at-risk")
    assert weeks.pass_by(monday(1, hour=12), monday(2, hour=12)) == []
    weeks.change("e-1/2026-03-02", level="critical")
    assert weeks.pass_by(monday(2, hour=12), monday(3, hour=12)) == []


def test_what_becomes_critical_as_a_reminder_is_due_is_not_reminded_of_as_well() -> None:
    """Told on Monday, critical on Thursday: one message then, and the days until a reminder begin again."""
    weeks = Weeks(contact(quiet_until=8), alerts=[alert()])
    weeks.pass_by(monday(hour=0), monday(3, hour=0))
    weeks.change("e-1/2026-03-02", level="critical")

    notices = weeks.pass_by(monday(3, hour=0), monday(9, hour=0))

    assert [(each.kind, each.planned_at) for each in notices] == [
        ("digest", monday(3, hour=8)),
        ("reminder", monday(8, hour=8)),
    ]


def test_an_alert_whose_level_falls_is_not_told_again() -> None:
    """Told as critical; at risk is no news."""
    weeks = Weeks(contact(), endpoint(), alerts=[alert(level="critical")])
    weeks.pass_by(monday(hour=1), monday(1, hour=0))
    weeks.change("e-1/2026-03-02", level="at-risk")

    assert weeks.pass_by(monday(1, hour=0), monday(3, hour=0)) == []


def test_a_flag_that_toggles_within_an_hour_is_told_once() -> None:
    """A hundred decisions one by one, with a look after each: a contact and a webhook get one first message each."""
    weeks = Weeks(contact(), endpoint())
    for number in range(100):
        now = monday(hour=8) + timedelta(seconds=36 * number)
        weeks.decide(flag(MONDAY - timedelta(days=99 - number), "at-risk" if number % 2 else "on-track"), now)
        weeks.turn(now)

    steps = [(receiver, step) for _, receiver, step, _ in told(weeks.notices)]
    assert len(weeks.alerts) == 1
    assert steps.count(("c-1", "first")) <= 1
    assert steps.count(("w-1", "first")) == 1
    assert len(steps) <= 4


def test_what_is_resolved_is_told_to_whom_it_was_told() -> None:
    """In the next digest of a contact, at once to a webhook; once."""
    weeks = Weeks(contact(), contact("c-2", place=2), endpoint(), alerts=[alert()])
    weeks.pass_by(monday(hour=1), monday(1, hour=9))
    weeks.change("e-1/2026-03-02", state="resolved", state_since=monday(1, hour=9), resolved_on=MONDAY)

    assert told(weeks.turn(monday(1, hour=9))) == [("resolved", "w-1", "resolved", "e-1")]
    notices = weeks.pass_by(monday(1, hour=10), monday(9))
    assert told(notices) == [("digest", "c-1", "resolved", "e-1")]
    assert notices[0].planned_at == monday(2, hour=8)


def test_what_was_resolved_before_anybody_was_told_is_not_told() -> None:
    """Nor does who has unsubscribed hear of it."""
    never = alert("e-1", state="resolved")
    weeks = Weeks(contact(), alerts=[never, alert("e-2")])
    weeks.turn(monday(hour=8))
    weeks.change("e-2/2026-03-02", state="resolved", state_since=monday())
    weeks.receivers["c-1"] = contact(unsubscribed_at=monday())

    assert weeks.pass_by(monday(), monday(9)) == []


def test_a_transferred_enrolment_is_told_to_its_new_partner_only() -> None:
    """The old one is told no more: no reminder, nothing resolved."""
    weeks = Weeks(contact("c-1"), contact("c-2", "p-2"), alerts=[alert()])
    weeks.turn(monday(hour=8))
    moved = {"partner": "p-2", "state": "waiting", "state_since": monday(1), "told_at": None, "last_told_at": None}
    weeks.change("e-1/2026-03-02", **moved)

    assert told(weeks.pass_by(monday(1), monday(3))) == [("digest", "c-2", "first", "e-1")]
    weeks.change("e-1/2026-03-02", state="resolved", state_since=monday(3))
    assert told(weeks.pass_by(monday(3), monday(9))) == [("digest", "c-2", "resolved", "e-1")]


def test_an_enrolment_that_comes_back_is_not_told_again() -> None:
    """Moved away and back: the partner was told of it, so it counts as told, and a reminder comes in its time."""
    weeks = Weeks(contact(), alerts=[alert()])
    weeks.turn(monday(hour=8))
    weeks.change("e-1/2026-03-02", state="waiting", state_since=monday(1), told_at=None, last_told_at=None)

    notices = weeks.pass_by(monday(1), monday(9))

    assert [(notice.kind, notice.planned_at) for notice in notices] == [("reminder", monday(4, hour=8))]


def test_a_new_contact_takes_over_what_is_open() -> None:
    """Not with a first message of what others know already, but with a reminder of what nobody has answered."""
    weeks = Weeks(contact("c-1"), alerts=[alert()])
    weeks.turn(monday(hour=8))
    del weeks.receivers["c-1"]
    weeks.receivers["c-9"] = contact("c-9", created_at=monday(1))

    notices = weeks.pass_by(monday(1), monday(6))

    assert [(notice.kind, notice.receiver, notice.planned_at) for notice in notices] == [
        ("reminder", "c-9", monday(3, hour=8))
    ]


def test_a_flag_that_came_back_starts_the_days_until_a_reminder_again() -> None:
    """Told on Monday, cleared on Tuesday, back on Wednesday: not told again, reminded on the next Monday."""
    weeks = Weeks(contact(), alerts=[alert()])
    weeks.turn(monday(hour=8))
    weeks.change("e-1/2026-03-02", state="told", state_since=monday(2))

    notices = weeks.pass_by(monday(2), monday(9))

    assert [(notice.kind, notice.planned_at) for notice in notices] == [("reminder", monday(7, hour=8))]
