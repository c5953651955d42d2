"""Signals of pace at their borders: behind, work missing, pace falling, the gate out of reach; pro rata where due."""

from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import AttendanceRecorded, DeferralRequested, Deferred, Resumed, Transferred
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.risk_kit import DAY, RISKY, assessed, figure, only, policies_of, reason, rules_of, small_from, steps

DEADLINE = date(2026, 3, 7)
"""Of the autumn intake: the last day of 26 study weeks, of which the first eight have work due."""


def done(*weeks: int) -> list[Fact]:
    """An enrolment, and the modules of these weeks, each on the Tuesday of its week; clinics in weeks 4 and 8."""
    facts = [enrolled()]
    for week in weeks:
        facts.append(completed(f"module-{week}", at(week * 7 - 6)))
        if week in {4, 8}:
            attended = AttendanceRecorded(component=f"clinic-{week // 4}", attendance="attended")
            facts.append(make(attended, at(week * 7 - 6)))
    return facts


def some(number: int) -> list[Fact]:
    """An enrolment, and so many components on the first day."""
    return [enrolled(), *(completed(component, at(0)) for component in COMPONENTS[:number])]


@pytest.mark.parametrize(
    ("points", "day", "weeks"),
    [
        (0, date(2025, 9, 14), None),
        (0, date(2025, 9, 15), 1),
        (1, date(2025, 9, 15), None),
        (1, date(2025, 9, 22), 1),
        (3, date(2025, 10, 6), 1),
        (4, date(2025, 10, 6), 1),
        (5, date(2025, 10, 6), None),
        (0, DEADLINE, 25),
        (0, DEADLINE + DAY, 26),
        (0, date(2026, 9, 1), 26),
    ],
)
def test_behind_counts_the_study_weeks_whose_plan_is_not_fulfilled(points: int, day: date, weeks: int | None) -> None:
    """From the day after a study week has ended; at most all of them."""
    assert figure(some(points), "behind", day) == weeks


@pytest.mark.parametrize(("day", "weeks"), [(date(2025, 10, 26), None), (date(2025, 11, 2), None)])
def test_half_term_puts_nobody_behind(day: date, weeks: int | None) -> None:
    """Seven study weeks are done; the week of the holiday makes no eighth."""
    facts = [*done(1, 2, 3, 4, 5, 6, 7)[1:], enrolled(programme="terms/course")]

    assert figure(facts, "behind", day) == weeks
    assert figure(facts, "behind", date(2025, 11, 10)) == 1


def test_a_late_joiner_has_the_rest_spread_over_the_weeks_left() -> None:
    """Joining when ten of 26 weeks are over: not behind on the next day, and a week later by one week, not eleven."""
    facts = [enrolled(at(70))]

    assert [figure(facts, "behind", date(2025, 11, day)) for day in (18, 23, 24)] == [None, None, 1]
    assert figure([enrolled()], "behind", date(2025, 11, 24)) == 11


def test_who_comes_back_has_the_rest_spread_over_the_weeks_left() -> None:
    """Deferred with two weeks done, back when ten are over: behind by none at first."""
    facts = [*done(1, 2), make(Deferred(reason="other"), at(15)), make(Resumed(), at(70))]

    assert figure(facts, "behind", date(2025, 11, 18)) is None
    assert figure(facts, "behind", date(2025, 11, 24)) == 1


def test_who_moves_to_a_later_intake_follows_its_plan() -> None:
    """Moved to spring before it begins: nothing is behind until its first study week is over."""
    facts = [enrolled(), make(Transferred(intake="spring"), datetime(2025, 12, 1, tzinfo=UTC))]

    assert figure(facts, "behind", date(2025, 12, 1)) == 12
    assert [figure(facts, "behind", date(2026, 1, day)) for day in (4, 5, 11, 12)] == [None, None, None, 1]


def test_who_moves_into_a_running_intake_catches_up_pro_rata() -> None:
    """Two points when four weeks of spring are over: none behind on the next day, one after the next study week."""
    facts = [*done(1, 2), make(Transferred(intake="spring"), datetime(2026, 2, 2, 9, tzinfo=UTC))]

    assert figure(facts, "behind", date(2026, 2, 3)) is None
    assert figure(facts, "behind", date(2026, 2, 9)) == 1


def test_behind_says_what_is_done_and_what_was_due() -> None:
    """In percent of the programme."""
    found = reason(some(1), "behind", date(2025, 10, 6))

    assert found is not None
    assert found.sentence == "Behind the plan by 3 study weeks: 10 % done, 50 % was due."
    assert found.remedy == "Completing what was due: 50 % of the programme."


