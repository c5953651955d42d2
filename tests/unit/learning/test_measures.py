"""The measures of one enrolment against its plan: completion, lag, pace, forecast, what is next, last activity."""

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import pytest

from learning.curriculum import UnknownProgrammeError
from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentReopened,
    ContactMade,
    Deferred,
    Resumed,
    Transferred,
    Withdrawn,
)
from learning.measures import measure
from learning.progress import State, fold_all
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.courses import COURSES, measured

MODULES = COMPONENTS[:8]
CLINICS = COMPONENTS[8:]
WEEK_3 = date(2025, 9, 29)
"""The Monday on which three study weeks are over, with three modules due."""


def done(*components: str, day: float = 1) -> list[Fact]:
    """These components finished on one day."""
    return [completed(component, at(day)) for component in components]


def clinic(attendance: str, day: float, known: float | None = None) -> Fact:
    """An entry in the register of the first clinic."""
    data = AttendanceRecorded(component="clinic-1", attendance=attendance)  # type: ignore[arg-type]
    return make(data, at(day), recordedtime=at(day if known is None else known))


@pytest.mark.parametrize(
    ("programme", "components", "completion", "gate"),
    [
        ("small/course", MODULES, Fraction(8, 10), False),
        ("small/course", (*MODULES, "clinic-1"), Fraction(9, 10), True),
        ("rules/weighted", MODULES, Fraction(8, 16), False),
        ("rules/weighted", (*MODULES[:4], *CLINICS), Fraction(12, 16), True),
        ("rules/weighted", (*MODULES[:3], *CLINICS), Fraction(11, 16), False),
        ("rules/shares", MODULES, Fraction(1, 2), False),
        ("rules/shares", (*MODULES, "clinic-1"), Fraction(3, 4), True),
        ("rules/each-group", MODULES, Fraction(8, 10), False),
        ("rules/each-group", (*MODULES[:3], *CLINICS), Fraction(1, 2), False),
        ("rules/each-group", (*MODULES[:4], "clinic-1"), Fraction(1, 2), True),
    ],
)
def test_completion_and_gate_follow_the_programmes_rule(
    programme: str, components: tuple[str, ...], completion: Fraction, gate: bool
) -> None:
    """Counted equally, by weight, by the shares of groups, or enough in each group: exactly as the rule says."""
    progress = measured([enrolled(programme=programme), *done(*components)])

    assert Fraction(progress.points, progress.points_total) == completion
    assert progress.completion == float(completion)
    assert progress.gate_reached is gate


def test_what_does_not_count_adds_nothing() -> None:
    """The final assessment, and components that the programme does not have, leave completion as it is."""
    submission = make(AssessmentSubmitted(component="case-study"), at(150))
    progress = measured([enrolled(), *done("module-1", "elsewhere-1", "elsewhere-2"), submission])

    assert (progress.points, progress.components_done, progress.components_total) == (1, 1, 10)
    assert progress.components_unknown == 2
    assert progress.assessments_submitted == 1


def test_a_second_attempt_is_the_same_assessment() -> None:
    """Work handed in twice for a component is one assessment submitted; banked work is one too."""
    again = [make(AssessmentSubmitted(component="case-study", attempt=number), at(100 + number)) for number in (1, 2)]
    banked = make(AssessmentSubmitted(component="module-1", banked=True), at(1))

    assert measured([enrolled(), *again, banked]).assessments_submitted == 2


def test_without_a_day_nothing_is_held_against_the_plan() -> None:
    """Before any day has started there is completion, but no expectation, lag, pace or forecast."""
    progress = measured([enrolled(), *done("module-1")])

    assert (progress.points, progress.deadline) == (1, date(2026, 3, 7))
    assert (progress.as_of, progress.expected_points, progress.expected, progress.lag_weeks) == (None,) * 4
    assert (progress.pace, progress.pace_needed, progress.forecast, progress.next_due) == (None,) * 4


