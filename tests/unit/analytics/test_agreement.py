"""The models and the fold of the same facts are two accounts that must agree; a check says where they do not."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import models
from analytics.agreement import AgreementError, check_completion
from learning.calendar import uk_day
from learning.curriculum import Curriculum
from learning.doings import Doings
from learning.events import Fact
from learning.facts import ParticipantErased
from learning.measures import measure
from learning.plan import start_of
from learning.progress import fold_all
from learning.standing import standing
from projections.enrolment_progress import row
from tests.analytics_kit import told, warehouse
from tests.builders import COMPONENTS, SMALL, at, completed, enrolled, facts_of_an_enrolment
from tests.courses import COURSES, PROGRAMMES
from tests.fact_lives import lives, own_programmes

DAY = date(2026, 3, 14)


def projected(facts: Iterable[Fact], curriculum: Curriculum, day: date) -> list[dict[str, Any]]:
    """What the projection says of these facts as a day begins, by the fold."""
    of: defaultdict[str, list[Fact]] = defaultdict(list)
    for each in facts:
        of[each.subject].append(each)
    measured = ((enrolment, measure(fold_all(of[enrolment]), curriculum, day)) for enrolment in sorted(of))
    return [
        {**row(enrolment, progress, None, at(0)), "as_of": day}
        for enrolment, progress in measured
        if progress is not None
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_completion_and_status_equal_the_fold(tmp_path: Path, seed: int) -> None:
    """Of dense, contradictory lives each row equals the fold's: every fact doubled, in any order."""
    curriculum = own_programmes(tmp_path)
    facts = lives(seed, 4_000, curriculum)
    shuffled = [*facts, *facts]
    Random(seed).shuffle(shuffled)
    connection = warehouse(shuffled, curriculum)
    [(day,)] = told(connection, "dim_time", "as_of")

    assert check_completion(connection, projected(facts, curriculum, day)) == 195


@pytest.mark.parametrize(
    ("as_of", "known_at"), [(DAY, None), (date(2025, 11, 1), None), (DAY, date(2026, 1, 10)), (date(2026, 9, 1), None)]
)
def test_a_cut_lake_equals_the_fold_of_the_cut_facts(tmp_path: Path, as_of: date, known_at: date | None) -> None:
    """As of a day, and known at another, the models say what the fold says of the facts that remain."""
    curriculum = own_programmes(tmp_path)
    facts = lives(4, 4_000, curriculum)
    happened = [each for each in facts if each.time < start_of(as_of)]
    kept = [each for each in happened if known_at is None or each.recordedtime < start_of(known_at)]

    connection = warehouse(facts, curriculum, as_of=as_of, known_at=known_at)

    assert check_completion(connection, projected(kept, curriculum, as_of)) > 150


@st.composite
def cohorts(draw: st.DrawFn) -> list[Fact]:
    """Lives on each kind of programme, rich in facts that happen and become known at the same moment."""
    facts: list[Fact] = []
    for number, programme in enumerate(PROGRAMMES):
        enrolment = f"e-{number}"
        facts.append(enrolled(enrolment=enrolment, programme=programme))
        done = draw(st.sets(st.sampled_from(COMPONENTS), min_size=5))
        facts += [completed(each, at(draw(st.integers(0, 250))), enrolment=enrolment) for each in sorted(done)]
        facts += [_on(each, enrolment, programme) for each in draw(facts_of_an_enrolment())]
    return facts


def _on(fact: Fact, enrolment: str, programme: str) -> Fact:
    data = fact.data
    if hasattr(data, "programme"):
        data = msgspec.structs.replace(data, programme=programme)
    return msgspec.structs.replace(fact, subject=enrolment, data=data)


@settings(max_examples=15, deadline=None)
@given(cohorts(), st.dates(date(2025, 9, 1), date(2026, 10, 1)))
def test_every_kind_of_programme_equals_the_fold(facts: list[Fact], day: date) -> None:
    """Under every rule of completion and assessment, facts of the same moment included, the rows are the fold's."""
    kept = [each for each in facts if each.time < start_of(day) or isinstance(each.data, ParticipantErased)]

    assert check_completion(warehouse(facts, COURSES, as_of=day), projected(kept, COURSES, day)) == len(
        {each.subject for each in kept if each.type == "learning.enrolled.v1"}
    )


def gate_day(facts: Iterable[Fact], curriculum: Curriculum, day: date) -> date | None:
    """The day since which the gate is reached by what is done now: by the fold, and by looking at every moment."""
    state = fold_all(facts)
    now = standing(state, day)
    assert now is not None
    programme = curriculum.plan(now.programme, now.intake).programme
    since = Doings(state, programme.points).since
    return next(
        (
            uk_day(moment)
            for moment in sorted(since.values())
            if programme.gate_reached([component for component, when in since.items() if when <= moment])
        ),
        None,
    )


@settings(max_examples=10, deadline=None)
@given(cohorts(), st.dates(date(2025, 9, 1), date(2026, 10, 1)))
def test_the_gate_is_reached_on_the_day_of_the_fold(facts: list[Fact], day: date) -> None:
    """Whatever components weigh, and whether each group has a gate of its own, everybody's gate day is the fold's."""
    kept = [each for each in facts if each.time < start_of(day)]
    connection = warehouse(kept, COURSES, as_of=day)
    models.need(connection, "fact_completion")

    found = dict(
        connection.execute(
            "SELECT enrolment, gate_reached_on FROM fact_completion JOIN stg_enrolled USING (enrolment_no)"
        ).fetchall()
    )

    assert found == {
        enrolment: gate_day([each for each in kept if each.subject == enrolment], COURSES, day) for enrolment in found
    }


@pytest.mark.parametrize(
    ("column", "value"), [("points", 2), ("gate_reached", True), ("partner", "partner-9"), ("status", "deferred")]
)
def test_the_first_difference_is_named(column: str, value: object) -> None:
    """Where the two differ, the enrolment, the column and both values are told."""
    facts = [enrolled(), completed("module-1")]
    [theirs] = projected(facts, SMALL, DAY)

    with pytest.raises(
        AgreementError, match=f"enrolment e-1: {column} is .* in the lake and {value} in the projections"
    ):
        check_completion(warehouse(facts, as_of=DAY), [{**theirs, column: value}])


def test_a_status_of_another_day_is_not_compared() -> None:
    """A projection measured as of another day may have another status; all else is compared."""
    facts = [enrolled(), completed("module-1")]
    [theirs] = projected(facts, SMALL, DAY)

    assert check_completion(warehouse(facts), [{**theirs, "status": "deferred"}]) == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (("e-1", "e-2"), ("e-1",), "e-2 is in the lake and not in the projections"),
        (("e-1",), ("e-1", "e-2"), "e-2 is in the projections and not in the lake"),
        (("e-2",), ("e-1", "e-2"), "e-1 is in the projections and not in the lake"),
        (("e-1", "e-2"), ("e-2",), "e-1 is in the lake and not in the projections"),
    ],
)
def test_an_enrolment_on_one_side_only_is_named(ours: tuple[str, ...], theirs: tuple[str, ...], said: str) -> None:
    """Nobody may be missing from the lake or from the projections."""
    of = {each: enrolled(enrolment=each) for each in (*ours, *theirs)}
    rows = projected([of[each] for each in theirs], SMALL, DAY)

    with pytest.raises(AgreementError, match=said):
        check_completion(warehouse([of[each] for each in ours], as_of=DAY), rows)