@pytest.mark.parametrize(
    ("points", "day", "part"),
    [
        (0, date(2025, 9, 14), None),
        (0, date(2025, 9, 15), 0.1),
        (1, date(2025, 9, 15), None),
        (1, date(2025, 9, 22), 0.1),
        (0, date(2025, 11, 2), 0.8),
        (0, date(2025, 11, 3), None),
    ],
)
def test_work_is_missing_while_more_falls_due(points: int, day: date, part: float | None) -> None:
    """The overdue part of the programme; it says nothing more when nothing else falls due."""
    assert figure(some(points), "work-missing", day) == part


@pytest.mark.parametrize(
    ("day", "part"),
    [
        (date(2025, 10, 19), 0.4),
        (date(2025, 10, 20), None),
        (date(2025, 10, 24), None),
        (date(2025, 10, 25), 0.6),
        (date(2025, 11, 22), 0.6),
        (date(2025, 11, 23), None),
        (date(2025, 11, 28), None),
        (date(2025, 11, 29), 0.7),
    ],
)
def test_work_counts_as_missing_from_four_weeks_before_the_next(day: date, part: float | None) -> None:
    """On a course with wide gaps it is silent until 28 days before the next due day."""
    assert figure([enrolled(programme="days/course")], "work-missing", day) == part


def test_a_stretch_begins_four_weeks_before_the_next_work() -> None:
    """Since when is found to the day, though no study week ends on it."""
    found = assessed([enrolled(programme="days/course")], only("work-missing"), date(2025, 10, 31))

    assert (found.since, found.flagged_since) == (date(2025, 10, 25), date(2025, 10, 25))


def test_missing_work_says_when_more_falls_due() -> None:
    """With the part that is missing and the day."""
    found = reason(some(1), "work-missing", date(2025, 9, 22))

    assert found is not None
    assert found.sentence == "10 % of the programme was due and is missing, and more falls due on 28 Sep 2025."


@pytest.mark.parametrize(
    ("recent", "fall"), [((), 1.0), ((5, 6), 0.6), ((5, 6, 7), 0.4), ((5, 6, 7, 8), None), ((8,), 0.6)]
)
def test_pace_is_held_against_the_own_past(recent: tuple[int, ...], fall: float | None) -> None:
    """All of the first four weeks was done; of the five points of the last four, these."""
    found = figure(done(1, 2, 3, 4, *recent), "pace-falling", date(2025, 11, 3))

    assert found == pytest.approx(fall) if fall is not None else found is None


def test_pace_can_be_compared_after_eight_study_weeks() -> None:
    """Four recent ones and four before them; on the day before there is no past to speak of."""
    facts = done(1, 2, 3, 4)

    assert figure(facts, "pace-falling", date(2025, 11, 2)) is None
    assert figure(facts, "pace-falling", date(2025, 11, 3)) == 1


def test_a_steady_pace_does_not_fall_however_slow() -> None:
    """Three of five points in the first four weeks, three of five in the last four."""
    assert figure(done(1, 2, 3, 5, 6, 7), "pace-falling", date(2025, 11, 3)) is None


def test_who_never_had_a_pace_cannot_lose_it() -> None:
    """Nothing done at all: another signal says so."""
    assert figure([enrolled()], "pace-falling", date(2025, 11, 3)) is None


def test_nobody_who_is_up_to_date_slows_down() -> None:
    """Worked ahead and rested then: not behind, so the pace is nobody's concern."""
    assert figure(some(10), "pace-falling", date(2025, 11, 3)) is None


def test_a_falling_pace_is_told_with_both_figures() -> None:
    """The recent weeks and those before."""
    found = reason(done(1, 2, 3, 4, 5, 6), "pace-falling", date(2025, 11, 3))

    assert found is not None
    assert found.sentence == (
        "Pace is falling: 40 % of what fell due was done in the last 4 study weeks, 100 % before."
    )


@pytest.mark.parametrize(
    ("day", "times"),
    [
        (date(2025, 9, 28), None),
        (date(2025, 9, 29), 0.9 * 26 / 23),
        (date(2025, 12, 1), 0.9 * 26 / 14),
        (DEADLINE, 0.9 * 26 / 1),
        (DEADLINE + DAY, 99),
        (date(2026, 9, 1), 99),
    ],
)
def test_the_gate_moves_out_of_reach_as_weeks_go_by(day: date, times: float | None) -> None:
    """So many times the plan's pace is needed for 90 %, once that is more than the plan's; then no week is left."""
    found = figure([enrolled()], "gate-out-of-reach", day)

    assert found == pytest.approx(times) if times is not None else found is None