def test_who_is_not_known_to_be_enrolled_is_not_measured() -> None:
    """Facts that arrive before the enrolment wait for it."""
    assert measure(fold_all(done("module-1")), COURSES, WEEK_3) is None
    assert measure(State(), COURSES, None) is None


@pytest.mark.parametrize(("what", "unknown"), [("programme", "small/other"), ("intake", "summer")])
def test_an_unknown_programme_or_intake_cannot_be_measured(what: str, unknown: str) -> None:
    """The error names it, rather than a measure guessing."""
    elsewhere: Any = {what: unknown}

    with pytest.raises(UnknownProgrammeError, match=f"{what} {unknown}"):
        measure(fold_all([enrolled(**elsewhere)]), COURSES, WEEK_3)


@pytest.mark.parametrize(
    ("components", "lag"),
    [((), 3), (MODULES[:1], 2), (MODULES[5:7], 1), (MODULES[:3], 0), (MODULES[:7], 0)],
)
def test_lag_is_counted_in_study_weeks_of_the_plan(components: tuple[str, ...], lag: int) -> None:
    """Three weeks in: as many weeks behind as the plan is ahead of the points; being early is no lag."""
    progress = measured([enrolled(), *done(*components)], WEEK_3)

    assert progress.expected == 0.3
    assert progress.lag_weeks == lag


def test_nobody_falls_behind_in_the_holidays() -> None:
    """In school terms the lag is the same before and after half-term."""
    facts = [enrolled(programme="terms/course"), *done(*MODULES[:5])]

    lags = [measured(facts, date(2025, 10, 27) + timedelta(days=day)).lag_weeks for day in (-1, 0, 7, 13, 14)]

    assert lags == [2, 3, 3, 3, 4]


def test_pace_is_measured_over_the_last_four_study_weeks() -> None:
    """Two modules in six weeks, one of them in the last four: 2.5 % of the course a week, for 20 weeks more."""
    facts = [enrolled(), completed("module-1", at(13)), completed("module-2", at(14))]

    progress = measured(facts, date(2025, 10, 20))

    assert progress.pace == 0.025
    assert progress.forecast == pytest.approx(0.2 + 20 * 0.025)


def test_a_young_enrolment_is_measured_over_the_weeks_it_has() -> None:
    """After one week the pace is that week's; before its end there is none, and no forecast."""
    facts = [enrolled(), *done("module-1")]

    assert (measured(facts, date(2025, 9, 15)).pace, measured(facts, date(2025, 9, 15)).forecast) == (0.1, 1.0)
    assert (measured(facts, date(2025, 9, 14)).pace, measured(facts, date(2025, 9, 14)).forecast) == (None, None)


def test_what_is_done_in_the_running_week_counts_for_the_pace_when_it_is_over() -> None:
    """Whole weeks are compared with whole weeks."""
    facts = [enrolled(), completed("module-1", at(8))]

    assert measured(facts, date(2025, 9, 21)).pace == 0
    assert measured(facts, date(2025, 9, 22)).pace == 1 / 10 / 2


def test_a_week_of_the_pace_begins_at_midnight_in_the_uk() -> None:
    """Done as the second week begins, a module counts for that week: not a moment before, and for four weeks."""
    facts = [enrolled(), completed("module-1", datetime(2025, 9, 14, 23, tzinfo=UTC))]
    paces = [measured(facts, date(2025, 9, 15) + timedelta(weeks=weeks)).pace for weeks in (0, 1, 4, 5)]

    assert paces == [0, 0.05, 0.025, 0]


def test_pace_needed_fills_every_group_that_is_short() -> None:
    """Where each group has the gate, a group that is short needs its pace though the whole is beyond the threshold."""
    facts = [enrolled(programme="rules/each-group"), *done(*MODULES)]
    progress = measured(facts, WEEK_3)

    assert progress.completion > 0.5
    assert progress.pace_needed == pytest.approx(1 / 10 / 23)


