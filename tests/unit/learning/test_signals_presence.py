"""Signals of absence at their borders: never started and silent; in term, in holidays, across clocks."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from learning.calendar import shipped_intakes
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentReopened,
    Deferred,
    Resumed,
    Transferred,
)
from learning.plan import Plan
from tests.builders import COMPONENTS, SMALL_FILE, at, completed, enrolled, make
from tests.risk_kit import AMBITION, DAY, RISKY, assessed, figure, policies_of, reason, rules_of, small_from, steps

FIRST_DUE = date(2025, 9, 14)
WEEK = timedelta(weeks=1)
INTAKE = "2024-autumn"
IN_TERMS = [enrolled(datetime(2024, 10, 7, 8, tzinfo=UTC), programme=AMBITION, intake=INTAKE)]
TERM_PLAN = RISKY.plan(AMBITION, INTAKE)

ABSENCE = policies_of(
    rules_of(
        never_started=steps("never-started", (0, 1)),
        silent=steps("silent", (0, 1)),
        work_missing=steps("work-missing", (0, 1)),
        behind=steps("behind", (1, 1)),
        pace_falling=steps("pace-falling", (0, 1)),
    )
)
"""Every signal that the mere passing of days can bring about."""


def noon(day: date) -> datetime:
    """The middle of a day."""
    return datetime.combine(day, time(12), UTC)


def visit(when: datetime) -> Fact:
    """A visit to the learning platform."""
    return make(ActivitySeen(), when)


def register(component: str, when: datetime, attendance: str = "absent", known: datetime | None = None) -> Fact:
    """What a register says of a live session."""
    said = AttendanceRecorded(component=component, attendance=attendance)  # type: ignore[arg-type]  # one of its words
    return make(said, when, recordedtime=known or when)


def kept_up(plan: Plan, until: date) -> list[Fact]:
    """All that falls due up to a day, each done on its due day."""
    return [completed(component.id, noon(due)) for due, component in plan.due if due <= until]


@pytest.mark.parametrize(
    ("day", "weeks"),
    [(FIRST_DUE, None), (FIRST_DUE + DAY, 0), (FIRST_DUE + WEEK, 0), (FIRST_DUE + WEEK + DAY, 1)],
)
def test_never_started_begins_on_the_day_after_the_first_due_day(day: date, weeks: int | None) -> None:
    """Not on the due day itself; from the next day on at 0, and a study week later at 1."""
    assert figure([enrolled()], "never-started", day) == weeks


@pytest.mark.parametrize("begun", [completed("module-3", at(3)), visit(at(0)), register("clinic-1", at(2), "attended")])
def test_who_has_done_anything_has_started(begun: Fact) -> None:
    """A component, a visit or an attended session, whether due or not, is a start."""
    assert figure([enrolled(), begun], "never-started", FIRST_DUE + 9 * WEEK) is None


def test_being_absent_is_no_start() -> None:
    """A register that says absent does not say that somebody has started."""
    facts = [enrolled(), register("clinic-1", at(27))]

    assert figure(facts, "never-started", date(2025, 10, 6)) == 3


def test_work_carried_over_is_a_start() -> None:
    """Whose only mark is one carried over from an earlier registration was not at work, but has points."""
    banked = make(AssessmentSubmitted(component="module-1", banked=True), at(0))

    assert figure([enrolled(), banked], "never-started", date(2025, 10, 6)) is None


@pytest.mark.parametrize(
    ("last", "day", "weeks"),
    [
        (date(2025, 9, 13), date(2025, 9, 21), None),
        (date(2025, 9, 13), date(2025, 9, 22), 0),
        (date(2025, 9, 21), date(2025, 9, 22), 0),
        (date(2025, 9, 22), date(2025, 9, 28), None),
        (date(2025, 9, 22), date(2025, 9, 29), 0),
        (date(2025, 9, 13), date(2025, 9, 29), 1),
    ],
)
def test_silence_begins_when_work_falls_due_unanswered(last: date, day: date, weeks: int | None) -> None:
    """After the last activity a due day passed whose work is not done: silent from the next day on."""
    facts = [enrolled(), completed("module-1", noon(last))]

    assert figure(facts, "silent", day) == weeks


def test_a_visit_breaks_the_silence() -> None:
    """One visit to the platform, and nobody is silent until the next work falls due."""
    facts = [enrolled(), visit(noon(date(2025, 9, 24)))]

    assert figure([enrolled()], "silent", date(2025, 9, 25)) == 1
    assert figure(facts, "silent", date(2025, 9, 24)) == 1
    assert figure(facts, "silent", date(2025, 9, 25)) is None
    assert figure(facts, "silent", date(2025, 9, 29)) == 0


def test_who_worked_ahead_is_never_silent() -> None:
    """Everything was done in the first week: months without a sign are no silence, and no delay."""
    facts = [enrolled(), *(completed(component, at(2)) for component in COMPONENTS)]

    assert all(not assessed(facts, ABSENCE, at(days).date()).reasons for days in range(1, 200))


def test_work_taken_back_is_missing_again() -> None:
    """Who worked ahead and has a component reopened is silent once that is due."""
    facts = [enrolled(), *(completed(component, at(2)) for component in COMPONENTS)]
    reopened = make(ComponentReopened(component="module-5"), at(10))

    assert figure([*facts, reopened], "silent", date(2025, 10, 12)) is None
    assert figure([*facts, reopened], "silent", date(2025, 10, 13)) == 0


def test_on_a_long_programme_single_pieces_can_be_missed() -> None:
    """5 % of fifty components are two and a half: the third that is missing makes the silence."""
    until = date(2025, 1, 26)
    due = [each for each, _ in TERM_PLAN.due if each > date(2024, 12, 22)]
    facts = [*IN_TERMS, *kept_up(TERM_PLAN, date(2024, 12, 22))]

    assert due[:4] == [date(2025, 1, 12), date(2025, 1, 19), until, until]
    assert figure(facts, "silent", until) is None
    assert figure(facts, "silent", until + DAY) == 0


def test_five_percent_missing_is_enough() -> None:
    """Of twenty components one is 5 %: whoever misses the first is silent, to the very point."""
    weeks = [*range(1, 21)]
    text = SMALL_FILE.replace("[1, 2, 3, 4, 5, 6, 7, 8]", f"{weeks}").replace(
        '{ kind = "clinic", weeks = [4, 8] },', ""
    )
    courses = Curriculum.shipped().extended([parse(text, "twenty")])

    assert courses.programme("twenty/course").total_points == 20
    assert figure([enrolled(programme="twenty/course")], "silent", FIRST_DUE + DAY, courses) == 0


def _breaks(plan: Plan) -> Iterator[tuple[date, date]]:
    """The last day before each holiday of the plan, and the last day of the first study week after it."""
    for before, after in pairwise(plan.week_ends):
        if after - before > WEEK:
            yield before, after


@pytest.mark.parametrize("programme", [AMBITION, "ambition-2024/npqsl"])
@pytest.mark.parametrize("intake", sorted(shipped_intakes()))
def test_nobody_who_keeps_up_is_silent_in_the_holidays(programme: str, intake: str) -> None:
    """Who has done what was due by the last study week is neither silent nor behind until work is due in the next."""
    plan = RISKY.plan(programme, intake)
    joined = enrolled(noon(plan.intake.start), programme=programme, intake=intake)

    for before, after in _breaks(plan):
        facts = [joined, *kept_up(plan, before)]
        days = [before + number * DAY for number in range(1, (after - before).days + 1)]
        assert not [day for day in days if assessed(facts, ABSENCE, day).reasons]


@pytest.mark.parametrize(
    ("before", "after"), [(date(2024, 12, 22), date(2025, 1, 12)), (date(2025, 4, 6), date(2025, 4, 27))]
)
def test_holidays_do_not_lengthen_a_silence(before: date, after: date) -> None:
    """Over Christmas and Easter the study weeks of silence stand still; the next one counts when it has ended."""
    weeks = figure(IN_TERMS, "silent", before + DAY)

    assert weeks is not None
    assert {figure(IN_TERMS, "silent", before + number * DAY) for number in range(1, 22)} == {weeks}
    assert figure(IN_TERMS, "silent", after + DAY) == weeks + 1


@pytest.mark.parametrize(
    ("start", "due", "last", "silent"),
    [
        (date(2025, 9, 8), date(2025, 9, 14), datetime(2025, 9, 14, 22, 59, tzinfo=UTC), True),
        (date(2025, 9, 8), date(2025, 9, 14), datetime(2025, 9, 14, 23, 0, tzinfo=UTC), False),
        (date(2025, 9, 8), date(2025, 10, 26), datetime(2025, 10, 26, 23, 30, tzinfo=UTC), True),
        (date(2025, 9, 8), date(2025, 10, 26), datetime(2025, 10, 27, 0, 0, tzinfo=UTC), False),
        (date(2025, 3, 3), date(2025, 3, 23), datetime(2025, 3, 23, 23, 30, tzinfo=UTC), True),
        (date(2025, 3, 3), date(2025, 3, 30), datetime(2025, 3, 30, 22, 59, tzinfo=UTC), True),
        (date(2025, 3, 3), date(2025, 3, 30), datetime(2025, 3, 30, 23, 30, tzinfo=UTC), False),
    ],
)
def test_a_due_day_ends_at_midnight_in_the_uk(start: date, due: date, last: datetime, silent: bool) -> None:
    """From the last Sunday of March to that of October, what happens at 23:30 UTC belongs to the next day already."""
    courses = small_from(start)
    facts = [enrolled(noon(start), programme="own/course"), visit(last)]

    assert (figure(facts, "silent", due + 2 * DAY, courses) is not None) is silent


def test_a_leap_day_is_a_day_like_any_other() -> None:
    """Work due on 27 February 2028 makes silent on the 28th; a week later, the 29th included, is 6 March."""
    courses = small_from(date(2028, 2, 21))
    facts = [enrolled(noon(date(2028, 2, 21)), programme="own/course")]
    days = (date(2028, 2, 27), date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 5), date(2028, 3, 6))

    assert [figure(facts, "silent", day, courses) for day in days] == [None, 0, 0, 0, 1]


@pytest.mark.parametrize("code", ["never-started", "silent"])
def test_a_late_joiner_is_asked_for_what_falls_due_after_joining(code: str) -> None:
    """Who joins in the fourth week is not silent about the first three."""
    facts = [enrolled(noon(date(2025, 10, 1)))]

    assert figure(facts, code, date(2025, 10, 5)) is None  # type: ignore[arg-type]  # a signal
    assert figure(facts, code, date(2025, 10, 6)) == 0  # type: ignore[arg-type]  # a signal


def test_who_joins_early_is_asked_for_nothing_before_the_intake_begins() -> None:
    """Enrolled in summer for the autumn: the first day on which anything counts is the one after the first due day."""
    facts = [enrolled(noon(date(2025, 6, 1)))]

    assert figure(facts, "never-started", FIRST_DUE) is None
    assert figure(facts, "never-started", FIRST_DUE + DAY) == 0


def test_a_late_joiner_is_not_judged_by_days_before_joining() -> None:
    """A level is held for days without a cause, but never for days on which nobody was there."""
    facts = [enrolled(noon(date(2025, 10, 29)))]
    week_long = policies_of(rules_of(hold_days=7, behind=steps("behind", (3, 3)), silent=steps("silent", (0, 3))))

    assert [assessed(facts, week_long, date(2025, 10, day)).level for day in (30, 31)] == ["on-track", "on-track"]


def test_who_comes_back_is_asked_for_what_falls_due_from_then_on() -> None:
    """Deferred in the second week, back in the fifth: silent when the work of that week is not done."""
    facts = [enrolled(), make(Deferred(reason="other"), at(9)), make(Resumed(), noon(date(2025, 10, 7)))]

    assert figure(facts, "silent", date(2025, 10, 12)) is None
    assert figure(facts, "silent", date(2025, 10, 13)) == 0


def test_a_transfer_to_a_later_intake_starts_the_count_anew() -> None:
    """Silent in autumn, moved to spring: nothing is missing until the first work of spring is due."""
    facts = [enrolled(), make(Transferred(intake="spring"), noon(date(2025, 12, 1)))]

    assert figure(facts, "silent", date(2025, 12, 1)) is not None
    assert figure(facts, "silent", date(2026, 1, 11)) is None
    assert figure(facts, "silent", date(2026, 1, 12)) == 0


@pytest.mark.parametrize(
    ("facts", "code", "sentence"),
    [
        ([enrolled()], "never-started", "Has not started: no activity in 1 study week since 8 Sep 2025."),
        (
            [enrolled(), visit(at(1))],
            "silent",
            "Silent: last active on 9 Sep 2025; work has been missing since 14 Sep 2025.",
        ),
    ],
)
def test_each_says_so_in_a_sentence_with_its_figures(facts: list[Fact], code: str, sentence: str) -> None:
    """On the second Monday."""
    found = reason(facts, code, FIRST_DUE + DAY)  # type: ignore[arg-type]  # a signal

    assert found is not None
    assert found.sentence == sentence
    assert found.remedy.endswith(".")


def test_a_silence_of_a_visitor_counts_weeks_from_the_week_of_the_visit() -> None:
    """Last seen on Tuesday of week 1, on Monday of week 4: two study weeks went by without a sign."""
    found = reason([enrolled(), visit(at(1))], "silent", date(2025, 9, 29))

    assert found is not None
    assert found.sentence.startswith("Silent for 2 study weeks")
