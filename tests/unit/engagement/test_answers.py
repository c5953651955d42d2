"""Answers on screen: which figures become percents, and which stay numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from analytics.answer import Answer
from analytics.filters import Filters
from analytics.questions.registry import QUESTIONS
from engagement import answers, output
from engagement.output import Column
from learning.events import Fact
from learning.facts import AlertSent, AttendanceRecorded, ContactMade, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import at, completed, enrolled, make

PEOPLE = 12

RATIOS: Mapping[str, set[str]] = {
    "completion-curve": {
        *("completion", "lower_quartile", "median", "upper_quartile", "at_gate", "expected", "completion_with_left"),
    },
    "completion-trend": {"completion", "expected"},
    "where-they-stop": {"share_stopped"},
    "survival": {"survival", "low", "high"},
    "retention": {"rate"},
    "partners": {"rate", "overall", "low_95", "high_95", "low_998", "high_998"},
    "milestones": {"share_in_time"},
    "gate-forecast": {"expected_share", "low_share", "high_share"},
    "attendance": {"attended_rate", "attended_low", "attended_high", "caught_up_rate", "absent_rate"},
    "flag-response": {"within_7_rate", "within_14_rate", "within_28_rate"},
    "alert-response": {"within_7_rate", "within_14_rate", "within_28_rate"},
    "timeliness": {"within_2_rate", "within_7_rate"},
}
"""Of each question, the columns that hold ratios."""

Shown = dict[str, list[object]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What the table has on screen: the cells of each column by its heading."""
    cells: Shown = {}

    def table(_: str, columns: Iterable[Column], rows: Sequence[Sequence[object]], **__: object) -> None:
        for number, column in enumerate(columns):
            cells[column.heading] = [row[number] for row in rows]

    monkeypatch.setattr(output, "table", table)
    return cells


def course() -> Iterator[Fact]:
    """Twelve people of two partners, one withdrawn and one flagged; and one on a course with DfE's dates."""
    dated = {"programme": "reformed-2021/npqsl", "intake": "2024-autumn"}
    yield enrolled(datetime(2024, 9, 20, tzinfo=UTC), "e-dated", "p-dated", **dated)
    for number in range(PEOPLE):
        whose = {"enrolment": f"e-{number}", "participant": f"p-{number}"}
        yield enrolled(at(-5), partner=f"partner-{number % 2}", **whose)
        for module in range(1, 2 + number % 6):
            yield completed(f"module-{module}", at(7 * module), **whose)
        word = AttendanceRecorded(component="clinic-1", attendance="absent" if number == 5 else "attended")
        yield make(word, at(20), recordedtime=at(21 + number), **whose)
    yield make(Withdrawn(reason="other", effective=at(30).date(), signed_off_by="partner-0"), at(30), "e-0", "p-0")
    yield make(AlertSent(alert="a-1", notice="msg_1", step="first", channel="email", to="c-1"), at(41), "e-1", "p-1")
    yield make(ContactMade(channel="phone", outcome="reached", by="staff-1"), at(45), "e-1", "p-1")


def answer(name: str) -> Answer:
    """A question asked of that course after fourteen weeks."""
    flags = pd.DataFrame(
        [("e-1", at(40).date(), "at-risk", "on-track", "raised")],
        columns=["enrolment", "day", "level", "previous_level", "change"],
    )
    filters = Filters(programme="small/course" if name == "where-they-stop" else None)  # it asks about one only
    return QUESTIONS[name].load()(warehouse(course(), as_of=at(100).date(), decisions=flags), filters)


@pytest.mark.parametrize("name", QUESTIONS)
def test_ratios_and_nothing_else_are_shown_as_percents(name: str, shown: Shown) -> None:
    """Of every question, the columns that hold ratios are percents on screen, and counts and days are not."""
    asked = answer(name)
    answers.show(asked)
    percents = {heading for heading, cells in shown.items() if any(str(cell).endswith(" %") for cell in cells)}
    with_values = {each for each in RATIOS[name] & set(asked.frame) if asked.frame[each].notna().any()}

    assert set(asked.frame) == set(asked.columns)
    assert with_values
    assert percents == {each.replace("_", " ").capitalize() for each in with_values}


def test_a_number_that_happens_to_lie_below_one_stays_a_number(shown: Shown) -> None:
    """The expected number of a single person is 0.4 people and no 40 %."""
    frame = pd.DataFrame({"group": ["one"], "low": [0.4], "high": [1.0], "share": [0.4], "since": [date(2025, 9, 1)]})
    columns = {"group": "g", "low": "number of people", "high": "the same", "share": "of all (0 to 1)", "since": "day"}
    answers.show(Answer(question="q", finding="One.", frame=frame, columns=columns))

    assert shown == {"Group": ["one"], "Low": [0.4], "High": [1], "Share": ["40.0 %"], "Since": [date(2025, 9, 1)]}
