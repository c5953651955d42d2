"""Signals of dates that come near, at their borders: DfE's milestones, assessment windows, the deadline of the gate."""

from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    DeferralRequested,
    ExtenuatingCircumstancesGranted,
)
from learning.milestones import shipped_milestones
from learning.policy import Policies
from learning.progress import fold_all
from learning.risk import Earlier, assess
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.risk_kit import AMBITION, DAY, RISKY, assessed, only, points, reason, small_from

LEADERSHIP = "ambition-2024/npqsl"
PUBLISHED = shipped_milestones().versions[0].published


def npq(*facts: Fact, programme: str = LEADERSHIP, intake: str = "2024-autumn") -> list[Fact]:
    """An enrolment on a shipped programme."""
    begun = RISKY.intake(programme, intake).start
    when = datetime(begun.year, begun.month, begun.day, 8, tzinfo=UTC)
    return [enrolled(when, programme=programme, intake=intake), *facts]


def visit(when: datetime) -> Fact:
    """A visit to the learning platform."""
    return make(ActivitySeen(), when)


MILESTONE = only("milestone-near", (28, 1), (14, 2), (0, 3))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 12, 26), 0),
        (date(2025, 12, 27), 1),
        (date(2026, 1, 9), 1),
        (date(2026, 1, 10), 2),
        (date(2026, 1, 23), 2),
        (date(2026, 1, 24), 3),
        (date(2026, 1, 25), 0),
    ],
)
def test_a_milestone_comes_near_and_passes(day: date, expected: int) -> None:
    """Retained-2 of autumn 2024 leadership is due by 24 January 2026: 28 days, 14 days, the day itself; then gone."""
    assert points(npq(), MILESTONE, day) == expected


@pytest.mark.parametrize(
    ("programme", "day", "told"),
    [
        (LEADERSHIP, date(2026, 7, 25), True),
        (LEADERSHIP, date(2026, 2, 21), False),
        (AMBITION, date(2026, 2, 21), False),
        (AMBITION, date(2025, 5, 26), True),
    ],
)
def test_each_course_group_has_dates_of_its_own(programme: str, day: date, told: bool) -> None:
    """Leadership ends on 25 July 2026; a specialist who is past the deadline of the programme is asked all the same."""
    expected = told or programme == AMBITION

    assert (points(npq(programme=programme), MILESTONE, day) > 0) is expected


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (datetime(2025, 5, 26, 22, 59, tzinfo=UTC), True),
        (datetime(2025, 5, 26, 23, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 9, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 10, 0, 0, tzinfo=UTC), True),
    ],
)
def test_any_activity_in_the_window_is_evidence(seen: datetime, told: bool) -> None:
    """The window opens on 27 May 2025 in UK time, an hour before midnight UTC; what is done counts on the next day."""
    assert (points(npq(visit(seen)), MILESTONE, date(2026, 1, 10)) > 0) is told


def test_activity_in_the_window_before_is_no_evidence_for_the_next() -> None:
    """Active for retained-1, silent since: retained-2 is near."""
    facts = npq(visit(datetime(2025, 4, 1, tzinfo=UTC)))

    assert points(facts, MILESTONE, date(2025, 5, 20)) == 0
    assert points(facts, MILESTONE, date(2026, 1, 20)) == 2


@pytest.mark.parametrize(
    "facts", [npq(intake="2026-autumn"), npq(programme="ambition-2024/npqsl", intake="2025-autumn"), [enrolled()]]
)
def test_where_dfe_has_published_no_dates_none_come_near(facts: list[Fact]) -> None:
    """Later intakes have no milestones yet, and other courses never have."""
    begun = date(2026, 11, 1)

    assert not any(points(facts, only("milestone-near"), begun + number * DAY) for number in range(0, 700, 7))


def test_dates_count_from_the_day_on_which_dfe_published_them() -> None:
    """The day before, nobody could know; and the answer of that day says when to look again."""
    before, after = (assessed(npq(), MILESTONE, day) for day in (PUBLISHED - DAY, PUBLISHED))

    assert (before.points, after.points) == (0, 2)
    assert before.next_change is not None
    assert before.next_change <= PUBLISHED


