"""Explaining a past day: as known then, as known now, and the facts that make the difference."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from learning.events import Fact, encode
from learning.facts import ActivitySeen, ContactMade, DayStarted
from learning.hindsight import as_known
from learning.plan import start_of
from learning.progress import State, fold
from projections import risk_history
from projections.explanation import NoDecisionError, hindsight, learned_later, without_reason
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import SMALL, START, at, completed, enrolled, facts_of_an_enrolment, make
from tests.risk_kit import only, policies_of, rules_of, steps

RULEBOOK = Rulebook(SMALL, only("behind", (2, 2)))
"""At risk from two study weeks behind the plan."""

MONDAYS = [date(2025, 9, 15) + timedelta(days=7 * week) for week in range(4)]
LATE = MONDAYS[-1] + timedelta(days=1)
"""The day on which two completions of September become known."""


def day(started: date) -> Fact:
    """A day that starts."""
    return make(DayStarted(day=started), start_of(started), enrolment="calendar")


def told_late(component: str, days: float) -> Fact:
    """A completion that becomes known in October."""
    return completed(component, at(days), recordedtime=start_of(LATE))


LOG = [
    enrolled(),
    completed("module-1", at(2)),
    *map(day, MONDAYS),
    told_late("module-2", 9),
    told_late("module-3", 16),
    make(ContactMade(channel="phone", outcome="reached", by="staff-1"), at(10), recordedtime=start_of(LATE)),
    make(ActivitySeen(), at(9)),
    day(MONDAYS[-1] + timedelta(days=7)),
]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to the projections of the log."""
    with Store(tmp_path / "store.db") as store:
        projector = Projector(store, RULEBOOK, park=lambda _: None, now=lambda: START)
        projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(LOG)], b"head")
        with store.connect() as opened:
            yield opened


def test_a_past_day_has_two_answers(connection: Connection) -> None:
    """Given completions that became known late, then it was at risk, and now nothing is to be said of that day."""
    found = hindsight(connection, RULEBOOK, "e-1", MONDAYS[-1])

    assert found.known_then is not None
    assert found.known_now is not None
    assert (found.known_then.level, found.known_now.level) == ("at-risk", "on-track")
    assert found.known_then.as_of == found.known_now.as_of == found.day == MONDAYS[-1]


@pytest.mark.parametrize("asked", [*MONDAYS, LATE, MONDAYS[-1] + timedelta(days=7)], ids=str)
def test_as_known_then_is_what_the_history_says(connection: Connection, asked: date) -> None:
    """On every day the answer made again from the state is the decision that was made at the time."""
    found = hindsight(connection, RULEBOOK, "e-1", asked)
    decided = risk_history.decided_on(connection, "e-1", asked)

    assert found.agrees
    assert found.decided == decided
    assert found.known_then is not None
    assert found.known_then.level == (decided["level"] if decided else "on-track")


def test_the_facts_that_make_the_difference_are_named_with_both_times(connection: Connection) -> None:
    """Each with when it happened, when it became known, and the latest day that had started on the log before it."""
    found = hindsight(connection, RULEBOOK, "e-1", MONDAYS[-1]).learned_later

    assert [(each.time, each.what, each.component) for each in found] == [
        (start_of(date(2025, 9, 17)), "visited", None),
        (at(9), "completed", "module-2"),
        (at(10), "learning.contact-made.v1", None),
        (at(16), "completed", "module-3"),
    ]
    assert {each.known_after for each in found} == {MONDAYS[-1]}
    assert [each.recordedtime for each in found] == [None, *[start_of(LATE)] * 3]


def test_what_is_learned_later_had_happened_before_the_day(connection: Connection) -> None:
    """Of the second Monday, what happened after it makes no difference, however late it became known."""
    found = hindsight(connection, RULEBOOK, "e-1", MONDAYS[1]).learned_later

    assert [each.component for each in found] == [None, "module-2", None]
    assert {each.time < start_of(MONDAYS[1]) for each in found} == {True}


def test_a_day_that_was_skipped_is_answered_by_the_one_before(connection: Connection) -> None:
    """Where no day started on the one asked for, the latest before it counts, and is named."""
    found = hindsight(connection, RULEBOOK, "e-1", MONDAYS[1] + timedelta(days=3))

    assert (found.asked, found.day) == (MONDAYS[1] + timedelta(days=3), MONDAYS[1])


