"""The level of risk: the sum of points, the days it is held, since when it holds, and who has no flag at all."""

from datetime import UTC, date, datetime, timedelta

import pytest

from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentMarked,
    ComponentReopened,
    Deferred,
    Transferred,
)
from learning.policy import FLAGGED, LEVELS, Levels, Policies, Policy, Rules, shipped_policies
from learning.progress import fold_all
from learning.risk import Assessment, assess
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.risk_kit import DAY, LONG_AGO, RISKY, assessed, level, only, policies_of, rules_of, steps

SHIPPED = shipped_policies()
BEHIND = policies_of(rules_of(behind=steps("behind", (1, 1), (2, 2), (3, 3))))
"""A level for each study week behind the plan: watch, at risk, critical."""


def held(days: int) -> Policies:
    """The same, held for so many days."""
    return policies_of(rules_of(hold_days=days, behind=steps("behind", (1, 1), (2, 2), (3, 3))))


def visit(when: datetime) -> Fact:
    """A visit to the learning platform."""
    return make(ActivitySeen(), when)


def caught_up(day: date, number: int = 10) -> list[Fact]:
    """So many components, done on one day."""
    return [
        completed(component, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        for component in COMPONENTS[:number]
    ]


def test_nobody_is_assessed_who_is_not_enrolled() -> None:
    """Visits alone, or an enrolment that happens on the day itself, give no assessment."""
    assert assess(fold_all([visit(at(0))]), RISKY, SHIPPED, at(5).date()) is None
    assert assess(fold_all([enrolled(at(5))]), RISKY, SHIPPED, at(5).date()) is None
    assert assess(fold_all([enrolled(at(5))]), RISKY, SHIPPED, at(6).date()) is not None


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 9, 14), "on-track"),
        (date(2025, 9, 15), "watch"),
        (date(2025, 9, 21), "watch"),
        (date(2025, 9, 22), "at-risk"),
        (date(2025, 9, 29), "critical"),
    ],
)
def test_a_level_rises_on_the_day_its_points_are_reached(day: date, expected: str) -> None:
    """One, two and three study weeks behind are a point each: watch, at risk, critical, at once."""
    assert level([enrolled()], held(9), day) == expected


def test_points_of_all_signals_add_up() -> None:
    """Two signals of a point each make at risk, where each alone is only watched; every reason is named."""
    both = policies_of(rules_of(behind=steps("behind", (1, 1)), silent=steps("silent", (0, 1))))
    found = assessed([enrolled()], both, date(2025, 9, 15))

    assert (found.level, found.points) == ("at-risk", 2)
    assert [reason.signal for reason in found.reasons] == ["behind", "silent"]
    assert level([enrolled()], only("behind", (1, 1)), date(2025, 9, 15)) == "watch"


def test_the_weightiest_reason_comes_first() -> None:
    """With its points, what was measured and from where it counts."""
    rules = policies_of(rules_of(behind=steps("behind", (1, 1)), silent=steps("silent", (0, 1), (1, 3))))
    first, second = assessed([enrolled()], rules, date(2025, 9, 22)).reasons

    assert (first.signal, first.points, first.figure, first.threshold) == ("silent", 3, 1, 1)
    assert (second.signal, second.points, second.figure, second.threshold) == ("behind", 1, 2, 1)


@pytest.mark.parametrize(("day", "points"), [(date(2025, 10, 5), 3), (date(2025, 10, 6), 0), (date(2025, 11, 3), 0)])
def test_a_step_of_no_points_ends_a_signal(day: date, points: int) -> None:
    """Worth 3 points up to the third study week behind; from the fourth on it is no reason any more."""
    found = assessed([enrolled()], only("behind", (1, 3), (4, 0)), day)

    assert (found.points, len(found.reasons)) == (points, 1 if points else 0)


def test_a_signal_that_is_switched_off_counts_for_nothing() -> None:
    """Rules without any signal leave everybody on track."""
    assert level([enrolled()], policies_of(rules_of()), date(2026, 3, 1)) == "on-track"