def test_pace_needed_reaches_the_gate_in_the_weeks_that_are_left() -> None:
    """With nothing done after three of 26 weeks, 90 % must be done in 23; with two done, 70 %."""
    assert measured([enrolled()], WEEK_3).pace_needed == pytest.approx(0.9 / 23)
    assert measured([enrolled(), *done(*MODULES[:2])], WEEK_3).pace_needed == pytest.approx(0.7 / 23)


def test_past_the_gate_no_pace_is_needed() -> None:
    """At 90 % nothing more is needed, even when no week is left."""
    facts = [enrolled(), *done(*MODULES, "clinic-1")]

    assert measured(facts, WEEK_3).pace_needed == 0
    assert measured(facts, date(2027, 1, 1)).pace_needed == 0


def test_after_the_deadline_no_pace_reaches_the_gate() -> None:
    """When no study week is left, the pace needed is none, and the forecast is what is done."""
    progress = measured([enrolled(), *done("module-1")], date(2026, 3, 8))

    assert progress.pace_needed is None
    assert progress.forecast == 0.1


def test_next_due_is_the_earliest_that_is_not_done() -> None:
    """What was missed comes first; a reopened component is due again; with all done nothing is."""
    early = [enrolled(), *done("module-1", "module-3")]
    again = [*early, make(ComponentReopened(component="module-1"), at(9))]
    everything = [enrolled(), *done(*COMPONENTS)]

    assert (measured(early, WEEK_3).next_due, measured(early, WEEK_3).next_due_on) == ("module-2", date(2025, 9, 21))
    assert measured(again, WEEK_3).next_due == "module-1"
    assert (measured(everything, WEEK_3).next_due, measured(everything, WEEK_3).next_due_on) == (None, None)


@pytest.mark.parametrize(
    ("facts", "last"),
    [
        ([], None),
        ([make(ActivitySeen(), at(5))], at(5)),
        (done("module-1", day=6), at(6)),
        ([clinic("attended", 7)], at(7)),
        ([clinic("absent", 7)], None),
        ([clinic("absent", 7), clinic("caught-up", 12)], at(12)),
        ([clinic("attended", 7), clinic("absent", 7, known=9)], None),
        ([clinic("attended", 7), clinic("absent", 7, known=9), clinic("attended", 7, known=11)], at(7)),
        ([make(AssessmentSubmitted(component="case-study"), at(8))], at(8)),
        ([make(AssessmentSubmitted(component="case-study", banked=True), at(8))], None),
        ([make(ComponentReopened(component="module-1"), at(9))], None),
        ([*done("module-1", day=3), make(ComponentReopened(component="module-1"), at(9))], at(3)),
        ([make(ContactMade(channel="phone", outcome="reached", by="staff-1"), at(9))], None),
        ([*done("elsewhere-1", day=4), make(ActivitySeen(), at(2))], at(4)),
    ],
)
def test_last_activity_is_when_the_person_was_last_at_work(facts: list[Fact], last: datetime | None) -> None:
    """Visits, completions, sessions and submissions are; absence, banked work and what staff do are not."""
    assert measured([enrolled(), *facts]).last_activity_at == last


def test_for_who_withdrew_the_clock_stopped() -> None:
    """A year later, lag and expectation are those of the day on which the withdrawal took effect."""
    leaving = make(Withdrawn(reason="other", effective=WEEK_3, signed_off_by="partner-1"), at(40))
    progress = measured([enrolled(), *done("module-1"), leaving], date(2026, 9, 29))

    assert (progress.lag_weeks, progress.expected_points, progress.as_of) == (2, 3, date(2026, 9, 29))


def test_for_who_is_deferred_the_clock_stands() -> None:
    """The lag of the day of the deferral stays, however long it lasts."""
    facts = [enrolled(), make(Deferred(reason="other"), datetime(2025, 9, 29, 9, tzinfo=UTC))]

    assert [measured(facts, day).lag_weeks for day in (WEEK_3, date(2025, 11, 3), date(2026, 9, 1))] == [3, 3, 3]


