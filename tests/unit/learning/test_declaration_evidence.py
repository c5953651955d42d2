"""What is evidence of a DfE declaration, from the first to the last moment of its window."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentSubmitted,
    ComponentReopened,
    Resumed,
)
from tests.builders import completed, make
from tests.declarations_kit import INDUCTION, RETAINED, STARTED, WINTER, codes, joined, judged, register, withdrawn


@pytest.mark.parametrize(
    ("time", "counts"),
    [
        pytest.param(datetime(2024, 11, 25, 23, 59, 59, tzinfo=UTC), False, id="the moment before the window"),
        pytest.param(datetime(2024, 11, 26, tzinfo=UTC), True, id="first moment, in winter time"),
        pytest.param(datetime(2025, 5, 26, 22, 59, 59, tzinfo=UTC), True, id="last moment, in summer time"),
        pytest.param(datetime(2025, 5, 26, 23, tzinfo=UTC), False, id="midnight in the UK, still the 26th in UTC"),
    ],
)
def test_a_retention_looks_at_its_window_in_uk_time(time: datetime, counts: bool) -> None:
    """The window has all of its first and of its last day, as they are in the UK, and nothing else."""
    retained = judged("retained-1", *STARTED, register("attended", time))

    assert retained.ready is counts
    assert codes(retained) == ([] if counts else ["no-evidence"])


@pytest.mark.parametrize("day", [date(2024, 11, 25), date(2024, 11, 26)])
def test_before_its_window_a_retention_is_neither_ready_nor_expected(day: date) -> None:
    """The day before the window says when it opens; the first day says that nothing was done yet."""
    retained = judged("retained-1", *STARTED, day=day)

    opened = day == retained.window_start
    assert codes(retained) == (["no-evidence"] if opened else ["window-not-open"])
    assert retained.expected is opened


def test_a_start_is_dated_by_the_first_engagement_and_a_retention_by_the_latest() -> None:
    """Both list everything that was done in their window."""
    facts = [
        *STARTED,
        completed("course-1/module-1-study", INDUCTION + timedelta(days=7)),
        register("attended", WINTER),
        register("caught-up", WINTER + timedelta(days=30), "clinic-2"),
    ]

    started, retained = judged("started", *facts), judged("retained-1", *facts)

    assert (len(started.evidence), started.declaration_date) == (2, INDUCTION)
    assert (len(retained.evidence), retained.declaration_date) == (2, WINTER + timedelta(days=30))


@pytest.mark.parametrize("done", ["completed", "attended", "caught-up", "submitted"])
def test_whatever_is_done_is_evidence(done: Any) -> None:
    """Completed, attended, caught up on and handed in are engagement."""
    fact = {
        "completed": completed("course-2/module-1-study", WINTER),
        "submitted": make(AssessmentSubmitted(component="case-study"), WINTER),
    }.get(done) or register(done, WINTER)

    assert [each.what for each in judged("retained-1", *STARTED, fact).evidence] == [done]


@pytest.mark.parametrize(
    "fact",
    [
        make(ActivitySeen(clicks=9), WINTER),
        register("absent", WINTER),
        make(AssessmentSubmitted(component="case-study", banked=True), WINTER),
        completed("not-in-the-programme", WINTER),
    ],
    ids=["visit", "absent", "banked", "unknown component"],
)
def test_what_is_not_engagement_is_no_evidence(fact: Fact) -> None:
    """A visit, an absence, banked work and what the programme does not have show nobody's work."""
    assert codes(judged("retained-1", *STARTED, fact)) == ["no-evidence"]


def test_a_visit_alone_is_no_start() -> None:
    """Who only looked at the platform has not started."""
    assert codes(judged("started", joined(), make(ActivitySeen(), INDUCTION))) == ["no-evidence"]


def test_attendance_that_was_corrected_to_absent_is_no_evidence() -> None:
    """Of two registers of one session the later one is believed, and a third one again."""
    attended, absent = (
        register(word, WINTER, recordedtime=WINTER + timedelta(days=days))
        for days, word in enumerate(("attended", "absent"))
    )
    again = register("attended", WINTER, recordedtime=WINTER + timedelta(days=9))

    assert not judged("retained-1", *STARTED, absent, attended).ready
    assert judged("retained-1", *STARTED, again, absent, attended).ready