def test_a_recent_pace_that_reaches_the_gate_is_enough() -> None:
    """Nothing for ten weeks, then one component a week, where one every other week would do."""
    late = [completed(component, at(71 + number * 7)) for number, component in enumerate(COMPONENTS[:3])]

    assert figure([enrolled(), *late], "gate-out-of-reach", date(2025, 12, 8)) is None
    assert figure([enrolled()], "gate-out-of-reach", date(2025, 12, 8)) is not None


@pytest.mark.parametrize(("points", "told"), [(8, True), (9, False), (10, False)])
@pytest.mark.parametrize("day", [DEADLINE, DEADLINE + DAY])
def test_who_reached_the_gate_has_no_gate_to_miss(points: int, told: bool, day: date) -> None:
    """Nine of ten components are the gate: 90 %."""
    assert (figure(some(points), "gate-out-of-reach", day) is not None) is told


def test_a_gate_in_each_group_is_not_reached_by_one_group() -> None:
    """All modules and no clinic: half of the live sessions is still missing."""
    modules = [completed(component, at(0)) for component in COMPONENTS[:8]]
    facts = [enrolled(programme="rules/each-group"), *modules]

    assert figure(facts, "gate-out-of-reach", DEADLINE + DAY) == 99
    assert figure([*facts, completed("clinic-1", at(0))], "gate-out-of-reach", DEADLINE + DAY) is None


@pytest.mark.parametrize("code", ["gate-out-of-reach", "deadline-near"])
def test_what_is_not_assessed_has_no_gate(code: str) -> None:
    """On a programme without an assessment nothing is lost by missing the deadline."""
    for day in (DEADLINE - DAY, DEADLINE, DEADLINE + DAY):
        assert figure([enrolled(programme="rules/open")], code, day) is None  # type: ignore[arg-type]  # a signal


@pytest.mark.parametrize(
    ("intake", "asked", "told"),
    [
        ("autumn", datetime(2026, 3, 7, 23, 30, tzinfo=UTC), False),
        ("autumn", datetime(2026, 3, 8, 0, 1, tzinfo=UTC), True),
        ("spring", datetime(2026, 7, 4, 22, 30, tzinfo=UTC), False),
        ("spring", datetime(2026, 7, 4, 23, 1, tzinfo=UTC), True),
    ],
)
def test_a_deferral_can_be_asked_for_until_midnight_of_the_deadline_day(
    intake: str, asked: datetime, told: bool
) -> None:
    """At 23:30 UK time of the last day it is in time; a minute after midnight, in winter as in summer, it is late."""
    facts = [enrolled(intake=intake), make(DeferralRequested(reason="other"), asked)]
    deadline = RISKY.plan("small/course", intake).deadline

    for day in (deadline + 2 * DAY, deadline + 60 * DAY):
        assert (figure(facts, "gate-out-of-reach", day) is not None) is told


def test_on_a_leap_day_the_deadline_is_its_end() -> None:
    """Six months from 1 September 2027 end on 29 February 2028: a week is left on that day, none on 1 March."""
    courses = small_from(date(2027, 9, 1))
    facts = [enrolled(datetime(2027, 9, 1, 9, tzinfo=UTC), programme="own/course")]
    found = [figure(facts, "gate-out-of-reach", day, courses) for day in (date(2028, 2, 29), date(2028, 3, 1))]

    assert courses.plan("own/course", "autumn").deadline == date(2028, 2, 29)
    assert found[0] is not None
    assert found[0] < found[1] == 99  # type: ignore[operator]  # both are there


@pytest.mark.parametrize(
    ("day", "sentence", "remedy"),
    [
        (
            date(2025, 12, 1),
            "The gate is moving out of reach: 6.4 % a study week is needed until 7 Mar 2026, the recent pace is 0.0 %.",
            "A pace of 6.4 % of the programme a study week.",
        ),
        (
            DEADLINE + DAY,
            "90 % is missing for the gate and no study week is left: the deadline is 7 Mar 2026.",
            "Reaching the gate late, or a deferral.",
        ),
    ],
)
def test_the_gate_out_of_reach_says_what_is_needed(day: date, sentence: str, remedy: str) -> None:
    """A pace while weeks are left; what is missing when none is."""
    found = reason([enrolled()], "gate-out-of-reach", day)

    assert found is not None
    assert (found.sentence, found.remedy) == (sentence, remedy)


@pytest.mark.parametrize(
    ("day", "points"), [(date(2025, 9, 28), 1), (date(2025, 9, 29), 2), (date(2025, 10, 6), 2), (date(2025, 10, 7), 2)]
)
def test_steps_are_reached_at_their_figure(day: date, points: int) -> None:
    """From one week behind 1 point, from three weeks behind 2: below, at and above the threshold."""
    policies = policies_of(rules_of(behind=steps("behind", (1, 1), (3, 2))))

    assert assessed([enrolled()], policies, day).points == points