@pytest.mark.parametrize("policies", [MILESTONE, only("milestone-near", (366, 2))])
def test_dates_that_were_published_late_change_the_past(policies: Policies) -> None:
    """What was said before the publication is no help after it: the level began when the milestone came near."""
    state = fold_all(npq())
    before = assessed(state, policies, PUBLISHED - DAY)
    earlier = Earlier(before.level, before.since, before.flagged_since, PUBLISHED - DAY)

    found = assessed(state, policies, PUBLISHED)

    assert found.since is not None
    assert found.since < PUBLISHED
    assert assess(state, RISKY, policies, PUBLISHED, earlier=earlier) == found


def test_a_milestone_tells_its_dates() -> None:
    """When the declaration is due and since when nothing was done."""
    found = reason(npq(), "milestone-near", date(2026, 1, 10))

    assert found is not None
    assert found.sentence == ("No evidence for the declaration due by 24 Jan 2026: nothing was done since 27 May 2025.")
    assert found.remedy == "A completed component or an attended session by 24 Jan 2026."


OPENS, CLOSES = date(2026, 3, 17), date(2026, 3, 24)
WINDOW = only("window-open", (8, 1), (3, 2), (0, 3))


def entered(attempt: int = 1, day: float = 170, closes: date = CLOSES, known: float | None = None) -> Fact:
    """An entry for an attempt, whose window is of eight days."""
    window = AssessmentEntered(attempt=attempt, opens=closes - 7 * DAY, closes=closes)
    return make(window, at(day), recordedtime=at(day if known is None else known))


def ready(*facts: Fact) -> list[Fact]:
    """Everything done, and these facts."""
    return [enrolled(), *(completed(component, at(10)) for component in COMPONENTS), *facts]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (OPENS - DAY, 0),
        (OPENS, 1),
        (CLOSES - 4 * DAY, 1),
        (CLOSES - 3 * DAY, 2),
        (CLOSES - DAY, 2),
        (CLOSES, 3),
        (CLOSES + DAY, 0),
    ],
)
def test_a_window_opens_comes_to_its_end_and_closes(day: date, expected: int) -> None:
    """Nothing before it, more in its last days, most on the closing day itself, nothing after it."""
    assert points(ready(entered()), WINDOW, day) == expected


ANSWERS = (
    AssessmentSubmitted(component="case-study", attempt=1),
    ExtenuatingCircumstancesGranted(attempt=1),
    AssessmentMarked(attempt=1, outcome="failed"),
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_closes_the_matter_on_the_next_day(answer: AssessmentSubmitted) -> None:
    """Handed in on 20 March, excused or marked: open on that day, settled on the 21st."""
    facts = ready(entered(), make(answer, datetime(2026, 3, 20, 23, 59, tzinfo=UTC)))

    assert points(facts, WINDOW, date(2026, 3, 20)) == 1
    assert points(facts, WINDOW, date(2026, 3, 21)) == 0


def test_work_for_one_attempt_does_not_answer_another() -> None:
    """The second attempt's window stays open when work comes for the first."""
    facts = ready(entered(2), make(ANSWERS[0], at(192)))

    assert points(facts, WINDOW, CLOSES) == 3


def test_an_entry_that_is_told_late_counts_from_the_day_after() -> None:
    """Entered on the third day of the window, in the evening."""
    facts = ready(entered(day=192))

    assert points(facts, WINDOW, OPENS + 2 * DAY) == 0
    assert points(facts, WINDOW, OPENS + 3 * DAY) == 1


def test_the_window_told_of_last_is_the_window() -> None:
    """Put off by ten days: open then, and not before."""
    facts = ready(entered(), entered(closes=CLOSES + 10 * DAY, day=171))

    assert [points(facts, WINDOW, day) for day in (CLOSES, CLOSES + 2 * DAY, CLOSES + 10 * DAY)] == [0, 0, 3]


def test_of_two_open_windows_the_one_that_closes_first_is_told() -> None:
    """Both attempts are entered: the reason names the more urgent one."""
    found = reason(ready(entered(2), entered(1, closes=CLOSES + 2 * DAY)), "window-open", CLOSES)

    assert found is not None
    assert found.sentence == "Nothing handed in for assessment attempt 2: its window closes on 24 Mar 2026."
    assert found.remedy == "Handing in by 24 Mar 2026, or extenuating circumstances; else the attempt is lost."


DEADLINE = date(2026, 3, 7)
NEAR = only("deadline-near", (56, 1), (28, 2), (0, 3))


def some(number: int, *facts: Fact) -> list[Fact]:
    """An enrolment with so many components done."""
    return [enrolled(), *(completed(component, at(10)) for component in COMPONENTS[:number]), *facts]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (DEADLINE - 57 * DAY, 0),
        (DEADLINE - 56 * DAY, 1),
        (DEADLINE - 29 * DAY, 1),
        (DEADLINE - 28 * DAY, 2),
        (DEADLINE - DAY, 2),
        (DEADLINE, 3),
        (DEADLINE + DAY, 0),
    ],
)
def test_the_deadline_comes_near_and_passes(day: date, expected: int) -> None:
    """For who is behind: 56 days, 28 days, most on the deadline day itself; on the day after, nothing."""
    assert points(some(8), NEAR, day) == expected


