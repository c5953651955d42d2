"""Attendance: who comes, by kind of session, weekday and partner, and where fewer come than chance explains."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pandas as pd
import pytest

from analytics.answer import Answer
from analytics.charts import draw
from analytics.filters import Filters
from analytics.questions.attendance import COLUMNS, attendance
from analytics.suppression import suppress_answer
from analytics.wilson import wilson
from learning.events import Fact
from learning.facts import AttendanceRecorded
from tests.analytics_kit import warehouse
from tests.builders import at, enrolled, make

MONDAY, TUESDAY = at(0), at(1)
RATES = ("attended_rate", "caught_up_rate", "absent_rate")


def line(word: str, time: datetime = MONDAY, component: str = "clinic-1", number: int = 0, **envelope: Any) -> Fact:
    """A line of a register."""
    whose = {"enrolment": f"e-{number}", "participant": f"p-{number}"}
    return make(AttendanceRecorded(component=component, attendance=word), time, **whose, **envelope)


def people(count: int, **data: Any) -> Iterator[Fact]:
    """So many enrolments."""
    for number in range(count):
        yield enrolled(at(-9), f"e-{number}", f"p-{number}", **data)


def row(answer: Answer, breakdown: str, group: str) -> dict[str, Any]:
    """One row of the answer."""
    frame = answer.frame
    [found] = frame[(frame["breakdown"] == breakdown) & (frame["group"] == group)].to_dict("records")
    return found


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    """Lines, attended, caught up and absent of a row."""
    return tuple(found[name] for name in ("register_lines", "attended", "caught_up", "absent"))


def test_lines_are_counted_by_kind_weekday_and_partner() -> None:
    """Each breakdown has every line once, with rates that add up to 1."""
    facts = [
        *people(3),
        enrolled(at(-9), "e-3", "p-3", partner="partner-2"),
        *(line("attended", MONDAY, number=number) for number in range(3)),
        line("absent", MONDAY, number=3),
        line("absent", TUESDAY, "module-1", number=0),
    ]
    answer = attendance(warehouse(facts))

    assert counts(row(answer, "kind", "clinic")) == (4, 3, 0, 1)
    assert counts(row(answer, "kind", "module")) == (1, 0, 0, 1)
    assert counts(row(answer, "weekday", "Monday")) == (4, 3, 0, 1)
    assert counts(row(answer, "weekday", "Tuesday")) == (1, 0, 0, 1)
    assert counts(row(answer, "partner", "partner-1")) == (4, 3, 0, 1)
    assert counts(row(answer, "partner", "partner-2")) == (1, 0, 0, 1)
    assert answer.frame[list(RATES)].sum(axis="columns").tolist() == pytest.approx([1] * len(answer.frame))


def test_a_session_is_held_once_for_all_who_were_expected() -> None:
    """Lines of one component, partner, intake and day are one session; another day or partner is another."""
    facts = [
        *people(2),
        enrolled(at(-9), "e-2", "p-2", partner="partner-2"),
        *(line("attended", MONDAY, number=number) for number in range(3)),
        line("attended", TUESDAY, "clinic-2", number=0),
        line("attended", at(1, 3), "clinic-2", number=1),
    ]
    answer = attendance(warehouse(facts))

    assert row(answer, "kind", "clinic")["sessions"] == 3
    assert row(answer, "partner", "partner-1")["sessions"] == 2


def test_who_was_absent_and_caught_up_later_counts_as_caught_up_on_the_day_of_the_session() -> None:
    """The line of the session becomes caught up; the catching up is no session of its own."""
    answer = attendance(warehouse([*people(1), line("absent", MONDAY), line("caught-up", at(9))]))

    assert counts(row(answer, "weekday", "Monday")) == (1, 0, 1, 0)
    assert row(answer, "weekday", "Monday")["sessions"] == 1
    assert answer.frame["register_lines"].sum() == 3  # one a breakdown


def test_who_caught_up_before_is_absent_afterwards() -> None:
    """Only what comes after the absence mends it."""
    answer = attendance(warehouse([*people(1), line("caught-up", MONDAY), line("absent", at(9))]))

    assert counts(row(answer, "kind", "clinic")) == (2, 0, 1, 1)


def test_catching_up_without_a_register_is_a_line_but_no_session() -> None:
    """Where nobody recorded the absence, the person still counts as caught up."""
    answer = attendance(warehouse([*people(1), line("caught-up", MONDAY)]))

    assert counts(row(answer, "kind", "clinic")) == (1, 0, 1, 0)
    assert row(answer, "kind", "clinic")["sessions"] == 0


def test_a_corrected_line_counts_as_corrected() -> None:
    """The later record of the same session is believed."""
    facts = [*people(1), line("absent", MONDAY), line("attended", MONDAY, recordedtime=at(5))]

    assert counts(row(attendance(warehouse(facts)), "kind", "clinic")) == (1, 1, 0, 0)


def test_a_session_late_in_the_evening_falls_on_its_day_in_the_uk() -> None:
    """At 23:30 UTC in summer, it is the next day in the UK."""
    facts = [*people(1), line("attended", at(0, 14.5))]

    assert row(attendance(warehouse(facts)), "weekday", "Tuesday")["register_lines"] == 1


@pytest.fixture(scope="module")
def weak_tuesday() -> Answer:
    """One hundred people who mostly come on Mondays and hardly on Tuesdays."""
    facts = [*people(100)]
    for number in range(100):
        facts.append(line("attended" if number < 90 else "absent", MONDAY, number=number))
        facts.append(line("attended" if number < 40 else "absent", TUESDAY, "clinic-2", number=number))
    return attendance(warehouse(facts))


def test_the_finding_names_what_is_weaker_than_chance_would_make_it(weak_tuesday: Answer) -> None:
    """The finding has the weekday, its rate and number of lines, and the rate of all others."""
    assert weak_tuesday.finding == (
        "Attendance is weakest on Tuesdays: 40.0 % of 100 register lines say attended, against 90.0 % of all others."
    )


def test_the_finding_names_a_kind(weak_tuesday: Answer) -> None:
    """A kind of session that is weaker by more than any weekday is what the finding is about."""
    facts = [*people(100)]
    for number in range(100):
        day = at(number % 5)
        facts.append(line("attended", day, number=number))
        facts.append(line("attended" if number < 30 else "absent", day, "module-1", number=number))

    assert "weakest for the kind module: 30.0 % of 100" in attendance(warehouse(facts)).finding
    assert "kind" not in weak_tuesday.finding


def test_a_difference_that_chance_explains_is_not_named() -> None:
    """Three of four on one day and one of four on another are too few to say anything."""
    facts = [*people(4)]
    facts += [line("attended" if number else "absent", MONDAY, number=number) for number in range(4)]
    facts += [line("absent" if number else "attended", TUESDAY, "clinic-2", number=number) for number in range(4)]

    finding = attendance(warehouse(facts)).finding

    assert finding.startswith("50.0 % of 8 register lines say attended; no kind of session and no weekday stands out")


def test_filters_leave_others_out() -> None:
    """Only the registers of those who match are counted."""
    facts = [
        *people(2),
        enrolled(at(-9), "e-2", "p-2", partner="partner-2"),
        *(line("attended", number=number) for number in range(3)),
    ]
    answer = attendance(warehouse(facts), Filters(partner="partner-2"))

    assert counts(row(answer, "kind", "clinic")) == (1, 1, 0, 0)
    assert set(answer.frame.loc[answer.frame["breakdown"] == "partner", "group"]) == {"partner-2"}


def test_nothing_to_count_is_an_empty_table_with_its_columns() -> None:
    """Without registers there is a finding that says so, and no chart."""
    answer = attendance(warehouse(people(2)))

    assert answer.frame.empty
    assert list(answer.frame.columns) == list(COLUMNS)
    assert answer.finding == "No register is known for this selection."
    assert answer.chart is None


def test_the_chart_can_be_drawn(weak_tuesday: Answer) -> None:
    """The chart shows kinds and weekdays, with the finding above it."""
    svg = draw(weak_tuesday, "svg").decode()

    assert [each for each in ("Tuesday", "clinic", "caught up", "weakest on Tuesdays") if each not in svg] == []


def test_small_groups_can_be_hidden(weak_tuesday: Answer) -> None:
    """The answer says which columns count people, so that an export can hide few of them."""
    facts = [*people(8), *(line("attended", number=number) for number in range(7)), line("absent", TUESDAY, number=7)]
    shown = suppress_answer(attendance(warehouse(facts))).frame
    tuesday = shown[(shown["breakdown"] == "weekday") & (shown["group"] == "Tuesday")]

    assert tuesday["register_lines"].isna().all()
    assert weak_tuesday.people == ("register_lines", "attended", "caught_up", "absent")


def by_hand(lines: list[tuple[int, str, int, str]]) -> Counter[tuple[int, str]]:
    """Weekday and outcome of each line, worked out one at a time."""
    told: Counter[tuple[int, str]] = Counter()
    for number, component, day, word in lines:
        same = [(other_day, other) for who, what, other_day, other in lines if (who, what) == (number, component)]
        if word == "absent" and any(other == "caught-up" and later > day for later, other in same):
            told[day, "caught_up"] += 1
        elif word != "caught-up":
            told[day, word] += 1
        elif not any(other == "absent" and earlier < day for earlier, other in same):
            told[day, "caught_up"] += 1
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_every_line_is_told_once_whatever_the_order_and_however_often(seed: int) -> None:
    """Random lines of 200 people, doubled and shuffled, give the counts that are worked out by hand, line by line."""
    random = Random(seed)
    places = {
        (number, random.choice(("clinic-1", "clinic-2")), random.randrange(7))
        for number in range(200)
        for _ in range(random.randrange(7))
    }
    lines = [(*place, random.choice(("attended", "absent", "caught-up"))) for place in sorted(places)]
    facts = [*people(200), *(line(word, at(day), component, number) for number, component, day, word in lines)] * 2
    random.shuffle(facts)
    frame = attendance(warehouse(facts)).frame
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

    found = {
        (days.index(each["group"]), word): each[word]
        for each in frame[frame["breakdown"] == "weekday"].to_dict("records")
        for word in ("attended", "caught_up", "absent")
        if each[word]
    }
    assert found == dict(by_hand(lines))


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_of_a_ratio_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    """The last is the example of R. G. Newcombe, Statistics in Medicine 17 (1998), page 861: 0.2553 to 0.3662."""
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


def test_of_nobody_everything_is_possible() -> None:
    """A ratio of none has the whole interval and is no error."""
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_frame_explains_each_column(weak_tuesday: Answer) -> None:
    """Every column has a meaning, and ratios lie within their intervals."""
    frame: pd.DataFrame = weak_tuesday.frame

    assert list(frame.columns) == list(weak_tuesday.columns)
    assert (frame["attended_low"] <= frame["attended_rate"]).all()
    assert (frame["attended_rate"] <= frame["attended_high"]).all()
