"""Who was erased counts in every answer as before, and models do not say who it was."""

from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from duckdb import DuckDBPyConnection

from analytics.answer import Answer
from analytics.filters import Filters
from analytics.questions.registry import QUESTIONS
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import ParticipantErased, ParticipantMerged
from tests.analytics_kit import told, warehouse
from tests.builders import START, at, enrolled, make
from tests.fact_lives import LAST_DAY, lives, own_programmes


@cache
def course() -> tuple[Curriculum, list[Fact]]:
    """Programmes, and a hundred lives on them."""
    with TemporaryDirectory() as folder:
        curriculum = own_programmes(Path(folder))
        return curriculum, lives(11, 2_000, curriculum)


@cache
def connection(*, erased: bool) -> DuckDBPyConnection:
    """The models over these lives; a quarter of the people erased, of whom some were flagged."""
    curriculum, facts = course()
    gone = [f"e-{number}" for number in range(0, 100, 4)] if erased else []
    last = [make(ParticipantErased(by="staff-1"), at(900), each, f"p-{each[2:]}") for each in gone]
    decisions = pd.DataFrame(
        [(f"e-{number}", date(2025, 11, 3), "at-risk", "on-track", "raised") for number in range(0, 100, 3)],
        columns=["enrolment", "day", "level", "previous_level", "change"],
    )
    return warehouse([*facts, *last], curriculum, as_of=LAST_DAY, decisions=decisions)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_stays(name: str) -> None:
    """Figures, finding, notes and chart are what they were before anybody was erased."""
    answers = [_answer(name, connection(erased=erased)) for erased in (False, True)]

    before, after = answers
    pd.testing.assert_frame_equal(after.frame, before.frame)
    assert (after.finding, after.notes, repr(after.chart)) == (before.finding, before.notes, repr(before.chart))
    assert len(before.frame)


def _answer(name: str, models: DuckDBPyConnection) -> Answer:
    question = QUESTIONS[name]
    needed: dict[str, Any] = {"curriculum": course()[0]} if question.needs_curriculum else {}
    whom = Filters(programme="small/course") if name == "where-they-stop" else Filters()
    return question.load()(models, whom, **needed)


def test_models_say_who_is_only_counted() -> None:
    """The dimension keeps the row, says that it is erased, and has no participant, whenever it is asked as of."""
    facts = [
        enrolled(),
        make(ParticipantMerged(retired="p-1", into="p-9"), at(1)),
        enrolled(enrolment="e-2", participant="p-2"),
        make(ParticipantErased(by="staff-1"), at(60)),
    ]
    for models in (
        warehouse(facts),
        warehouse(facts, as_of=date(2025, 10, 6)),
        warehouse(facts, known_at=START.date()),
    ):
        rows = told(models, "dim_enrolment", "enrolment, participant, erased")
        assert rows in ([], [("e-1", "erased", True), ("e-2", "p-2", False)])
    assert told(warehouse(facts, as_of=date(2025, 10, 6)), "dim_enrolment", "participant") == [("erased",), ("p-2",)]