def test_what_was_taken_back_is_no_evidence_until_it_is_done_again() -> None:
    """A reopened component shows nothing from before."""
    module = "course-2/module-1-study"
    done = completed(module, WINTER)
    reopened = make(ComponentReopened(component=module), WINTER + timedelta(days=1))
    again = completed(module, WINTER + timedelta(days=2))

    assert not judged("retained-1", *STARTED, done, reopened).ready
    assert judged("retained-1", *STARTED, done, reopened, again).declaration_date == again.time


def test_what_became_known_late_counts_for_when_it_happened() -> None:
    """A register that comes after the deadline is evidence in the window, and both its times are shown."""
    known = WINTER + timedelta(days=200)
    retained = judged("retained-1", *STARTED, register("attended", WINTER, recordedtime=known))

    assert retained.ready
    assert [(each.time, each.recordedtime) for each in retained.evidence] == [(WINTER, known)]


def test_what_happened_after_the_day_is_left_out() -> None:
    """The day itself is the last that counts: nothing is declared of the future."""
    assert judged("retained-1", *RETAINED, day=WINTER.date()).ready
    assert not judged("retained-1", *RETAINED, day=WINTER.date() - timedelta(days=1)).ready


def test_a_late_start_is_ready_with_a_warning() -> None:
    """DfE accepts a start after its deadline and pays later; the first engagement is its evidence."""
    first = datetime(2024, 11, 26, tzinfo=UTC)
    started = judged("started", joined(), completed("induction", first), register("attended", WINTER))

    assert (started.ready, codes(started)) == (True, ["after-deadline"])
    assert (len(started.evidence), started.declaration_date) == (1, first)


@pytest.mark.parametrize(
    ("time", "blockers"),
    [
        (datetime(2024, 9, 30, 22, 59, 59, tzinfo=UTC), ["before-schedule-start"]),
        (datetime(2024, 9, 30, 23, tzinfo=UTC), []),
    ],
)
def test_nothing_is_dated_before_the_schedule_begins(time: datetime, blockers: list[str]) -> None:
    """DfE refuses a date before the schedule's first day, 1 October 2024 in UK time."""
    assert codes(judged("started", joined(), completed("induction", time))) == blockers


def test_engagement_from_before_the_schedule_is_left_aside_once_there_is_later() -> None:
    """The first engagement that DfE accepts is the start."""
    early = completed("induction", datetime(2024, 9, 25, tzinfo=UTC))
    started = judged("started", joined(), early, completed("conference-1", INDUCTION))

    assert (codes(started), started.declaration_date) == ([], INDUCTION)


@pytest.mark.parametrize(
    ("effective", "blockers"),
    [(date(2025, 1, 14), ["withdrawn"]), (date(2025, 1, 15), [])],
    ids=["the day it was done", "the day after"],
)
def test_only_what_was_done_before_a_withdrawal_counts(effective: date, blockers: list[str]) -> None:
    """DfE accepts a declaration of somebody who withdrew if it is dated before; the day itself is too late."""
    retained = judged("retained-1", *RETAINED, withdrawn(effective))

    assert codes(retained) == blockers
    assert retained.expected is False


@pytest.mark.parametrize(("effective", "expected"), [(date(2025, 2, 1), False), (date(2025, 2, 2), True)])
def test_a_withdrawal_holds_from_its_effective_day_though_it_was_signed_off_later(
    effective: date, expected: bool
) -> None:
    """Asked for a day before the sign-off, who had left by then is not expected."""
    assert judged("retained-1", *STARTED, withdrawn(effective), day=date(2025, 2, 1)).expected is expected


def test_a_withdrawal_that_was_taken_back_stands_in_nobodys_way() -> None:
    """Who came back is as if never gone."""
    resumed = make(Resumed(), datetime(2025, 3, 1, tzinfo=UTC))
    retained = judged("retained-1", *RETAINED, withdrawn(date(2025, 1, 10)), resumed)

    assert (retained.ready, retained.expected) == (True, True)
