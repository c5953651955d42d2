"""Assessment attempts: each rule at the border between keeping an attempt and losing it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from learning.assessment import Attempts, attempts
from learning.catalogue import AssessmentRule
from learning.events import Fact
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    DeferralRequested,
    Deferred,
    ExtenuatingCircumstancesGranted,
    Resumed,
)
from learning.progress import fold_all
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.courses import measured

DAY = timedelta(days=1)
DEADLINE = date(2026, 3, 7)
LAST_MINUTE = datetime(2026, 3, 7, 23, 59, tzinfo=UTC)
NEXT_DAY = datetime(2026, 3, 8, tzinfo=UTC)
CLOSES = date(2026, 3, 24)
LATER = date(2026, 9, 1)

RULE = AssessmentRule(attempts=2, window_days=8)


def nearly_there(intake: str = "autumn") -> list[Fact]:
    """Eight of ten components: one short of the gate of 90 %."""
    return [enrolled(intake=intake), *(completed(component, at(10)) for component in COMPONENTS[:8])]


def entered(attempt: int = 1, closes: date = CLOSES, day: float = 170, known: float | None = None) -> Fact:
    """An entry for an attempt."""
    window = AssessmentEntered(attempt=attempt, opens=closes - 7 * DAY, closes=closes)
    return make(window, at(day), recordedtime=at(day if known is None else known))


def submitted(attempt: int = 1, day: float = 195) -> Fact:
    """Work handed in for an attempt."""
    return make(AssessmentSubmitted(component="case-study", attempt=attempt), at(day))


def failed(attempt: int = 1, day: float = 220) -> Fact:
    """A mark that says failed."""
    return make(AssessmentMarked(attempt=attempt, outcome="failed"), at(day))


def passed(attempt: int = 1, day: float = 220) -> Fact:
    """A mark that says passed."""
    return make(AssessmentMarked(attempt=attempt, outcome="passed"), at(day))


def excused(attempt: int = 1, day: float = 200) -> Fact:
    """Extenuating circumstances accepted for an attempt."""
    return make(ExtenuatingCircumstancesGranted(attempt=attempt), at(day))


def after(
    facts: Iterable[Fact], day: date | None = LATER, *, gate: bool = True, rule: AssessmentRule = RULE
) -> Attempts:
    """The attempts of somebody who reached the gate in time, or did not, and of whom these facts are known."""
    return attempts(rule, fold_all(facts).life, deadline=DEADLINE, gate_in_time=gate, day=day)


@pytest.mark.parametrize(
    ("ninth", "day", "left"),
    [
        (None, DEADLINE, 2),
        (None, DEADLINE + DAY, 1),
        (LAST_MINUTE, DEADLINE + DAY, 2),
        (NEXT_DAY, DEADLINE + DAY, 1),
        (NEXT_DAY, LATER, 1),
    ],
)
def test_the_gate_can_be_reached_until_the_deadline_day_ends(ninth: datetime | None, day: date, left: int) -> None:
    """Reached in the last minute of the deadline day nothing is lost; reached the day after, one attempt is."""
    facts = nearly_there() + ([] if ninth is None else [completed("clinic-1", ninth)])

    assert measured(facts, day).attempts_left == left


@pytest.mark.parametrize(
    ("hour", "left"),
    [(datetime(2026, 7, 4, 22, 59, tzinfo=UTC), 2), (datetime(2026, 7, 4, 23, 0, tzinfo=UTC), 1)],
)
def test_in_summer_the_deadline_day_ends_an_hour_before_midnight_utc(hour: datetime, left: int) -> None:
    """The spring intake's deadline is 4 July 2026, in UK time."""
    facts = [*nearly_there("spring"), completed("clinic-1", hour)]

    assert measured(facts, LATER).attempts_left == left


@pytest.mark.parametrize(
    ("asked", "left"), [(at(30), 2), (LAST_MINUTE, 2), (NEXT_DAY, 1), (datetime(2026, 4, 1, tzinfo=UTC), 1)]
)
def test_a_deferral_must_be_asked_for_by_the_deadline_day(asked: datetime, left: int) -> None:
    """Who asks on the last day keeps the attempt without reaching the gate; the day after is too late."""
    assert after([make(DeferralRequested(reason="other"), asked)], gate=False).left == left


def test_a_deferral_that_was_granted_was_asked_for() -> None:
    """Where only the granting is on record, it stands for the request."""
    facts = [make(Deferred(reason="other"), LAST_MINUTE), make(Resumed(), at(300))]

    assert after(facts, gate=False).left == 2
    assert after([make(Deferred(reason="other"), NEXT_DAY)], gate=False).left == 1


