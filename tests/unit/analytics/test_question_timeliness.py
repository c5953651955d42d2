"""Timeliness: how many days after a session its register came, by delivery partner."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from random import Random
from statistics import quantiles
from typing import Any

import pytest

from analytics.answer import Answer
from analytics.charts import draw
from analytics.filters import Filters
from analytics.questions.timeliness import COLUMNS, timeliness
from learning.calendar import uk_day
from learning.events import Fact
from learning.facts import AttendanceRecorded
from tests.analytics_kit import warehouse
from tests.builders import at, enrolled, make

LATER = uk_day(at(120))
"""Long after every session here."""


def register(partner: int, day: int, late: float, word: str = "attended", component: str = "clinic-1") -> Fact:
    """A line of the register of a session, recorded so many days later; day 0 is a Monday, at 09:00 UTC."""
    whose = {"enrolment": f"e-{partner}", "participant": f"p-{partner}"}
    data = AttendanceRecorded(component=component, attendance=word)
    return make(data, at(day), recordedtime=at(day + late), **whose)


def partner(number: int) -> Fact:
    """Somebody who is with a partner."""
    return enrolled(at(-9), f"e-{number}", f"p-{number}", partner=f"partner-{number}")


def sessions(number: int, delays: Iterable[float]) -> Iterator[Fact]:
    """A partner with one session a day, recorded with these delays."""
    yield partner(number)
    for day, late in enumerate(delays):
        yield register(number, day, late)


def row(answer: Answer, number: int = 1) -> dict[str, Any]:
    """The row of a partner."""
    [found] = answer.frame[answer.frame["partner"] == f"partner-{number}"].to_dict("records")
    return found


@pytest.fixture(scope="module")
def three() -> Answer:
    """A quick partner, a slow one, and one with too few sessions to say anything."""
    facts = [
        *sessions(1, [0] * 10 + [1] * 10),
        *sessions(2, [1] * 3 + [5] * 10 + [9] * 5 + [20] * 2),
        *sessions(3, [40] * 9),
    ]
    return timeliness(warehouse(facts, as_of=LATER))


def test_delays_are_described_by_partner(three: Answer) -> None:
    """Median, nine in ten, the slowest, and the shares within two and seven days."""
    found = row(three, 2)

    assert found == {
        "partner": "partner-2",
        "sessions": 20,
        "median_days": 5,
        "p90_days": 9,
        "slowest_days": 20,
        "within_2": 3,
        "within_2_rate": 0.15,
        "within_7": 13,
        "within_7_rate": 0.65,
    }


def test_the_finding_names_the_slowest_with_enough_sessions(three: Answer) -> None:
    """Partner 3 is slower still, but nine sessions are too few to be named for."""
    assert three.finding == (
        "partner-2 is slowest: half of its 20 registers came within 5 days, nine in ten within 9 days; "
        "of all partners, 46.9 % of 49 registers came within two days and 67.3 % within seven."
    )


def test_a_single_partner_is_not_called_slowest() -> None:
    """Where there is nobody to compare with, the finding is about how timely registers are."""
    finding = timeliness(warehouse(sessions(1, [0, 5, 9, 1]), as_of=LATER)).finding

    assert finding == "50.0 % of 4 registers came within two days and 75.0 % within seven."


def test_a_session_counts_from_the_first_line_of_its_register() -> None:
    """Another line of the same session and day, however late, makes the register no later."""
    facts = [partner(1), register(1, 0, 3), register(1, 0, 30), register(1, 0, 9, "absent")]

    assert row(timeliness(warehouse(facts, as_of=LATER)))["slowest_days"] == 3


def test_a_correction_does_not_make_a_register_late() -> None:
    """The session was known from its first record, whatever was put right later."""
    facts = [partner(1), register(1, 0, 1, "absent"), register(1, 0, 50, "attended")]

    assert row(timeliness(warehouse(facts, as_of=LATER)))["slowest_days"] == 1


def test_no_register_is_earlier_than_its_session() -> None:
    """A record from before the session (prepared ahead, or a wrong clock) was on time: 0 days, never fewer."""
    assert row(timeliness(warehouse(sessions(1, [-3, -1]), as_of=LATER)))["slowest_days"] == 0


def test_days_are_those_of_the_uk() -> None:
    """A record of the same UK evening is no day late, one after midnight in the UK is one day late."""
    same, next_day = 13.9 / 24, 14.1 / 24  # 09:00 UTC in September, UK midnight is at 23:00 UTC
    found = row(timeliness(warehouse(sessions(1, [same, next_day]), as_of=LATER)))

    assert (found["median_days"], found["slowest_days"]) == (0, 1)


def test_catching_up_is_no_session() -> None:
    """It takes place when the person has time, and nobody keeps a register of it."""
    facts = [partner(1), register(1, 0, 1), register(1, 5, 60, "caught-up")]

    assert row(timeliness(warehouse(facts, as_of=LATER)))["sessions"] == 1


@pytest.mark.parametrize(("days", "counted"), [(14, 0), (15, 1)])
def test_sessions_of_the_last_two_weeks_are_left_out(days: int, counted: int) -> None:
    """Of those only the quick registers have come, which would make everybody look quick."""
    answer = timeliness(warehouse(sessions(1, [0]), as_of=uk_day(at(days))))

    assert answer.frame["sessions"].sum() == counted


def test_what_was_recorded_after_the_day_of_knowledge_is_not_known() -> None:
    """Of 20 sessions, half recorded after 60 days, only the others are there when asked what was known before."""
    facts = list(sessions(1, [1] * 10 + [90] * 10))
    answer = timeliness(warehouse(facts, as_of=LATER, known_at=uk_day(at(60))))

    assert (row(answer)["sessions"], row(answer)["slowest_days"]) == (10, 1)


def test_filters_leave_others_out() -> None:
    """Only the registers of those who match are counted."""
    facts = [*sessions(1, [1]), *sessions(2, [2])]
    answer = timeliness(warehouse(facts, as_of=LATER), Filters(partner="partner-2"))

    assert answer.frame["partner"].tolist() == ["partner-2"]


def test_repeats_and_order_change_nothing() -> None:
    """Random delays of 60 sessions, doubled and shuffled, have the quantiles that Python's own statistics give."""
    random = Random(5)
    delays = [random.randrange(30) for _ in range(60)]
    facts = list(sessions(1, delays)) * 2
    random.shuffle(facts)

    found = row(timeliness(warehouse(facts, as_of=LATER)))

    assert (found["sessions"], found["slowest_days"]) == (60, max(delays))
    assert found["within_7"] == sum(each <= 7 for each in delays)
    assert found["p90_days"] == sorted(delays)[53]  # the 54th of 60 is the first that nine in ten do not exceed
    assert abs(found["median_days"] - quantiles(delays, n=2)[0]) <= 1


def test_nothing_to_measure_is_an_empty_table_with_its_columns() -> None:
    """Without sessions there is a finding that says so, and no chart."""
    answer = timeliness(warehouse([partner(1)], as_of=LATER))

    assert answer.frame.empty
    assert list(answer.frame.columns) == list(COLUMNS)
    assert answer.finding == "No session of this selection was held more than 14 days ago."
    assert answer.chart is None


def test_the_chart_shows_the_slowest_first(three: Answer) -> None:
    """Partners stand in the order of their medians, with both shares."""
    svg = draw(three, "svg").decode()
    places = [svg.rindex(f">partner-{number}<") for number in (3, 2, 1)]

    assert places == sorted(places)
    assert "within seven days" in svg


def test_the_delay_of_a_session_is_at_least_that_of_the_record() -> None:
    """A record some hours after midnight two days later is two days late, not one and a half."""
    found = row(timeliness(warehouse(sessions(1, [timedelta(days=1, hours=16) / timedelta(days=1)]), as_of=LATER)))

    assert found["slowest_days"] == 2
