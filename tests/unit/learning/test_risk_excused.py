"""Who has no flag: deferred, withdrawn, done, excused, put right, not begun; from which day, and until when."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AttendanceRecorded,
    ComponentReopened,
    Deferred,
    ExtenuatingCircumstancesGranted,
    Resumed,
    Withdrawn,
)
from learning.measures import measure
from learning.policy import Policies, shipped_policies
from learning.progress import fold_all
from learning.risk import Earlier, assess
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.risk_kit import DAY, RISKY, assessed, level, only, policies_of, rules_of, steps

SHIPPED = shipped_policies()
_MARKED = (("passed", 20), ("failed", 80))


def held(days: int) -> Policies:
    """The same, held for so many days."""
    return policies_of(rules_of(hold_days=days, behind=steps("behind", (1, 1), (2, 2), (3, 3))))


def every_day(first: date, last: date) -> Iterator[date]:
    """The days from one to another."""
    while first <= last:
        yield first
        first += DAY


def flags(facts: list[Fact], first: date, last: date, policies: Policies = SHIPPED) -> list[date]:
    """The days on which there is a flag."""
    return [day for day in every_day(first, last) if assessed(facts, policies, day).flagged]


def test_a_deferral_ends_the_flag_until_the_return() -> None:
    """On track from the day after it was granted; back, the plan is pro rata, so the flag does not return at once."""
    granted = make(Deferred(reason="other", granted_by="staff-1"), datetime(2025, 10, 1, 12, tzinfo=UTC))
    back = make(Resumed(), datetime(2025, 12, 1, 12, tzinfo=UTC))

    assert level([enrolled(), granted], held(5), date(2025, 10, 1)) == "critical"
    assert not flags([enrolled(), granted], date(2025, 10, 2), date(2026, 6, 1), held(5))
    assert not flags([enrolled(), granted, back], date(2025, 10, 2), date(2025, 12, 14), held(5))
    assert level([enrolled(), granted, back], held(5), date(2026, 2, 1)) == "critical"


def test_a_withdrawal_ends_the_flag_when_it_takes_effect() -> None:
    """Signed off on 1 October for the 20th: flagged until then, and said beforehand to change on that day."""
    leaves = date(2025, 10, 20)
    signed = Withdrawn(reason="other", effective=leaves, signed_off_by="partner-1")
    facts = [enrolled(), make(signed, datetime(2025, 10, 1, 12, tzinfo=UTC))]

    assert level(facts, held(5), leaves - DAY) == "critical"
    assert assessed(facts, held(5), leaves - DAY).next_change == leaves
    assert not flags(facts, leaves, date(2026, 6, 1), held(5))


@pytest.mark.parametrize(
    "first", [Deferred(reason="other"), Withdrawn(reason="other", effective=date(2025, 10, 1), signed_off_by="p")]
)
def test_who_is_gone_already_is_looked_at_when_a_withdrawal_takes_effect(first: Deferred) -> None:
    """Deferred, or withdrawn once before: the status changes on the effective day, and this is foretold."""
    later = make(Withdrawn(reason="other", effective=date(2025, 12, 10), signed_off_by="partner-1"), at(40))
    state = fold_all([enrolled(), make(first, at(20)), later])
    before, after = (measure(state, RISKY, date(2025, 12, day)) for day in (9, 10))

    assert before is not None
    assert after is not None
    assert before.standing.since != after.standing.since
    assert assessed(state, SHIPPED, date(2025, 12, 1)).next_change == date(2025, 12, 10)


def test_a_withdrawal_signed_off_for_the_past_does_not_undo_the_days_before_it_was_known() -> None:
    """Signed off on 1 December for October: flagged since September until then; after the return, a new beginning."""
    signed = make(
        Withdrawn(reason="other", effective=date(2025, 10, 1), signed_off_by="p"), datetime(2025, 12, 1, tzinfo=UTC)
    )
    back = make(Resumed(), datetime(2025, 12, 2, tzinfo=UTC))

    assert assessed([enrolled(), signed, back], held(5), date(2025, 12, 1)).flagged_since == date(2025, 9, 22)
    assert assessed([enrolled(), signed, back], held(5), date(2025, 12, 3)).flagged_since is None


def test_who_completed_has_no_flag() -> None:
    """Passed without ever having done what was due: nothing is left to warn of."""
    facts = [enrolled(), make(AssessmentMarked(attempt=1, outcome="passed"), at(40))]

    assert level(facts, held(5), at(40).date()) == "critical"
    assert not flags(facts, at(41).date(), date(2026, 6, 1), held(5))


EXCUSED = ExtenuatingCircumstancesGranted(attempt=1)


@pytest.mark.parametrize(
    ("closes", "excused_days", "again"),
    [
        (None, 0, 1),
        (None, 10, 11),
        (date(2025, 10, 5), 10, 11),
        (date(2025, 10, 25), 10, 25),
        (date(2025, 10, 11), 0, 11),
    ],
)
def test_extenuating_circumstances_excuse_for_some_days_or_until_the_window_closes(
    closes: date | None, excused_days: int, again: int
) -> None:
    """Granted on 1 October: no flag from the next day on, until the later of the two is over, and then again."""
    rules = policies_of(rules_of(excused_days=excused_days, behind=steps("behind", (1, 3))))
    facts = [enrolled(), make(EXCUSED, datetime(2025, 10, 1, 12, tzinfo=UTC))]
    if closes:
        facts.append(make(AssessmentEntered(attempt=1, opens=closes - 7 * DAY, closes=closes), at(1)))
    back = date(2025, 10, 1) + again * DAY

    assert level(facts, rules, date(2025, 10, 1)) == "critical"
    assert not flags(facts, date(2025, 10, 2), back - DAY, rules)
    assert flags(facts, back, back + DAY, rules) == [back, back + DAY]


def test_extenuating_circumstances_last_as_long_as_the_window_that_was_told_of_last() -> None:
    """An entry for another attempt makes no difference to it."""
    rules = only("behind", excused_days=2)
    window = [(1, date(2025, 10, 10), 1), (1, date(2025, 10, 20), 2), (2, date(2025, 11, 20), 3)]
    entries = [make(AssessmentEntered(attempt=n, opens=closes, closes=closes), at(day)) for n, closes, day in window]
    facts = [enrolled(), *entries, make(EXCUSED, datetime(2025, 10, 1, 12, tzinfo=UTC))]

    assert not flags(facts, date(2025, 10, 2), date(2025, 10, 20), rules)
    assert level(facts, rules, date(2025, 10, 21)) == "at-risk"


def test_an_absence_put_right_takes_the_flag_back() -> None:
    """A register corrected from absent to caught up: current flags follow what is known now, back to the day itself."""
    when = datetime(2025, 10, 1, 17, tzinfo=UTC)
    absent, put_right = (
        make(AttendanceRecorded(component="clinic-1", attendance=said), when, recordedtime=when + late * DAY)  # type: ignore[arg-type]  # a word
        for said, late in (("absent", 0), ("caught-up", 9))
    )
    missed = only("sessions-missed")

    assert flags([enrolled(), absent], date(2025, 10, 1), date(2025, 10, 4), missed) == list(
        every_day(date(2025, 10, 2), date(2025, 10, 4))
    )
    assert not flags([enrolled(), absent, put_right], date(2025, 10, 1), date(2025, 12, 4), missed)


def test_nobody_has_a_flag_before_the_intake_begins() -> None:
    """Whatever happened before; the first day that counts is the one after the first day of the intake."""
    strict = policies_of(rules_of(gate_out_of_reach=steps("gate-out-of-reach", (0, 3)), behind=steps("behind", (0, 3))))
    facts = [enrolled(at(-90))]

    assert not flags(facts, at(-89).date(), at(0).date(), strict)


def test_an_earlier_answer_is_left_aside_when_the_window_that_excused_is_told_anew() -> None:
    """A window told of late lengthens an excuse in the past: since when is found by looking again."""
    rules = only("behind", excused_days=10)
    late = make(AssessmentEntered(attempt=1, opens=date(2025, 10, 8), closes=date(2025, 10, 15)), at(60))
    state = fold_all([enrolled(), make(EXCUSED, datetime(2025, 10, 1, 12, tzinfo=UTC)), late])
    day = at(61).date()
    before = assessed(state, rules, at(60).date())
    earlier = Earlier(before.level, before.since, before.flagged_since, at(60).date())

    assert before.since == date(2025, 10, 12)
    assert assessed(state, rules, day).since == date(2025, 10, 16)
    assert assess(state, RISKY, rules, day, earlier=earlier) == assessed(state, rules, day)


def test_an_earlier_answer_is_left_aside_when_a_completion_is_taken_back() -> None:
    """Who had passed, and by a corrected mark has not, is flagged since when they would have been all along."""
    rules = only("behind")
    passed, failed = (make(AssessmentMarked(attempt=1, outcome=word), at(day)) for word, day in _MARKED)
    state = fold_all([enrolled(), passed, failed])
    before, day = assessed(state, rules, at(80).date()), at(81).date()
    earlier = Earlier(before.level, before.since, before.flagged_since, at(80).date())

    assert before.level == "on-track"
    assert assessed(state, rules, day).since == assessed([enrolled()], rules, day).since
    assert assess(state, RISKY, rules, day, earlier=earlier) == assessed(state, rules, day)


def test_an_earlier_answer_is_left_aside_when_done_work_is_taken_back() -> None:
    """Who had reached the gate of a programme without an assessment, and now has not, is looked at anew."""
    rules = only("behind")
    done = (completed(component, at(30)) for component in COMPONENTS if component != "module-1")
    reopened = make(ComponentReopened(component="module-2"), at(200))
    state = fold_all([enrolled(programme="rules/open"), *done, reopened])
    before, day = assessed(state, rules, at(200).date()), at(201).date()
    earlier = Earlier(before.level, before.since, before.flagged_since, at(200).date())

    assert before.level == "on-track"
    assert assessed(state, rules, day).since == date(2025, 11, 3)
    assert assess(state, RISKY, rules, day, earlier=earlier) == assessed(state, rules, day)


def test_extenuating_circumstances_end_a_flag_at_once() -> None:
    """Granted, they excuse from the next day on; no level is held for the days before it comes down."""
    granted = make(ExtenuatingCircumstancesGranted(attempt=1), datetime(2025, 10, 1, 12, tzinfo=UTC))

    rules = policies_of(rules_of(hold_days=5, excused_days=28, behind=steps("behind", (1, 3))))

    assert assessed([enrolled(), granted], rules, date(2025, 10, 1)).flagged
    assert not assessed([enrolled(), granted], rules, date(2025, 10, 2)).flagged
