"""Flags: how soon there is contact, whether people come back, and what may be concluded from that."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest

from analytics.answer import Answer
from analytics.charts import draw
from analytics.filters import Filters
from analytics.questions.flag_response import COLUMNS, CONTACTED, LEFT_ALONE, flag_response
from learning.calendar import uk_day
from learning.events import Fact
from learning.facts import ActivitySeen, ContactMade, Deferred, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import at, enrolled, make

RAISED = uk_day(at(30))
CONTACT, REACHED, RETURN = "flag to first contact", "flag to being reached", "contact to return"
QUIET = "flag to return, of who was quiet for a week"
LATER = uk_day(at(120))


def decisions(rows: Iterable[tuple[int, date, str]]) -> pd.DataFrame:
    """Decisions as the projections have them: enrolment, day and what became of the flag."""
    levels = {"raised": ("at-risk", "on-track"), "cleared": ("on-track", "at-risk"), "changed": ("critical", "at-risk")}
    made = [(f"e-{number}", day, *levels[change], change) for number, day, change in rows]
    return pd.DataFrame(made, columns=["enrolment", "day", "level", "previous_level", "change"])


def raised(people: int) -> pd.DataFrame:
    """A flag for each of so many people, all raised on one day."""
    return decisions((number, RAISED, "raised") for number in range(people))


def days_after(days: float) -> datetime:
    """So many days after 09:00 UTC of the day on which the flags were raised."""
    return at(30 + days)


def said(data: Any, days: float, number: int = 0) -> Fact:
    """A fact of a person, so many days after the flag."""
    return make(data, days_after(days), f"e-{number}", f"p-{number}")


def contact(days: float, number: int = 0, outcome: str = "reached") -> Fact:
    """Somebody tried to reach the person."""
    return said(ContactMade(channel="phone", outcome=outcome, by="staff-1"), days, number)


def visit(days: float, number: int = 0) -> Fact:
    """The person was seen at work."""
    return said(ActivitySeen(), days, number)


def people(count: int) -> Iterator[Fact]:
    """So many enrolments."""
    for number in range(count):
        yield enrolled(at(-9), f"e-{number}", f"p-{number}")


def ask(facts: Iterable[Fact], flags: pd.DataFrame, as_of: date = LATER, filters: Filters | None = None) -> Answer:
    """The answer for these facts and decisions."""
    return flag_response(warehouse(facts, as_of=as_of, decisions=flags), filters or Filters())


def row(answer: Answer, step: str, group: str = "all") -> dict[str, Any]:
    """A row of the answer."""
    frame = answer.frame
    [found] = frame[(frame["step"] == step) & (frame["group"] == group)].to_dict("records")
    return found


def within(found: dict[str, Any]) -> list[tuple[int, int]]:
    """How many of how many, for each horizon."""
    return [(found[f"within_{days}"], found[f"followed_{days}"]) for days in (7, 14, 28)]


@pytest.fixture(scope="module")
def four() -> Answer:
    """Four flags: contact after 0, 6 and 13 days, the second reached after 20 days only, and one left alone."""
    facts = [
        *people(4),
        contact(0, 0),
        visit(3, 0),
        contact(6, 1, "no-answer"),
        contact(20, 1),
        visit(27, 1),
        contact(13, 2, "message-left"),
    ]
    return ask(facts, raised(4))


def test_first_contact_is_counted_by_days(four: Answer) -> None:
    """Any attempt counts as contact; the quartiles are of all four flags, the one without contact included."""
    found = row(four, CONTACT)

    assert within(found) == [(2, 4), (3, 4), (3, 4)]
    assert (found["lower_quartile_days"], found["median_days"], found["upper_quartile_days"]) == (0, 6, 13)


def test_being_reached_is_counted_apart(four: Answer) -> None:
    """Calls that nobody answered and messages left do not count as reached; half were not reached at all."""
    found = row(four, REACHED)

    assert within(found) == [(1, 4), (1, 4), (2, 4)]
    assert pd.isna(found["upper_quartile_days"])


def test_a_return_is_timed_from_the_contact(four: Answer) -> None:
    """Three people were contacted; they came back after 3 days, after 21 days, and never."""
    found = row(four, RETURN)

    assert (found["flags"], within(found)) == (3, [(1, 3), (1, 3), (2, 3)])


def test_work_before_the_contact_is_no_return_from_it() -> None:
    """On the day of the contact, only what comes after it counts."""
    facts = [*people(2), visit(1, 0), contact(1.1, 0), contact(1, 1), visit(1.1, 1)]

    assert within(row(ask(facts, raised(2)), RETURN))[0] == (1, 2)


def test_contact_before_the_flag_or_after_it_was_cleared_is_not_about_it() -> None:
    """Contact counts from the day of the flag until the flag is cleared."""
    flags = decisions([(0, RAISED, "raised"), (0, RAISED + timedelta(days=5), "cleared")])
    found = row(ask([*people(1), contact(-1), contact(5)], flags), CONTACT)

    assert within(found)[0] == (0, 1)
    assert found["ended_before"] == 1


@pytest.mark.parametrize(
    "end",
    [
        Deferred(reason="other"),
        Withdrawn(reason="other", effective=RAISED + timedelta(days=3), signed_off_by="partner-1"),
    ],
    ids=["deferred", "withdrawn"],
)
def test_a_flag_ends_when_the_person_pauses_or_leaves(end: Any) -> None:
    """What is said to them afterwards is no answer to the flag, which stays among those without contact."""
    found = row(ask([*people(1), said(end, 3), contact(5)], raised(1)), CONTACT)

    assert (within(found)[0], found["ended_before"]) == ((0, 1), 1)


def test_a_flag_raised_again_is_another_flag() -> None:
    """Each time it is raised it is timed anew; that its reasons changed makes it no new one."""
    again = RAISED + timedelta(days=40)
    flags = decisions(
        [
            (0, RAISED, "raised"),
            (0, RAISED + timedelta(days=2), "changed"),
            (0, RAISED + timedelta(days=10), "cleared"),
            (0, again, "raised"),
        ]
    )
    found = row(ask([*people(1), contact(40)], flags), CONTACT)

    assert within(found) == [(1, 2), (1, 2), (1, 2)]


@pytest.mark.parametrize(("days", "followed"), [(6, [0, 0, 0]), (7, [1, 0, 0]), (27, [1, 1, 0]), (28, [1, 1, 1])])
def test_a_flag_counts_once_it_has_been_followed_long_enough(days: int, followed: list[int]) -> None:
    """What was raised yesterday cannot have been without contact for a week."""
    found = row(ask(people(1), raised(1), RAISED + timedelta(days=days)), CONTACT)

    assert [of for _, of in within(found)] == followed


def test_the_comparison_is_of_who_was_quiet_for_a_week() -> None:
    """Who was seen in the first week, or whose flag was cleared then, is in neither group."""
    facts = [
        *people(5),
        *(contact(2, 0), visit(9, 0)),
        *(contact(9, 1), visit(10, 1)),  # contact after the week: left alone in it
        visit(3, 2),
        *(contact(2, 3), visit(4, 3)),
    ]
    flags = pd.concat([raised(5), decisions([(4, RAISED + timedelta(days=6), "cleared")])])
    answer = ask(facts, flags)

    assert (row(answer, QUIET, CONTACTED)["flags"], within(row(answer, QUIET, CONTACTED))) == (
        1,
        [(0, 1), (1, 1), (1, 1)],
    )
    assert (row(answer, QUIET, LEFT_ALONE)["flags"], within(row(answer, QUIET, LEFT_ALONE))[2]) == (1, (1, 1))


def compared(contacted: int, others: int) -> Answer:
    """Of 50 contacted and 50 others, so many came back after two weeks."""
    facts = [*people(100), *(contact(1, number) for number in range(50))]
    facts += [visit(14, number) for number in (*range(contacted), *range(50, 50 + others))]
    return ask(facts, raised(100))


@pytest.fixture(scope="module")
def helped() -> Answer:
    """Of 50 contacted 40 came back, of 50 others 20."""
    return compared(40, 20)


def test_the_finding_has_contact_and_return(helped: Answer) -> None:
    """The finding says how many had contact, and what share of each group came back."""
    assert helped.finding == (
        "50.0 % of 100 flags had a contact within 7 days; of those quiet in that week, 80.0 % of 50 contacted and "
        "40.0 % of 50 others came back within 28 days, more than chance explains."
    )


def test_a_difference_within_chance_is_called_so() -> None:
    """Three more of fifty is nothing to go by."""
    assert compared(23, 20).finding.endswith("came back within 28 days, a difference that chance can explain.")


def test_the_first_note_warns_that_it_is_no_proof(helped: Answer) -> None:
    """Who reads only one note reads that staff choose whom they call."""
    assert helped.notes[0].startswith("This is no proof that contact brings people back")


def test_repeats_and_order_change_nothing() -> None:
    """Random lives, doubled and shuffled, give what is worked out by hand, flag by flag."""
    random = Random(3)
    contacts = {number: sorted(random.sample(range(-5, 30), random.randrange(4))) for number in range(60)}
    visits = {number: sorted(random.sample(range(-5, 60), random.randrange(4))) for number in range(60)}
    facts = [*people(60)]
    facts += [contact(day, number) for number, days in contacts.items() for day in days]
    facts += [visit(day + 0.1, number) for number, days in visits.items() for day in days]
    facts *= 2
    random.shuffle(facts)
    answer = ask(facts, raised(60))

    first = {number: min((day for day in days if day >= 0), default=99) for number, days in contacts.items()}
    called = {number: day for number, day in first.items() if day < 99}
    waits = [
        min((day - called[number] for day in visits[number] if day >= called[number]), default=99) for number in called
    ]
    assert within(row(answer, CONTACT)) == [(sum(day < each for day in first.values()), 60) for each in (7, 14, 28)]
    assert within(row(answer, RETURN)) == [(sum(wait < each for wait in waits), len(waits)) for each in (7, 14, 28)]


def test_filters_leave_others_out() -> None:
    """Only the flags of those who match are timed."""
    facts = [*people(2), enrolled(at(-9), "e-2", "p-2", partner="partner-2")]

    assert row(ask(facts, raised(3), filters=Filters(partner="partner-2")), CONTACT)["flags"] == 1


def test_nothing_to_time_is_an_empty_table_with_its_columns() -> None:
    """Without flags there is a finding that says so, and no chart."""
    answer = ask(people(2), raised(0))

    assert answer.frame.empty
    assert list(answer.frame.columns) == list(COLUMNS)
    assert answer.finding.startswith("No flag was raised for this selection")
    assert answer.chart is None


def test_flags_that_are_too_new_are_said_to_be() -> None:
    """Where no flag has been followed for a week, there is no rate yet."""
    answer = ask(people(2), raised(2), RAISED + timedelta(days=3))

    assert answer.finding == "None of 2 flags has been followed for 7 days yet."
    assert answer.chart is None


def test_the_chart_can_be_drawn(helped: Answer) -> None:
    """The chart shows every step and both groups."""
    svg = draw(helped, "svg").decode()

    assert [each for each in (CONTACT, RETURN, CONTACTED, LEFT_ALONE, "within 28 days") if each not in svg] == []