@pytest.mark.parametrize(("number", "told"), [(8, True), (9, False)])
def test_who_reached_the_gate_has_no_deadline_to_fear(number: int, told: bool) -> None:
    """Nine of ten are the gate."""
    assert (points(some(number), NEAR, DEADLINE) > 0) is told


@pytest.mark.parametrize(
    ("asked", "day", "expected"),
    [
        (datetime(2026, 3, 5, 23, 59, tzinfo=UTC), DEADLINE - DAY, 0),
        (datetime(2026, 3, 6, 0, 0, tzinfo=UTC), DEADLINE - DAY, 2),
        (datetime(2026, 3, 6, 23, 59, tzinfo=UTC), DEADLINE, 0),
        (datetime(2026, 3, 7, 23, 30, tzinfo=UTC), DEADLINE, 3),
    ],
)
def test_asking_for_a_deferral_ends_the_warning_on_the_next_day(asked: datetime, day: date, expected: int) -> None:
    """Whoever asks by then loses no attempt; what is asked on the day itself is seen on the next."""
    assert points(some(8, make(DeferralRequested(reason="other"), asked)), NEAR, day) == expected


@pytest.mark.parametrize(("day", "expected"), [(date(2025, 10, 31), 0), (date(2025, 11, 1), 2), (date(2025, 11, 7), 3)])
def test_who_keeps_up_is_warned_in_the_last_week_alone(day: date, expected: int) -> None:
    """On a course of two months that has work due to the end: eight of ten when nine are not due yet."""
    courses = small_from(date(2025, 9, 8), months=2)
    facts = [enrolled(programme="own/course"), *some(8)[1:]]

    assert courses.plan("own/course", "autumn").deadline == date(2025, 11, 7)
    assert points(facts, NEAR, day, courses) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2028, 1, 31), 1),
        (date(2028, 2, 1), 2),
        (date(2028, 2, 28), 2),
        (date(2028, 2, 29), 3),
        (date(2028, 3, 1), 0),
    ],
)
def test_days_are_counted_over_a_leap_day(day: date, expected: int) -> None:
    """A deadline on 29 February 2028 is 28 days away on 1 February, and there on the 29th."""
    courses = small_from(date(2027, 9, 1))
    facts = [enrolled(datetime(2027, 9, 1, 9, tzinfo=UTC), programme="own/course")]

    assert points(facts, NEAR, day, courses) == expected


def test_the_deadline_is_told_with_what_is_done() -> None:
    """And what the gate is."""
    found = reason(some(8), "deadline-near", DEADLINE)

    assert found is not None
    assert found.sentence == (
        "The deadline is 7 Mar 2026: 80 % is done, the gate is 90 %, and no deferral was asked for."
    )
    assert found.remedy == "Reaching 90 % by 7 Mar 2026, or asking for a deferral by then."


@pytest.mark.parametrize("day", [DEADLINE - 20 * DAY, DEADLINE - 15 * DAY])
def test_a_countdown_says_the_same_until_its_next_step(day: date) -> None:
    """Reasons name dates, and for a figure the step that was reached: so they hold without looking again every day."""
    reasons = assessed(some(8), NEAR, day).reasons

    assert reasons == assessed(some(8), NEAR, DEADLINE - 28 * DAY).reasons
    assert [(each.figure, each.threshold) for each in reasons] == [(-28, -28)]