def test_a_lead_provider_has_rules_of_its_own() -> None:
    """The same facts are critical by the default, and watched by the second provider's rules."""
    rules = policies_of(rules_of(behind=steps("behind", (1, 3))), provider_2=rules_of(behind=steps("behind", (1, 1))))
    day = date(2025, 9, 15)

    assert level([enrolled()], rules, day) == "critical"
    assert level([enrolled(provider="provider-2")], rules, day) == "watch"
    assert level([enrolled(), make(Transferred(provider="provider-2"), at(3))], rules, day) == "watch"


def test_the_policy_in_force_on_the_day_decides() -> None:
    """The day before a new version it is the old one, from its day on the new one, for the days before it too."""
    strict, mild = (Rules(name, 1, 0, Levels(watch=1, at_risk=2, critical=3), {}) for name in ("strict", "mild"))
    strict = Rules("strict", 1, 0, strict.levels, {"behind": steps("behind", (1, 3))})
    both = Policies((Policy("mild", LONG_AGO, mild, {}), Policy("strict", date(2025, 10, 1), strict, {})))
    before, after = (assessed([enrolled()], both, date(2025, 9, 30) + days * DAY) for days in (0, 1))

    assert (before.level, before.policy) == ("on-track", "mild")
    assert (after.level, after.policy, after.since) == ("critical", "strict", date(2025, 9, 15))


@pytest.mark.parametrize("hold_days", [1, 2, 5])
def test_a_level_comes_down_when_its_cause_is_gone_for_the_days_it_is_held(hold_days: int) -> None:
    """Caught up on 29 September: gone as the 30th begins, held until so many days are over."""
    facts = [enrolled(), *caught_up(date(2025, 9, 29))]
    levels = [level(facts, held(hold_days), date(2025, 9, 29) + number * DAY) for number in range(7)]

    assert levels == ["critical"] * hold_days + ["on-track"] * (7 - hold_days)


def test_a_held_level_says_the_day_on_which_it_comes_down() -> None:
    """Beside the reasons of the latest day on which it was reached; and on that day it does."""
    facts = [enrolled(), *caught_up(date(2025, 9, 29))]
    found = assessed(facts, held(5), date(2025, 10, 1))

    assert (found.level, found.comes_down) == ("critical", date(2025, 10, 4))
    assert found.next_change is not None
    assert found.next_change <= found.comes_down  # type: ignore[operator]  # a day, as said above
    assert [(reason.signal, reason.figure) for reason in found.reasons] == [("behind", 3)]
    assert level(facts, held(5), date(2025, 10, 3)) == "critical"
    assert level(facts, held(5), date(2025, 10, 4)) == "on-track"


def test_while_the_cause_is_there_nothing_comes_down() -> None:
    """A level that today's points amount to has no such day."""
    assert assessed([enrolled()], held(5), date(2025, 10, 1)).comes_down is None


def test_a_level_comes_down_by_steps() -> None:
    """Three weeks behind, then one: critical is held, and what follows is what the days after it amount to."""
    facts = [enrolled(), *caught_up(date(2025, 9, 29), number=2)]

    assert [level(facts, held(3), date(2025, 9, 30) + number * DAY) for number in range(4)] == [
        "critical",
        "critical",
        "watch",
        "watch",
    ]


def test_a_lower_level_begins_when_the_higher_one_is_no_longer_held() -> None:
    """One week behind since the 30th, but critical was held until 1 October: watched since the 2nd."""
    facts = [enrolled(), *caught_up(date(2025, 9, 29), number=2)]

    assert assessed(facts, held(3), date(2025, 10, 4)).since == date(2025, 10, 2)


def test_since_and_flagged_since_are_the_first_days_without_a_break() -> None:
    """At risk from the second week on, critical from the third: critical since then, flagged since a week before."""
    found = assessed([enrolled()], BEHIND, date(2025, 10, 20))

    assert (found.level, found.since, found.flagged_since) == ("critical", date(2025, 9, 29), date(2025, 9, 22))


