"""DfE's milestones: hand-made lives, and the rules asked for every enrolment one by one as the oracle."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from analytics.filters import Filters
from analytics.questions.milestones import COLUMNS, milestones
from learning.codes import COURSE_GROUPS
from learning.curriculum import Curriculum
from learning.declarations import readiness
from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentMarked,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentCompleted,
    ComponentReopened,
    Data,
    Deferred,
    Resumed,
    Transferred,
    Withdrawn,
)
from learning.milestones import MilestoneTable
from learning.milestones import milestones as newest_dates
from learning.plan import start_of
from learning.progress import fold_all
from learning.standing import standing
from tests.analytics_kit import warehouse
from tests.builders import enrolled, make

SHIPPED = Curriculum.shipped()
DATES = newest_dates()
NPQSL = {"programme": "reformed-2021/npqsl", "intake": "2024-autumn"}
FIRST = SHIPPED.programme("reformed-2021/npqsl").components[0].id
JOINED = datetime.fromisoformat("2024-09-20T09:00:00+00:00")


def done(day: str, enrolment: str = "e-1", participant: str = "p-1") -> Fact:
    """A component completed at noon of a day."""
    time = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    return make(ComponentCompleted(component=FIRST), time, enrolment, participant)


def row(facts: list[Fact], milestone: str, day: date) -> dict[Any, Any]:
    """The row of one milestone of the only intake."""
    frame = milestones(warehouse(facts, SHIPPED, as_of=day)).frame.set_index("milestone")
    return frame.loc[milestone].to_dict()


def counts(facts: list[Fact], milestone: str, day: date) -> tuple[int, ...]:
    """Expected, in time, late, without, others."""
    found = row(facts, milestone, day)
    return tuple(int(found[name]) for name in ("expected", "in_time", "late", "without", "others"))


def test_start_is_expected_of_everybody_once_its_window_opens() -> None:
    """Before 1 October nothing is expected of the autumn intake, after it `started` is."""
    facts = [enrolled(JOINED, **NPQSL)]
    assert counts(facts, "started", date(2024, 10, 1)) == (0, 0, 0, 0, 0)
    assert counts(facts, "started", date(2024, 10, 2)) == (1, 0, 0, 1, 0)


def test_evidence_is_in_time_or_late() -> None:
    """Work by 25 November is evidence of the start in time, the day after it is late."""
    day = date(2024, 12, 20)
    assert counts([enrolled(JOINED, **NPQSL), done("2024-11-25")], "started", day) == (1, 1, 0, 0, 0)
    assert counts([enrolled(JOINED, **NPQSL), done("2024-11-26")], "started", day) == (1, 0, 1, 0, 0)


def test_retention_is_expected_of_who_started() -> None:
    """`retained-1` is expected only of those with evidence of the start, and needs work in its own window."""
    day = date(2025, 3, 3)
    started = [enrolled(JOINED, **NPQSL), done("2024-11-25")]
    assert counts([enrolled(JOINED, **NPQSL)], "retained-1", day) == (0, 0, 0, 0, 0)
    assert counts(started, "retained-1", day) == (1, 0, 0, 1, 0)
    assert counts([*started, done("2025-02-03")], "retained-1", day) == (1, 1, 0, 0, 0)


def test_who_withdrew_is_not_expected_and_keeps_the_evidence() -> None:
    """A withdrawn enrolment with evidence from before it left counts among the others."""
    gone = Withdrawn(reason="other", effective=date(2025, 2, 10), signed_off_by="partner-1")
    facts = [
        enrolled(JOINED, **NPQSL),
        done("2024-11-25"),
        done("2025-02-03"),
        make(gone, datetime.fromisoformat("2025-02-11T09:00:00+00:00")),
    ]
    assert counts(facts, "retained-1", date(2025, 3, 3)) == (0, 0, 0, 0, 1)


def test_visit_is_no_evidence() -> None:
    """Who only looked has not started."""
    facts = [enrolled(JOINED, **NPQSL), make(ActivitySeen(), JOINED + timedelta(days=30))]
    assert counts(facts, "started", date(2024, 12, 20)) == (1, 0, 0, 1, 0)


def test_programmes_and_intakes_that_dfe_does_not_date_are_left_out() -> None:
    """A programme without DfE's course, and an intake without dates, have no milestones."""
    facts = [
        enrolled(JOINED, programme="alliance-2017/npqml", intake="2024-autumn"),
        enrolled(JOINED, "e-2", "p-2", programme="reformed-2021/npqsl", intake="2025-autumn"),
    ]
    answer = milestones(warehouse(facts, SHIPPED, as_of=date(2026, 1, 5)))
    assert (len(answer.frame), list(answer.frame.columns), answer.chart) == (0, list(COLUMNS), None)
    assert "no declaration" in answer.finding


