"""How simulated lives end: withdrawals, gates and marks in an order and in shares that can be believed."""

from datetime import date, timedelta
from statistics import mean, median

from learning.calendar import uk_day
from learning.facts import (
    ActivitySeen,
    AssessmentEntered,
    AssessmentMarked,
    ComponentCompleted,
    DeferralRequested,
    Enrolled,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.measures import Progress, measure
from learning.progress import fold_all
from tests.simulation_kit import CURRICULUM, Lives, of, weeks_of_work


def test_who_is_withdrawn_does_nothing_afterwards(ended: Lives) -> None:
    """Sign-off follows a recommendation by more than a week, and no study follows sign-off."""
    withdrawn = [life for life in ended.values() if of(Withdrawn, life)]

    for life in withdrawn:
        [signed_off] = of(Withdrawn, life)
        recommended = of(WithdrawalRecommended, life)[-1]
        assert timedelta(days=9) < signed_off.time - recommended.time < timedelta(weeks=7)
        assert signed_off.data.effective <= uk_day(recommended.time)
        assert signed_off.data.reason == recommended.data.reason
        assert all(fact.time < signed_off.time for fact in of(ComponentCompleted, life) + of(ActivitySeen, life))


def test_a_partner_that_does_not_sign_off_objects(ended: Lives) -> None:
    """Every recommendation is answered, a week later by an objection or after more than that by a sign-off."""
    objected = [fact for life in ended.values() for fact in of(WithdrawalObjected, life)]
    recommended = [fact for life in ended.values() for fact in of(WithdrawalRecommended, life)]
    signed_off = [fact for life in ended.values() for fact in of(Withdrawn, life)]

    assert objected
    assert {(each.subject, each.time) for each in objected} < {
        (each.subject, each.time + timedelta(days=7)) for each in recommended
    }
    assert len(objected) + len(signed_off) == len(recommended)


def measured(lives: Lives, day: date) -> list[Progress]:
    """The progress of everybody as a day begins, from what happened before it."""
    states = [fold_all(fact for fact in life if uk_day(fact.recordedtime) < day) for life in lives.values()]
    return [each for state in states if (each := measure(state, CURRICULUM, day)) is not None]


def test_the_shares_that_leave_can_be_believed(ended: Lives) -> None:
    """By the end 8 to 20 % are withdrawn, and 2 to 5 % were never seen at all."""
    withdrawn = mean(bool(of(Withdrawn, life)) for life in ended.values())
    never_seen = mean(not weeks_of_work(life) and not of(ActivitySeen, life) for life in ended.values())

    assert 0.08 <= withdrawn <= 0.20
    assert 0.02 <= never_seen <= 0.05


def test_active_people_are_near_the_plan(ended: Lives) -> None:
    """In the middle of their programmes the median active participant is within a study week or two of the plan."""
    started = [each for each in measured(ended, date(2025, 6, 30)) if each.standing.status == "active"]
    active = [each for each in started if each.expected]
    behind = mean(each.completion < each.expected - 0.05 for each in active)

    assert abs(median(each.completion - each.expected for each in active)) < 0.05
    assert 0.1 < behind < 0.4


def test_most_pass_at_the_first_attempt_and_some_need_the_second(ended: Lives) -> None:
    """About 85 % of first attempts pass; a second attempt is entered only after one was lost or excused."""
    marks = [fact.data for life in ended.values() for fact in of(AssessmentMarked, life) if fact.data.attempt == 1]
    entered = [[fact.data.attempt for fact in of(AssessmentEntered, life)] for life in ended.values()]

    assert 0.80 <= mean(mark.outcome == "passed" for mark in marks) <= 0.90
    assert max(map(len, entered)) >= 2
    assert all(attempts == sorted(set(attempts)) for attempts in entered)


def test_nobody_is_entered_below_the_gate(ended: Lives) -> None:
    """Who is entered had reached 90 % by then, as far as was known to the simulation."""
    entered = [(life, of(AssessmentEntered, life)[0]) for life in ended.values() if of(AssessmentEntered, life)]
    below = 0
    for life, entry in entered:
        state = fold_all(fact for fact in life if fact.time < entry.time)
        progress = measure(state, CURRICULUM, uk_day(entry.time))
        below += progress is None or not progress.gate_reached

    assert entered
    assert below == 0


def test_some_ask_to_defer_just_before_the_deadline(ended: Lives) -> None:
    """A deferral asked for in the last fortnight before the deadline occurs: it is what saves an attempt."""
    days_left = []
    for life in ended.values():
        enrolled = of(Enrolled, life)[0].data
        deadline = CURRICULUM.plan(enrolled.programme, enrolled.intake).deadline
        days_left += [(deadline - uk_day(fact.time)).days for fact in of(DeferralRequested, life)]

    assert any(0 <= days <= 14 for days in days_left)