def test_a_break_shorter_than_the_days_held_is_none() -> None:
    """Completed and taken back on the next day: the flag has never come down."""
    done = completed("module-1", datetime(2025, 9, 23, 12, tzinfo=UTC))
    back = make(ComponentReopened(component="module-1"), datetime(2025, 9, 24, 12, tzinfo=UTC))
    facts, day = [enrolled(), done, back], date(2025, 9, 26)

    assert assessed(facts, held(2), day).flagged_since == date(2025, 9, 22)
    assert assessed(facts, held(1), day).flagged_since == date(2025, 9, 25)


def test_a_level_that_was_gone_for_a_day_begins_anew() -> None:
    """Critical was held until 4 October, the 5th was watch: at risk again since the 6th, not since the 5th."""
    facts = [enrolled(), *caught_up(date(2025, 10, 2), number=2)]
    days = (date(2025, 10, 4), date(2025, 10, 5), date(2025, 10, 6))

    assert [level(facts, held(3), day) for day in days] == ["critical", "watch", "at-risk"]
    assert [assessed(facts, held(3), day).since for day in days[1:]] == [days[1], days[2]]


def test_on_track_and_watch_are_no_flags() -> None:
    """Nobody is flagged since any day there; watch has a day on which it began."""
    watched, on_track = (assessed([enrolled()], BEHIND, date(2025, 9, day)) for day in (16, 14))

    assert (watched.flagged, watched.flagged_since, watched.since) == (False, None, date(2025, 9, 15))
    assert (on_track.flagged, on_track.since) == (False, None)


@pytest.mark.parametrize("hold_days", [1, 3])
def test_toggling_a_hundred_times_in_an_hour_changes_a_level_once_a_day_at_most(hold_days: int) -> None:
    """A component completed and taken back every few seconds is, as the next day begins, what it was last."""
    hour = datetime(2025, 9, 23, 10, tzinfo=UTC)
    toggles = [
        make(
            ComponentReopened(component="module-1") if number % 2 else completed("module-1").data,
            hour + timedelta(seconds=36 * number),
        )
        for number in range(100)
    ]
    known = [fold_all([enrolled(), *toggles[:number]]) for number in range(0, 101, 7)]
    today = {assess(state, RISKY, held(hold_days), date(2025, 9, 23)).level for state in known}  # type: ignore[union-attr]  # enrolled
    after = [level([enrolled(), *toggles], held(hold_days), date(2025, 9, 23) + number * DAY) for number in range(6)]

    assert today == {"at-risk"}
    assert set(after) == {"at-risk"}


def test_the_shipped_policy_flags_who_never_comes() -> None:
    """Nothing done for weeks is a flag by the rules that come with the product, with a sentence for each reason."""
    found = assessed([enrolled()], SHIPPED, date(2025, 9, 22))

    assert found.flagged
    assert "never-started" in {reason.signal for reason in found.reasons}
    assert all(reason.sentence.endswith(".") and reason.remedy.endswith(".") for reason in found.reasons)


def test_the_next_change_is_none_when_nothing_can_change() -> None:
    """Passed, with every date in the past."""
    facts = [enrolled(), make(AssessmentMarked(attempt=1, outcome="passed"), at(40))]

    assert assessed(facts, SHIPPED, date(2027, 1, 1)).next_change is None


def test_a_deferral_without_an_end_names_no_day_on_which_it_ends() -> None:
    """Its next look is at a date of the course, not at the end of time."""
    facts = [enrolled(), make(Deferred(reason="other"), at(20))]

    assert assessed(facts, only("behind"), date(2027, 1, 1)).next_change is None


def test_what_happens_on_the_day_is_looked_at_on_the_next() -> None:
    """A fact of the day itself, or of one to come, is a reason to look again tomorrow."""
    for when in (at(30), at(35)):
        assert assessed([enrolled(), visit(when)], BEHIND, at(30).date()).next_change == at(31).date()


def test_levels_are_told_apart_by_their_rank() -> None:
    """At risk and critical are flags, the two below are not."""
    answers = [Assessment(level=each, points=0, reasons=(), policy="p", as_of=date(2026, 1, 1)) for each in LEVELS]

    assert [each.flagged for each in answers] == [False, False, True, True]
    assert LEVELS[FLAGGED] == "at-risk"