def test_finding_names_where_most_is_missing() -> None:
    """The finding gives the share of milestones that are over, and the one with the most that have no evidence."""
    facts = [enrolled(JOINED, **NPQSL), enrolled(JOINED, "e-2", "p-2", **NPQSL), done("2024-11-25")]
    answer = milestones(warehouse(facts, SHIPPED, as_of=date(2024, 11, 27)))
    assert answer.finding == (
        "1 of 2 declarations whose deadline has passed have evidence in time (50.0 %); most is missing for started of "
        "2024-autumn (leadership), where 1 of 2 have none."
    )
    assert answer.chart is not None


def test_milestone_that_is_still_open_is_not_in_the_finding() -> None:
    """On the last day of a window nobody is late, so the finding says nothing of it."""
    answer = milestones(warehouse([enrolled(JOINED, **NPQSL)], SHIPPED, as_of=date(2024, 11, 25)))
    assert "no declaration whose deadline has passed" in answer.finding


def test_filter_leaves_only_its_own() -> None:
    """Of a partner only its own enrolments are counted."""
    facts = [enrolled(JOINED, **NPQSL), enrolled(JOINED, "e-2", "p-2", **NPQSL, partner="partner-2")]
    connection = warehouse(facts, SHIPPED, as_of=date(2025, 3, 3))
    assert milestones(connection).frame["enrolments"].max() == 2
    assert milestones(connection, Filters(partner="partner-2")).frame["enrolments"].max() == 1


PROGRAMMES = ("reformed-2021/npqsl", "reformed-2021/npqh", "reformed-2021/npqltd", "ambition-2024/npqlt")
INTAKES = ("2023-autumn", "2023-spring", "2024-autumn")


def crossed_lives(seed: int, number: int) -> Iterator[Fact]:
    """Enrolments with few facts, close to the edges of windows, moved, paused, ended and marked at random."""
    random = Random(seed)
    edges = [
        edge
        for intake in INTAKES
        for group in ("leadership", "specialist")
        for due in DATES.milestones(intake, group)
        for edge in (due.window_start, due.deadline)
        if edge < date(2026, 3, 1)
    ]
    for each in range(number):
        programme, intake = random.choice(PROGRAMMES), random.choice(INTAKES)
        components = [component.id for component in SHIPPED.programme(programme).components[:4]]
        who = {"enrolment": f"e-{each}", "participant": f"p-{each}"}
        joined = start_of(date(2023, 9, 1)) + timedelta(days=random.randint(0, 90))
        yield enrolled(joined, **who, programme=programme, intake=intake, partner=f"partner-{random.randint(1, 3)}")
        for _ in range(random.randint(0, 8)):
            day = random.choice(edges) + timedelta(days=random.choice((-40, -1, 0, 1, 40)))
            time = start_of(day) + timedelta(hours=random.choice((0, 12)))
            late = timedelta(days=random.choice((0, 0, 9)))
            yield make(_said(random, components, day), time, **who, recordedtime=time + late)


def _said(random: Random, components: list[str], day: date) -> Data:
    component = random.choice(components)
    return random.choices(
        [
            ComponentCompleted(component=component),
            AttendanceRecorded(component=component, attendance=random.choice(("attended", "absent", "caught-up"))),
            ComponentReopened(component=component),
            AssessmentSubmitted(component=component, banked=random.random() < 0.5),
            AssessmentMarked(attempt=random.choice((1, 2)), outcome=random.choice(("passed", "failed"))),
            Deferred(reason="other"),
            Resumed(),
            Withdrawn(reason="other", effective=day + timedelta(days=random.choice((0, 30))), signed_off_by="p"),
            Transferred(intake=random.choice(INTAKES)),
        ],
        (20, 10, 4, 2, 6, 2, 2, 3, 3),
    )[0]