@pytest.mark.parametrize(("day", "left"), [(None, 2), (CLOSES, 2), (CLOSES + DAY, 1)])
def test_an_entry_is_lost_when_the_closing_day_ends_without_work(day: date | None, left: int) -> None:
    """Entered and not submitted: nothing is lost on the closing day, one attempt is on the day after."""
    assert after([entered()], day).left == left


@pytest.mark.parametrize("answer", [submitted(), excused(), passed(), submitted(day=300)])
def test_an_entry_that_was_answered_is_not_lost(answer: Fact) -> None:
    """Work handed in, a mark or extenuating circumstances for the attempt keep it, however late they are on record."""
    assert after([entered(), answer]).left == 2


@pytest.mark.parametrize("answer", [submitted(2), excused(2)])
def test_an_answer_for_one_attempt_does_not_keep_another(answer: Fact) -> None:
    """Attempts are told apart by their number."""
    assert after([entered(), answer]).lost == (f"attempt 1 was entered and not submitted by {CLOSES}",)


def test_the_window_told_of_last_counts() -> None:
    """An entry whose closing day was put off, or put right, is lost by the new day alone."""
    longer = entered(closes=CLOSES + 10 * DAY, known=180)

    assert after([longer, entered()], CLOSES + 10 * DAY).left == 2
    assert after([longer, entered()], CLOSES + 11 * DAY).left == 1


def test_a_failed_attempt_is_spent() -> None:
    """One attempt is left, and the matter is not final."""
    found = after([entered(), submitted(), failed()])

    assert (found.left, found.outcome, found.final) == (1, "failed", False)
    assert found.lost == ("attempt 1 was failed",)


def test_extenuating_circumstances_do_not_undo_a_fail() -> None:
    """They excuse an attempt that could not be made, not one that was marked as failed."""
    assert after([entered(), submitted(), failed(), excused()]).left == 1


def test_a_second_attempt_that_is_passed_is_final() -> None:
    """Failed, then passed: passed, on the day of the second mark."""
    found = after([entered(), submitted(), failed(), entered(2), submitted(2), passed(2, day=300)])

    assert (found.outcome, found.final, found.decided_on) == ("passed", True, at(300).date())


def test_two_failed_attempts_are_final() -> None:
    """Failed with no attempt left: final, on the day of the second mark."""
    found = after([submitted(), failed(), submitted(2), failed(2, day=300)])

    assert (found.left, found.outcome, found.final) == (0, "failed", True)
    assert found.decided_on == at(300).date()


def test_who_missed_the_gate_has_one_attempt() -> None:
    """Missing the gate costs one attempt and failing the other: final."""
    found = after([submitted(), failed()], gate=False)

    assert (found.left, found.final) == (0, True)


def test_no_attempt_left_is_not_final_without_a_mark() -> None:
    """Who lost all attempts without being marked was neither passed nor failed."""
    found = after([entered(), entered(2)])

    assert (found.left, found.outcome, found.final) == (0, None, False)


def test_a_mark_that_was_put_right_counts_as_it_is_now() -> None:
    """Failed, amended to passed: passed, and the attempt is not lost."""
    found = after([failed(day=220), passed(day=230)])

    assert (found.left, found.outcome, found.lost) == (2, "passed", ())


def test_a_pass_outweighs_a_later_word_on_another_attempt() -> None:
    """When the mark of the first attempt is recorded again after the second was passed, it stays passed."""
    found = after([passed(2, day=300), failed(1, day=310)])

    assert (found.outcome, found.decided_on, found.final) == ("passed", at(300).date(), True)


def test_the_day_of_a_mark_is_its_day_in_the_uk() -> None:
    """Marked at half past eleven in the evening UTC of a summer day: the next day."""
    mark = make(AssessmentMarked(attempt=1, outcome="passed"), datetime(2026, 6, 29, 23, 30, tzinfo=UTC))

    assert after([mark]).decided_on == date(2026, 6, 30)


def test_every_loss_is_explained_in_order() -> None:
    """The gate first, then attempts by number; more losses than attempts leave none."""
    found = after([failed(2), entered()], gate=False)

    assert found.left == 0
    assert found.lost == (
        "the gate was not reached by 2026-03-07 and no deferral was asked for by then",
        "attempt 1 was entered and not submitted by 2026-03-24",
        "attempt 2 was failed",
    )


def test_before_any_day_nothing_was_missed() -> None:
    """Without a day, only a fail costs an attempt."""
    assert after([entered()], None, gate=False).left == 2
    assert after([failed()], None, gate=False).left == 1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_rule_says_how_many_attempts_there_are(count: int) -> None:
    """Lead providers differ: one fail leaves all but one."""
    assert after([failed()], rule=AssessmentRule(attempts=count, window_days=8)).left == count - 1