def pro_rata(facts: list[Fact], *days: date) -> list[tuple[int | None, int | None]]:
    """Lag and points expected as these days begin."""
    return [((found := measured(facts, day)).lag_weeks, found.expected_points) for day in days]


def test_who_returns_behind_has_what_is_left_spread_over_the_weeks_left() -> None:
    """Back with nothing done as 8 of 26 weeks are over: lag 0, then 26 weeks of plan in 18, all by the deadline."""
    pause = make(Deferred(reason="other"), datetime(2025, 9, 29, 9, tzinfo=UTC))
    back = make(Resumed(), datetime(2025, 11, 3, 9, tzinfo=UTC))

    found = pro_rata(
        [enrolled(), pause, back],
        date(2025, 11, 3),
        date(2025, 11, 9),
        date(2025, 11, 10),
        date(2025, 12, 1),
        date(2026, 3, 7),
        date(2026, 3, 8),
    )

    assert found == [(0, 0), (0, 0), (1, 1), (5, 6), (24, 10), (26, 10)]


def test_who_returns_up_to_date_follows_the_plan() -> None:
    """Away in the fourth week with its work done, somebody is as far behind after eight weeks as everybody else."""
    away = [
        make(Deferred(reason="other"), datetime(2025, 9, 30, 9, tzinfo=UTC)),
        make(Resumed(), datetime(2025, 10, 6, 9, tzinfo=UTC)),
    ]
    work = done(*MODULES[:4], "clinic-1")

    days = (date(2025, 10, 6), date(2025, 11, 3))
    assert pro_rata([enrolled(), *work, *away], *days) == pro_rata([enrolled(), *work], *days) == [(0, 5), (4, 10)]


@pytest.mark.parametrize(
    ("joined", "day", "lag", "expected"),
    [
        (date(2025, 9, 14), WEEK_3, 3, 3),
        (date(2025, 9, 15), date(2025, 9, 15), 0, 0),
        (date(2025, 9, 15), WEEK_3, 2, 2),
        (date(2025, 10, 6), date(2025, 10, 12), 0, 0),
        (date(2025, 10, 6), date(2025, 10, 13), 1, 1),
        (date(2025, 10, 6), date(2025, 11, 3), 4, 5),
        (date(2025, 10, 6), date(2026, 3, 8), 26, 10),
    ],
)
def test_who_joins_late_has_the_plan_in_the_weeks_left(joined: date, day: date, lag: int, expected: int) -> None:
    """In the first study week somebody is in time; after 4 of 26 weeks, the plan of 26 is due in 22."""
    facts = [enrolled(datetime.combine(joined, time(9), tzinfo=UTC))]

    assert pro_rata(facts, day) == [(lag, expected)]


def test_who_moves_intake_begins_anew_from_where_they_stand() -> None:
    """Two modules done, 4 of the new intake's 26 weeks over: lag 0, then the 24 weeks of plan left in 22."""
    moved = make(Transferred(intake="spring"), datetime(2026, 2, 2, 9, tzinfo=UTC))
    facts = [enrolled(), *done(*MODULES[:2]), moved]

    days = (date(2026, 2, 2), date(2026, 2, 8), date(2026, 2, 9), date(2026, 3, 2), date(2026, 7, 5))
    assert pro_rata(facts, *days) == [(0, 2), (0, 2), (1, 3), (4, 7), (24, 10)]


def test_a_move_to_another_partner_is_no_new_beginning() -> None:
    """Only another intake lays the plan out anew."""
    moved = make(Transferred(partner="partner-2"), datetime(2025, 10, 6, 9, tzinfo=UTC))

    assert pro_rata([enrolled(), *done(*MODULES[:2]), moved], date(2025, 10, 6)) == [(2, 5)]


def test_for_who_completed_the_clock_stopped() -> None:
    """All done ahead of the plan, in a course without assessment: expected stays what it was that day."""
    progress = measured([enrolled(programme="rules/open"), *done(*COMPONENTS, day=14)], date(2026, 9, 1))

    assert (progress.expected_points, progress.lag_weeks) == (2, 0)
