"""What decisions make of alerts: one for each flag, whatever order they come in, and none for what is old."""

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.model import OPEN, Alert
from alerting.policy import AlertPolicy
from alerting.raising import DecidedFlag
from learning.policy import FLAGGED, LEVELS, Level
from tests.alert_kit import MONDAY, Weeks, flag, monday

DAY = timedelta(days=1)


def alerts_of(*decisions: DecidedFlag, weeks: Weeks | None = None, now: int | None = None) -> list[Alert]:
    """The alerts after decisions, each read on its day at 9, or all of them so many days after Monday."""
    kept = weeks or Weeks()
    for each in decisions:
        kept.decide(each, monday((each.day - MONDAY).days if now is None else now))
    return sorted(kept.alerts.values(), key=lambda each: each.raised_on)


def on(days: int, level: Level = "at-risk", enrolment: str = "e-1") -> DecidedFlag:
    """A decision so many days after Monday."""
    return flag(MONDAY + days * DAY, level, enrolment)


def test_a_flag_that_is_raised_makes_an_alert_that_waits() -> None:
    """It is known by enrolment and day, and carries what a message says of it."""
    [alert] = alerts_of(flag(partner="p-7", programme="small/course"))

    assert (alert.id, alert.matter, alert.state) == ("e-1/2026-03-02", "flag", "waiting")
    assert (alert.partner, alert.programme, alert.level) == ("p-7", "small/course", "at-risk")
    assert (alert.raised_on, alert.noted_at, alert.told_at) == (MONDAY, monday(), None)


def test_a_flag_that_is_cleared_resolves_its_alert() -> None:
    """Since the day of the decision."""
    [alert] = alerts_of(on(0), on(2, "watch"))

    assert (alert.state, alert.resolved_on, alert.state_since) == ("resolved", MONDAY + 2 * DAY, monday(2))


def test_a_cleared_flag_that_nobody_knew_makes_no_alert() -> None:
    """Nor does its raising, when that is read afterwards."""
    assert alerts_of(on(2, "on-track"), on(0), now=2) == []


def test_a_flag_of_which_only_a_change_is_known_makes_an_alert() -> None:
    """Its raising stands in another partition, which is read later: then that changes nothing."""
    [alert] = alerts_of(on(3, "critical"), on(0), now=3)

    assert (alert.id, alert.level, alert.state) == ("e-1/2026-03-05", "critical", "waiting")


def test_a_flag_that_comes_back_within_a_week_is_the_same_alert() -> None:
    """Raised, cleared two days later and raised again seven days after that; what was told stays told."""
    weeks = Weeks()
    alerts_of(on(0), weeks=weeks)
    weeks.change("e-1/2026-03-02", state="told", told_at=monday())

    [alert] = alerts_of(on(2, "watch"), on(9), weeks=weeks)

    assert (alert.state, alert.resolved_on, alert.told_at) == ("told", None, monday())
    assert alert.state_since == monday(9)


def test_a_flag_that_comes_back_later_is_another_alert() -> None:
    """Eight days after it was cleared."""
    first, second = alerts_of(on(0), on(2, "watch"), on(10))

    assert (first.state, second.state, second.id) == ("resolved", "waiting", "e-1/2026-03-12")


def test_a_flag_that_toggles_a_hundred_times_is_one_alert() -> None:
    """Raised and cleared every day for a hundred days, read in one hour."""
    decisions = [on(day, "at-risk" if day % 2 == 0 else "on-track") for day in range(100)]

    assert len(alerts_of(*decisions, now=100)) == 1


@pytest.mark.parametrize(("days", "state"), [(14, "waiting"), (15, "lapsed")])
def test_what_was_decided_more_than_two_weeks_ago_has_lapsed(days: int, state: str) -> None:
    """An import of the past is no news; two weeks old is."""
    [alert] = alerts_of(on(0), now=days)

    assert alert.state == state


def test_a_lapsed_alert_stays_so_while_its_flag_goes_on() -> None:
    """Another reason, or a lower level, is no news of a flag that nobody was told of."""
    [alert] = alerts_of(on(-40, "critical"), on(-3), now=0)

    assert (alert.state, alert.level) == ("lapsed", "at-risk")


def test_a_lapsed_alert_whose_flag_becomes_critical_is_news() -> None:
    """It waits to be told."""
    [alert] = alerts_of(on(-40), on(-1, "critical"), now=0)

    assert (alert.state, alert.level, alert.risen_on) == ("waiting", "critical", MONDAY - DAY)


