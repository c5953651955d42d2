"""Days on which risk can change: between two of them nothing that any signal or measure looks at changes."""

from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from learning.events import Fact
from learning.hindsight import happened_before
from learning.measures import measure
from learning.milestones import shipped_milestones
from learning.policy import COUNTDOWNS, Policies, Rules
from learning.progress import fold_all
from learning.signals import SIGNALS
from learning.stretches import next_change, stretches
from learning.trail import Trail
from learning.view import View
from tests.builders import enrolled
from tests.risk_kit import DAY, RISKY, assessed, drawn_policies, only, policies_of, risky_lives, rules_of, trail_of

LAST = st.dates(date(2025, 9, 20), date(2026, 9, 1))


def laid_out(facts: list[Fact], day: date) -> Trail | None:
    """The trail as of a day; None when nobody was enrolled by then."""
    past = happened_before(fold_all(facts), day).state
    return None if measure(past, RISKY, day) is None else trail_of(past, day, excused_days=10)


def shown(trail: Trail, day: date, rules: Rules) -> Any:
    """Everything that the signals of some rules say on a day; of days that are left, the steps that are reached."""
    view = View(trail, day)
    said: dict[str, Any] = {"quiet": view.quiet}
    for code, steps in rules.signals.items():
        if not SIGNALS[code].applies(trail):
            continue
        figure = SIGNALS[code].figure(view)
        if figure is not None and figure >= steps[0].threshold:
            said[f"{code} inputs"] = dict(SIGNALS[code].inputs(view))
            reached = max(step.threshold for step in steps if step.threshold <= figure)
            said[code] = reached if code in COUNTDOWNS else figure
    return said


@given(risky_lives(), LAST, st.integers(0, 200), drawn_policies())
def test_stretches_are_all_days_once_the_latest_first(
    facts: list[Fact], last: date, length: int, policies: Policies
) -> None:
    """They begin on the first day, end on the last, and leave no day out."""
    trail, first = laid_out(facts, last), last - length * DAY
    if trail is None:
        return
    found = list(stretches(trail, policies.versions[0].default, first, last))

    assert found[0][1] == last
    assert found[-1][0] == first
    assert all(start <= end for start, end in found)
    assert all(end + DAY == later for (later, _), (_, end) in pairwise(found))


@given(risky_lives(), LAST, drawn_policies())
def test_every_day_of_a_stretch_is_like_the_others(facts: list[Fact], last: date, policies: Policies) -> None:
    """Every signal that counts says the same, with the same figures and dates, on each day of a stretch."""
    trail, rules = laid_out(facts, last), policies.versions[0].default
    if trail is None:
        return

    for start, end in stretches(trail, rules, last - 120 * DAY, last):
        days = [start + number * DAY for number in range((end - start).days + 1)]
        assert all(shown(trail, day, rules) == shown(trail, start, rules) for day in days)


@given(risky_lives(), LAST)
def test_the_signal_and_the_measure_agree_on_how_far_behind_somebody_is(facts: list[Fact], day: date) -> None:
    """Study weeks behind the plan are one figure, whoever asks for it."""
    past = happened_before(fold_all(facts), day).state
    progress = measure(past, RISKY, day)

    if progress is not None and progress.standing.status == "active":
        assert View(trail_of(past, day), day).weeks_behind == progress.lag_weeks


def test_the_next_change_lies_ahead() -> None:
    """Of the course: a study week that ends, work that falls due, the deadline; else the day that is given."""
    trail = trail_of([enrolled()], date(2025, 9, 10))
    rules = rules_of()

    def following(day: date, *coming: date | None) -> date | None:
        return next_change(trail, rules, day, coming, held=())

    assert following(date(2025, 9, 10)) == date(2025, 9, 15)
    assert following(date(2025, 9, 14)) == date(2025, 9, 15)
    assert following(date(2025, 9, 15)) == date(2025, 9, 22)
    assert following(date(2025, 9, 15), None, date(2025, 9, 17)) == date(2025, 9, 17)
    assert following(date(2026, 3, 7)) == date(2026, 3, 8)
    assert following(date(2026, 3, 8)) is None


def test_before_the_intake_the_next_change_is_the_first_day_that_counts() -> None:
    """The intake begins on Monday; what counts, counts from Tuesday on."""
    trail = trail_of([enrolled()], date(2025, 9, 8))

    assert next_change(trail, rules_of(), date(2025, 9, 8), (), held=()) == date(2025, 9, 9)


def test_a_held_level_is_looked_at_when_it_may_come_down() -> None:
    """So many days after the last one that holds it."""
    trail = trail_of([enrolled()], date(2025, 9, 10))

    assert next_change(trail, rules_of(hold_days=2), date(2025, 9, 10), (), held=[date(2025, 9, 9)]) == date(
        2025, 9, 11
    )


def test_on_a_course_by_the_day_work_is_overdue_on_the_day_after() -> None:
    """Due on Thursday 11 September: silence is dated from Friday, though no study week ends there."""
    facts = [enrolled(programme="days/course")]

    assert assessed(facts, only("silent"), date(2025, 9, 13)).since == date(2025, 9, 12)
    assert assessed(facts, only("silent", hold_days=5), date(2025, 9, 20)).since == date(2025, 9, 12)
    assert assessed(facts, only("silent"), date(2025, 9, 10)).next_change == date(2025, 9, 12)


def test_a_milestone_is_a_change_when_its_window_opens_and_when_it_is_over() -> None:
    """Of autumn 2024 leadership the window of 27 May 2025 ends on 24 January 2026."""
    facts = [enrolled(programme="dfe/course", intake="2024-autumn")]
    window = shipped_milestones().versions[-1].milestones("2024-autumn", "leadership")[2]
    found = assessed(facts, only("milestone-near"), window.deadline)

    assert found.next_change == window.deadline + DAY == date(2026, 1, 25)
    assert assessed(facts, policies_of(rules_of()), window.deadline).next_change == window.deadline + DAY