def one_by_one(facts: list[Fact], day: date) -> dict[tuple[Any, ...], Counter[str]]:
    """The same counts from the rules of each enrolment's own state."""
    own = defaultdict[str, list[Fact]](list)
    for each in facts:
        if each.time < start_of(day + timedelta(days=1)):
            own[each.subject].append(each)
    counted = defaultdict[tuple[Any, ...], Counter[str]](Counter)
    for life in own.values():
        state = fold_all(life)
        now = standing(state, day)
        if now is None:
            continue
        course = SHIPPED.programme(now.programme).course
        assert course is not None
        for stands in readiness(state, SHIPPED, DATES, day):
            count = counted[now.intake, COURSE_GROUPS[course], stands.declaration_type]
            warned = any(blocker.code == "after-deadline" for blocker in stands.blockers)
            count["enrolments"] += 1
            count["expected"] += stands.expected
            count["without"] += stands.expected and not stands.evidence
            count["late"] += stands.expected and warned
            count["in_time"] += stands.expected and bool(stands.evidence) and not warned
            count["others"] += not stands.expected and bool(stands.evidence)
    return counted


@pytest.mark.parametrize("day", [date(2024, 11, 25), date(2024, 11, 26), date(2025, 8, 26), date(2026, 3, 2)])
def test_counts_equal_the_rules_asked_one_by_one(day: date) -> None:
    """Over 300 crossed lives, every count of every milestone equals that of the pure rules."""
    facts = list(crossed_lives(day.toordinal(), 300))
    frame = milestones(warehouse(facts, SHIPPED, as_of=day)).frame
    expected = one_by_one(facts, day - timedelta(days=1))
    names = ("enrolments", "expected", "in_time", "late", "without", "others")
    found = {
        (each["intake"], each["course_group"], each["milestone"]): {name: each[name] for name in names}
        for each in frame.to_dict("records")
    }
    assert found == {place: {name: count[name] for name in names} for place, count in expected.items()}


def later_start(milestones_kept: int) -> MilestoneTable:
    """DfE's dates of so many milestones of one intake, of which the first is due a week later."""
    first, *others = DATES.milestones("2024-autumn", "leadership")[:milestones_kept]
    first = msgspec.structs.replace(first, deadline=first.deadline + timedelta(days=7))
    return msgspec.structs.replace(DATES, by_intake={"2024-autumn": {"leadership": (first, *others)}})


def test_other_dates_on_the_same_connection_have_their_own_answer() -> None:
    """What was worked out for one version of DfE's dates is not taken for another."""
    facts = [enrolled(JOINED, **NPQSL), done("2024-11-26")]
    connection = warehouse(facts, SHIPPED, as_of=date(2025, 1, 6))
    in_time = [
        int(milestones(connection, table=table).frame.set_index("milestone").loc["started", "in_time"])
        for table in (DATES, later_start(4), DATES)
    ]
    assert in_time == [0, 1, 0]


def test_dates_that_are_published_in_part_are_told_in_part() -> None:
    """Where only the date of the start is out, the other milestones have none and come last."""
    facts = [enrolled(JOINED, **NPQSL), done("2024-11-26")]
    answer = milestones(warehouse(facts, SHIPPED, as_of=date(2025, 1, 6)), table=later_start(1))
    assert answer.frame["milestone"].iloc[0] == "started"
    assert answer.frame["deadline"].isna().tolist() == [False, *(True for _ in answer.frame["deadline"][1:])]
    assert answer.finding.startswith("1 of 1 declarations whose deadline has passed have evidence in time")


def test_doubled_facts_change_nothing() -> None:
    """Every fact twice, in another order, gives the same table."""
    facts, day = list(crossed_lives(7, 100)), date(2026, 3, 2)
    once = milestones(warehouse(facts, SHIPPED, as_of=day)).frame
    twice = milestones(warehouse([*reversed(facts), *facts], SHIPPED, as_of=day)).frame
    assert len(once)
    assert once.equals(twice)