def test_other_rules_than_those_of_the_time_do_not_hide_what_was_decided(connection: Connection) -> None:
    """Given a policy file that was changed after the fact, the history stands beside the new answer, as different."""
    found = hindsight(connection, Rulebook(SMALL, only("behind", (9, 2))), "e-1", MONDAYS[-1])

    assert not found.agrees
    assert found.known_then is not None
    assert found.decided is not None
    assert (found.known_then.level, found.decided["level"]) == ("on-track", "at-risk")


@pytest.mark.parametrize(
    ("enrolment", "asked", "said"),
    [
        ("e-1", date(2025, 10, 14), "14 Oct 2025 has not started; the latest day that has is 13 Oct 2025"),
        ("e-1", date(2025, 9, 14), "the first day that started is 15 Sep 2025"),
        ("e-9", MONDAYS[0], "nothing is known of e-9"),
    ],
)
def test_a_day_without_decisions_is_refused(connection: Connection, enrolment: str, asked: date, said: str) -> None:
    """A day to come, one before the first, and an enrolment that nobody knows get a sentence each."""
    with pytest.raises(NoDecisionError, match=said):
        hindsight(connection, RULEBOOK, enrolment, asked)


def test_before_any_day_nothing_was_decided(tmp_path: Path) -> None:
    """Given facts and no day, the remedy is a worker."""
    with Store(tmp_path / "store.db") as store:
        projector = Projector(store, RULEBOOK, park=lambda _: None, now=lambda: START)
        projector.apply(0, [(0, encode(enrolled()))], b"head")
        with store.connect() as connection, pytest.raises(NoDecisionError, match="no day has started"):
            hindsight(connection, RULEBOOK, "e-1", MONDAYS[0])


def test_an_enrolment_that_became_known_later_was_not_known(tmp_path: Path) -> None:
    """Then nothing could be said, and the enrolment itself is the fact that makes the difference."""
    log = [day(MONDAYS[1]), enrolled(at(1), enrolment="e-2"), day(MONDAYS[2])]
    with Store(tmp_path / "store.db") as store:
        projector = Projector(store, RULEBOOK, park=lambda _: None, now=lambda: START)
        projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(log)], b"head")
        with store.connect() as connection:
            found = hindsight(connection, RULEBOOK, "e-2", MONDAYS[1])

    assert (found.known_then, found.decided, found.agrees) == (None, None, True)
    assert found.known_now is not None
    assert [each.what for each in found.learned_later] == ["learning.enrolled.v1"]


@given(
    st.lists(st.tuples(facts_of_an_enrolment(), st.dates(date(2025, 9, 1), date(2026, 4, 1)))),
    st.dates(date(2025, 9, 2), date(2026, 4, 2)),
)
def test_what_was_learned_later_is_the_whole_difference(runs: list[tuple[list[Fact], date]], asked: date) -> None:
    """Where nothing was learned later, what was known then is everything that had happened."""
    state = State()
    for facts, known in runs:
        for fact in facts:
            fold(state, fact, known)
    then, later = as_known(state, asked), list(learned_later(state, asked))
    happened = [
        *(mark[0] for marks in state.components.values() for mark in marks),
        *(noted.time for noted in state.life),
    ]
    known = [*(mark[0] for marks in then.components.values() for mark in marks), *(noted.time for noted in then.life)]

    told = [each.time for each in later if each.what != "visited"]
    assert sorted([*known, *told]) == sorted(time for time in happened if time < start_of(asked))


def test_signals_without_a_word_are_those_of_the_provider_on_the_day() -> None:
    """A lead provider's own rules say which signals are looked at."""
    own = rules_of(silent=steps("silent", (0, 1)), behind=steps("behind", (1, 1)))
    policies = policies_of(rules_of(behind=steps("behind", (1, 1))), provider_2=own)

    assert without_reason({"behind"}, policies, "provider-1", MONDAYS[0]) == []
    assert without_reason({"behind"}, policies, "provider-2", MONDAYS[0]) == ["silent"]
