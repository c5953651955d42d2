"""Signals of marks at their borders."""

from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import AssessmentSubmitted
from tests.builders import at, enrolled, make
from tests.risk_kit import DAY, figure, reason

DAY_OF_WORK = date(2025, 10, 8)


def marked(*scores: float | None, banked: bool = False) -> list[Fact]:
    """An enrolment, and work with these scores, the first on 8 October and each a day after the one before."""
    work = [
        make(AssessmentSubmitted(component=f"module-{number + 1}", score=score, banked=banked), at(30 + number))
        for number, score in enumerate(scores)
    ]
    return [enrolled(), *work]


LATER = date(2025, 12, 1)


@pytest.mark.parametrize(("score", "lacks"), [(1.0, 0), (0.6, 40), (0.594, 41), (0.59, 41), (0.0, 100)])
def test_the_last_mark_is_what_it_lacks_to_full_marks(score: float, lacks: int) -> None:
    """In whole percent, so that a mark of 59 is 41 short, and one of 60 is 40."""
    assert figure(marked(score), "last-mark", LATER) == lacks


@pytest.mark.parametrize(("scores", "lacks"), [((0.2, 0.9), 10), ((0.9, 0.2), 80), ((0.2, None), 80)])
def test_the_latest_mark_is_the_one_of_the_latest_work(scores: tuple[float | None, ...], lacks: int) -> None:
    """Whatever came before; work without a score leaves the mark before it in place."""
    assert figure(marked(*scores), "last-mark", LATER) == lacks


@pytest.mark.parametrize("code", ["last-mark", "low-marks"])
@pytest.mark.parametrize("facts", [[enrolled()], marked(None), marked(0.1, 0.1, banked=True)])
def test_without_marks_of_its_own_an_enrolment_has_none(code: str, facts: list[Fact]) -> None:
    """Nothing handed in, no score given, or carried over from an earlier registration."""
    assert figure(facts, code, LATER) is None  # type: ignore[arg-type]  # a signal


@pytest.mark.parametrize(
    ("scores", "times"),
    [((0.4,), None), ((0.399,), 1), ((0.4, 0.39), 1), ((0.39, 0.39), 2), ((0.39, 0.9, 0.0), 2), ((0.9, 0.4), None)],
)
def test_low_marks_are_those_below_40(scores: tuple[float, ...], times: int | None) -> None:
    """40 of 100 is no low mark; how often there was one is counted, in a row or not."""
    assert figure(marked(*scores), "low-marks", LATER) == times


@pytest.mark.parametrize("code", ["last-mark", "low-marks"])
def test_a_mark_counts_from_the_day_after_the_work(code: str) -> None:
    """On the day of the work itself it is not looked at."""
    assert figure(marked(0.1), code, DAY_OF_WORK) is None  # type: ignore[arg-type]  # a signal
    assert figure(marked(0.1), code, DAY_OF_WORK + DAY) is not None  # type: ignore[arg-type]  # a signal


def test_the_day_of_work_is_its_day_in_the_uk() -> None:
    """Handed in at 23:30 UTC on 8 October, which is half past midnight in the UK: it counts from the 10th."""
    night = datetime(2025, 10, 8, 23, 30, tzinfo=UTC)
    facts = [enrolled(), make(AssessmentSubmitted(component="module-1", score=0.1), night)]

    assert figure(facts, "last-mark", date(2025, 10, 9)) is None
    assert figure(facts, "last-mark", date(2025, 10, 10)) == 90


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("last-mark", "The last work handed in was marked 30 of 100."),
        ("low-marks", "2 of 3 marks are below 40 of 100."),
    ],
)
def test_marks_are_told_in_a_sentence(code: str, sentence: str) -> None:
    """With their figures, and what would help."""
    found = reason(marked(0.9, 0.2, 0.3), code, LATER)  # type: ignore[arg-type]  # a signal

    assert found is not None
    assert found.sentence == sentence
    assert found.remedy.endswith(".")