def test_a_lapsed_alert_whose_flag_was_cleared_and_comes_back_is_news() -> None:
    """Within the week in which it is the same alert; what is told is the flag of now."""
    [alert] = alerts_of(on(-20), on(-16, "watch"), on(-10), now=0)

    assert (alert.id, alert.state, alert.resolved_on) == ("e-1/2026-02-10", "waiting", None)


def test_an_answer_does_not_count_once_the_flag_is_critical() -> None:
    """Acknowledged at risk, then critical: the alert is open again; critical once more later, it stays as it is."""
    weeks = Weeks()
    alerts_of(on(0), weeks=weeks)
    weeks.change("e-1/2026-03-02", state="acknowledged", told_at=monday())

    [risen] = alerts_of(on(1, "critical"), weeks=weeks)
    assert (risen.state, risen.risen_on) == ("told", MONDAY + DAY)

    weeks.change(risen.id, state="contacted")
    [later] = alerts_of(on(2, "at-risk"), on(3, "critical"), weeks=weeks)
    assert (later.state, later.risen_on) == ("contacted", MONDAY + DAY)


def test_the_level_of_an_alert_is_that_of_the_flag_now() -> None:
    """It goes down with the flag, and a mute stays a mute."""
    weeks = Weeks()
    alerts_of(on(0, "critical"), weeks=weeks)
    weeks.change("e-1/2026-03-02", state="muted")

    [alert] = alerts_of(on(1, "at-risk"), weeks=weeks)

    assert (alert.level, alert.state) == ("at-risk", "muted")


def test_the_window_in_which_flags_flap_can_be_set() -> None:
    """With a window of two days, a flag that comes back on the third is another alert."""
    weeks = Weeks(policy=AlertPolicy(flap_window=timedelta(days=2)))

    assert len(alerts_of(on(0), on(1, "watch"), on(4), weeks=weeks)) == 2


DECISIONS = st.lists(
    st.builds(on, st.integers(0, 30), st.sampled_from(LEVELS), st.sampled_from(["e-1", "e-2"])),
    unique_by=lambda each: (each.enrolment, each.day),
    max_size=12,
)


@given(DECISIONS, st.randoms(use_true_random=False))
def test_the_newest_decision_counts_in_whatever_order_they_are_read(
    decisions: list[DecidedFlag], random: Random
) -> None:
    """An enrolment has an open alert, at the level of its flag, exactly if its newest decision says it has a flag.

    Some are read twice.
    """
    read = [*decisions, *decisions[::2]]
    random.shuffle(read)

    alerts = alerts_of(*read, now=30)

    newest: dict[str, DecidedFlag] = {}
    for each in sorted(decisions, key=lambda each: each.day):
        newest[each.enrolment] = each
    expected = {of: each.level for of, each in newest.items() if LEVELS.index(each.level) >= FLAGGED}
    open_or_old = [each for each in alerts if each.state in OPEN or (each.state == "lapsed" and not each.resolved_on)]
    assert {each.enrolment: each.level for each in open_or_old} == expected
    assert len(open_or_old) == len(expected)


@given(DECISIONS)
def test_reading_decisions_again_changes_nothing(decisions: list[DecidedFlag]) -> None:
    """After a second reading, in any order, every alert is word for word as it was."""
    weeks = Weeks()
    once = alerts_of(*sorted(decisions, key=lambda each: each.day), weeks=weeks, now=30)

    assert alerts_of(*reversed(decisions), weeks=weeks, now=35) == once


@given(DECISIONS)
def test_alerts_of_an_enrolment_are_more_than_a_week_apart(decisions: list[DecidedFlag]) -> None:
    """From one to the next there is always the time in which a flag that comes back is the same alert."""
    alerts = alerts_of(*sorted(decisions, key=lambda each: each.day))

    for enrolment in ("e-1", "e-2"):
        days = [each.raised_on for each in alerts if each.enrolment == enrolment]
        assert all(later - earlier > timedelta(days=7) for earlier, later in pairwise(days))


def test_a_day_counts_by_the_clock_in_the_uk() -> None:
    """Just after midnight in summer, which is the day before in UTC, a decision of that day is no day old."""
    weeks = Weeks(policy=AlertPolicy(lapse=timedelta(days=0)))
    summer = date(2026, 7, 1)

    weeks.decide(flag(summer), monday((summer - MONDAY).days, hour=0))

    assert weeks.alerts["e-1/2026-07-01"].state == "waiting"
