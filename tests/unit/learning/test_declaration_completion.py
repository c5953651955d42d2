"""When a course can be declared as completed: by its outcome, or without one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from learning.facts import (
    AssessmentMarked,
    AssessmentSubmitted,
)
from tests.builders import SMALL, completed, make
from tests.declarations_kit import EHCO, INDUCTION, MARK, MARKED, RETAINED, all_types, codes, joined, judged, withdrawn


@pytest.mark.parametrize(("outcome", "has_passed"), [("passed", True), ("failed", False)])
def test_an_outcome_completes(outcome: Any, has_passed: bool) -> None:
    """The mark is the evidence beside the work, dates the declaration and says whether it was passed."""
    work = make(AssessmentSubmitted(component="case-study"), MARKED - timedelta(days=30))
    mark = make(AssessmentMarked(attempt=1, outcome=outcome), MARKED)
    declared = judged("completed", *RETAINED, work, mark)

    assert (declared.ready, declared.has_passed, declared.declaration_date) == (True, has_passed, MARKED)
    assert [each.what for each in declared.evidence] == ["submitted", outcome]


def test_a_failure_warns_while_another_attempt_is_left() -> None:
    """A pass can still follow; after the last attempt it cannot."""
    summer = datetime(2025, 9, 1, tzinfo=UTC)
    first, second = (
        make(AssessmentMarked(attempt=attempt, outcome="failed"), summer + timedelta(days=attempt))
        for attempt in (1, 2)
    )
    in_time = date(2025, 9, 10)

    assert codes(judged("completed", *RETAINED, first, day=in_time)) == ["may-retake"]
    assert codes(judged("completed", *RETAINED, first, second, day=in_time)) == []


def test_of_several_marks_the_one_that_decides_is_declared() -> None:
    """A pass outweighs the failure before it, and a corrected mark the one it corrects."""
    failed = make(AssessmentMarked(attempt=1, outcome="failed"), MARKED)
    corrected = make(AssessmentMarked(attempt=1, outcome="passed"), MARKED, recordedtime=MARKED + timedelta(days=3))
    second = make(AssessmentMarked(attempt=2, outcome="passed"), MARKED + timedelta(days=5))

    retaken = judged("completed", *RETAINED, failed, second)
    assert (retaken.has_passed, retaken.declaration_date, retaken.evidence[-1].attempt) == (True, second.time, 2)
    again = judged("completed", *RETAINED, failed, corrected)
    assert (again.has_passed, again.evidence[-1].recordedtime) == (True, corrected.recordedtime)


def test_a_mark_that_was_taken_back_decides_nothing() -> None:
    """Of two passes the one that still stands is declared, though the other was given later."""
    passed, taken_back = (
        make(AssessmentMarked(attempt=1, outcome=outcome), MARKED + timedelta(days=days))
        for outcome, days in (("passed", 5), ("failed", 7))
    )
    second = make(AssessmentMarked(attempt=2, outcome="passed"), MARKED + timedelta(days=3))

    assert judged("completed", *RETAINED, passed, taken_back, second).declaration_date == second.time


def test_work_handed_in_after_the_mark_is_no_evidence_of_it() -> None:
    """The second attempt's work does not stand beside the first one's failure."""
    failed = make(AssessmentMarked(attempt=1, outcome="failed"), MARKED)
    again = make(AssessmentSubmitted(component="case-study", attempt=2), MARKED + timedelta(days=5))

    assert [each.what for each in judged("completed", *RETAINED, failed, again).evidence] == ["failed"]


def test_without_an_outcome_nobody_completes() -> None:
    """Work that was handed in and not marked is no outcome."""
    work = make(AssessmentSubmitted(component="case-study"), MARKED)
    declared = judged("completed", *RETAINED, work)

    assert (codes(declared), declared.has_passed, declared.declaration_date) == (["outcome-missing"], None, None)


@pytest.mark.parametrize(
    ("marked", "warnings"),
    [
        (datetime(2026, 2, 21, 23, 59, 59, tzinfo=UTC), []),
        (datetime(2026, 2, 22, tzinfo=UTC), ["after-deadline"]),
        (datetime(2025, 5, 1, tzinfo=UTC), []),
    ],
    ids=["last moment", "after it", "before the window"],
)
def test_an_outcome_is_ready_whenever_it_came(marked: datetime, warnings: list[str]) -> None:
    """The deadline of completion decides on payment only."""
    mark = make(AssessmentMarked(attempt=1, outcome="passed"), marked)
    declared = judged("completed", *RETAINED, mark, day=date(2026, 3, 1))

    assert (declared.ready, codes(declared)) == (True, warnings)


def test_an_outcome_after_a_withdrawal_is_none() -> None:
    """Whoever left before the mark has no completion to declare."""
    declared = judged("completed", *RETAINED, withdrawn(date(2025, 3, 1)), MARK)

    assert (codes(declared), declared.has_passed) == (["withdrawn"], None)


COACHING = SMALL.plan(EHCO, "2024-autumn").programme.components


def test_coaching_completes_without_an_outcome_once_all_is_done() -> None:
    """DfE knows no pass or fail of the coaching offer: `has_passed` stays away."""
    facts = [joined(EHCO), *(completed(each.id, INDUCTION + timedelta(days=7 * n)) for n, each in enumerate(COACHING))]
    in_time = date(2025, 9, 1)
    unfinished, finished = (judged("completed", *some, day=in_time) for some in (facts[:-1], facts))

    assert codes(unfinished) == ["outcome-missing", "no-published-dates"]
    assert (finished.ready, finished.has_passed) == (True, None)
    assert (len(finished.evidence), finished.declaration_date) == (len(COACHING), facts[-1].time)


def test_without_published_dates_everything_counts_and_a_warning_says_so() -> None:
    """DfE publishes no dates of the coaching offer: a start looks from the enrolment on, the others after the start."""
    started, retained, *_ = all_types([joined(EHCO), completed("induction", INDUCTION)]).values()

    assert (started.ready, started.deadline, started.payment) == (True, None, None)
    assert (started.window_start, codes(started)) == (date(2024, 9, 20), ["no-published-dates"])
    assert codes(retained) == ["no-evidence", "no-published-dates"]
    assert retained.window_start == INDUCTION.date() + timedelta(days=1)


def test_without_published_dates_a_retention_is_dated_by_the_latest_engagement() -> None:
    """An intake of which DfE has published nothing yet, on a course that has dates in others."""
    autumn = datetime(2025, 10, 7, tzinfo=UTC)
    facts = [
        joined(time=autumn - timedelta(days=30), intake="2025-autumn"),
        completed("induction", autumn),
        *(completed(f"course-1/module-{part}", autumn + timedelta(days=days)) for part, days in PARTS),
    ]
    retained = judged("retained-1", *facts)

    assert (retained.ready, retained.declaration_date) == (True, autumn + timedelta(days=14))
    assert "2025-autumn" in retained.blockers[0].sentence


PARTS = (("1-study", 7), ("2-apply", 14))


@pytest.mark.parametrize(("day", "expected"), [(date(2025, 10, 6), False), (date(2025, 10, 7), True)])
def test_without_published_dates_completion_is_expected_after_the_programmes_own_deadline(
    day: date, expected: bool
) -> None:
    """Nobody knows DfE's date, so the last day on which the programme can be done decides: 6 October 2025."""
    facts = [joined(EHCO), *(completed(each.id, INDUCTION + timedelta(days=7 * n)) for n, each in enumerate(COACHING))]

    assert judged("completed", *facts[:4], day=day).expected is expected
