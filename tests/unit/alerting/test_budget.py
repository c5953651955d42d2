"""The budget of a week, what is held back for it, and a dry run, which costs nothing once alerts are on."""

from datetime import timedelta

from tests.alert_kit import MONDAY, Weeks, alert, contact, endpoint, monday, told

STAFF = contact("staff", None)


def test_the_budget_of_a_week_goes_to_the_most_urgent() -> None:
    """Given room for two of four: the withdrawal and the critical one; the message says that two are held back."""
    withdrawal = alert("e-4", level="critical", matter="withdrawal", id="e-4/withdrawal/2026-03-02")
    alerts = [alert("e-1", MONDAY - timedelta(days=3)), alert("e-2"), alert("e-3", level="critical"), withdrawal]
    weeks = Weeks(contact(at_once=False), alerts=alerts, budgets={"p-1": 2})

    [notice] = weeks.pass_by(monday(hour=8), monday(2, hour=12))

    assert [each.enrolment for each in notice.content.alerts] == ["e-4", "e-3"]
    assert notice.content.held_back == 2
    assert [weeks.alerts[each.id].state for each in alerts] == ["held-back", "held-back", "told", "told"]


def test_who_has_least_time_left_for_the_gate_comes_first() -> None:
    """Of flags of one level the nearest deadline goes first, however long others are up; no deadline goes last."""
    months = {"e-1": None, "e-2": MONDAY + timedelta(days=200), "e-3": MONDAY + timedelta(days=30), "e-4": None}
    alerts = [alert(of, MONDAY - timedelta(days=9), deadline=day) for of, day in months.items()]
    alerts[2] = alert("e-3", deadline=months["e-3"])
    weeks = Weeks(contact(), alerts=alerts, budgets={"p-1": 3})

    [notice] = weeks.turn(monday(hour=8))

    assert [each.enrolment for each in notice.content.alerts] == ["e-3", "e-2", "e-1"]


def test_what_was_held_back_is_told_in_the_next_week() -> None:
    """The oldest first; one that was resolved meanwhile is not."""
    alerts = [alert(f"e-{number}", MONDAY - timedelta(days=number)) for number in range(5)]
    weeks = Weeks(contact(), alerts=alerts, budgets={"p-1": 2})
    assert [each.enrolment for each in weeks.turn(monday(hour=8))[0].content.alerts] == ["e-4", "e-3"]
    weeks.change(alerts[2].id, state="resolved")
    weeks.change(alerts[3].id, state="acknowledged")
    weeks.change(alerts[4].id, state="acknowledged")

    notices = weeks.pass_by(monday(hour=9), monday(8))

    assert told(notices) == [("digest", "c-1", "first", "e-1"), ("digest", "c-1", "first", "e-0")]
    assert notices[0].planned_at == monday(7, hour=8)


def test_an_alert_that_becomes_critical_costs_once_more() -> None:
    """Room for one a week: told on Monday, critical on Tuesday, so that is told in the next week, and another waits."""
    weeks = Weeks(contact(), alerts=[alert("e-1")], budgets={"p-1": 1})
    weeks.turn(monday(hour=8))
    weeks.change("e-1/2026-03-02", level="critical")
    assert told(weeks.pass_by(monday(hour=9), monday(3, hour=0))) == []
    weeks.alerts |= {each.id: each for each in [alert("e-2", MONDAY + timedelta(days=6))]}

    firsts = [each for each in told(weeks.pass_by(monday(7, hour=0), monday(12))) if each[2] == "first"]

    assert firsts == [("at-once", "c-1", "first", "e-1")]
    assert weeks.alerts["e-2/2026-03-08"].state == "held-back"


def test_what_is_held_back_from_somebody_who_has_left_goes_to_staff() -> None:
    """Given that the only contact is removed while the budget is spent, the alert is escalated in the usual time."""
    weeks = Weeks(contact("c-1"), STAFF, alerts=[alert()], budgets={"p-1": 0})
    weeks.turn(monday(hour=8))
    assert weeks.alerts["e-1/2026-03-02"].state == "held-back"
    del weeks.receivers["c-1"]

    notices = weeks.pass_by(monday(hour=9), monday(10))

    assert [(notice.kind, notice.receiver, notice.planned_at) for notice in notices] == [
        ("escalation", "staff", monday(3, hour=8))
    ]


def test_an_alert_costs_its_budget_once_however_many_are_told() -> None:
    """Two contacts and a webhook are told of the two alerts that there is room for."""
    weeks = Weeks(contact("c-1"), contact("c-2"), endpoint(), alerts=[alert("e-1"), alert("e-2")], budgets={"p-1": 2})

    assert len(told(weeks.pass_by(monday(hour=1), monday(1)))) == 6


def test_partners_of_whom_nothing_was_said_have_the_usual_budget() -> None:
    """Twenty a week."""
    weeks = Weeks(contact(), alerts=[alert(f"e-{number}") for number in range(25)])

    [notice] = weeks.turn(monday(hour=8))

    assert (len(notice.content.alerts), notice.content.held_back) == (20, 5)


def test_a_dry_run_does_all_the_same_and_switching_on_sends_nothing_old() -> None:
    """What was composed is not sent, reminded or escalated afterwards; what is new is, with the whole budget."""
    weeks = Weeks(contact("c-1"), STAFF, alerts=[alert("e-1"), alert("e-2")], budgets={"p-1": 2})
    weeks.dry = True
    composed = weeks.turn(monday(hour=8))
    assert [notice.state for notice in composed] == ["dry-run"]

    weeks.dry = False
    weeks.alerts |= {each.id: each for each in [alert("e-3", MONDAY + timedelta(days=1))]}
    sent = weeks.pass_by(monday(), monday(3, hour=20))
    assert told(sent) == [("digest", "c-1", "first", "e-3")]
    weeks.change("e-1/2026-03-02", state="resolved", state_since=monday(4))
    assert {each.enrolment for notice in weeks.pass_by(monday(4), monday(20)) for each in notice.content.alerts} == {
        "e-3"
    }


def test_a_dry_run_reminds_and_escalates_on_paper() -> None:
    """So that one sees what would come."""
    weeks = Weeks(contact("c-1"), STAFF, alerts=[alert()])
    weeks.dry = True

    notices = weeks.pass_by(monday(hour=0), monday(20))

    assert [(notice.kind, notice.state) for notice in notices] == [
        ("digest", "dry-run"),
        ("reminder", "dry-run"),
        ("escalation", "dry-run"),
    ]


def test_an_alert_told_in_a_dry_run_that_becomes_critical_is_told() -> None:
    """That is new."""
    weeks = Weeks(contact(), alerts=[alert()])
    weeks.dry = True
    weeks.turn(monday(hour=8))
    weeks.dry = False
    weeks.change("e-1/2026-03-02", level="critical")

    assert told(weeks.pass_by(monday(1, hour=0), monday(2))) == [("at-once", "c-1", "first", "e-1")]
