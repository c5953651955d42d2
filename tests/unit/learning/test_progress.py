"""The fold: what is kept of facts, and which of several words about one thing counts."""

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, Literal

import pytest

from learning.events import Fact
from learning.facts import (
    ActivitySeen,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentReopened,
    DayStarted,
    Resumed,
)
from learning.progress import State, decode_state, done_since, encode_state, fold_all, visit_days
from tests.builders import at, completed, enrolled, make


def register(attendance: Literal["attended", "absent", "caught-up"], known: float, day: float = 1) -> Fact:
    """An entry for the clinic of a day, known so many days after the intake began."""
    return make(AttendanceRecorded(component="clinic-1", attendance=attendance), at(day), recordedtime=at(known))


def reopened(day: float, component: str = "module-1") -> Fact:
    """A completion taken back on a day."""
    return make(ComponentReopened(component=component), at(day))


def visit(when: datetime) -> Fact:
    """A visit to the learning platform."""
    return make(ActivitySeen(), when)


def since(*facts: Fact) -> datetime | None:
    """Since when the one component that the facts are about is done, which is the same in whatever order they come."""
    found = {done_since(next(iter(fold_all(order).components.values()))) for order in permutations(facts)}
    assert len(found) == 1
    return found.pop()


def test_of_two_entries_for_a_session_the_later_one_counts() -> None:
    """A register amended from attended to absent leaves the session not done."""
    assert since(register("attended", known=1), register("absent", known=5)) is None


def test_an_entry_amended_twice_is_as_it_was_said_last() -> None:
    """Attended, then absent, then attended again: done, since the session took place."""
    entries = (register("attended", known=1), register("absent", known=5), register("attended", known=9))

    assert since(*entries) == at(1)


def test_catching_up_makes_a_missed_session_done() -> None:
    """Absent from a session and caught up on it later: done since then."""
    assert since(register("absent", known=1, day=1), register("caught-up", known=6, day=6)) == at(6)


def test_a_second_completion_does_not_move_the_first() -> None:
    """Completed twice, a component is done since the first time."""
    assert since(completed("module-1", at(3)), completed("module-1", at(8))) == at(3)


def test_a_reopened_component_is_done_again_when_completed_again() -> None:
    """Completed, reopened, completed: done since the second completion."""
    assert since(completed("module-1", at(1)), reopened(2), completed("module-1", at(5))) == at(5)


def test_a_late_record_of_an_earlier_completion_does_not_undo_a_reopening() -> None:
    """A completion that happened before the reopening counts as before it, however late it became known."""
    late = completed("module-1", at(2), recordedtime=at(30))

    assert since(completed("module-1", at(1)), reopened(3), late) is None


def test_a_reopening_outweighs_a_completion_of_the_same_moment() -> None:
    """When neither of two words came later, whatever the order they arrive in, the component is to be done again."""
    assert since(completed("module-1", at(1)), reopened(1)) is None


def test_nothing_said_is_not_done() -> None:
    """Without marks, a component is not done."""
    assert done_since([]) is None


@pytest.mark.parametrize(("banked", "word"), [(False, "submitted"), (True, "banked")])
def test_a_submission_is_about_a_component_and_about_an_attempt(banked: bool, word: str) -> None:
    """Handing work in marks its component and is kept among the happenings of the enrolment."""
    state = fold_all([make(AssessmentSubmitted(component="case-study", attempt=1, banked=banked), at(150))])

    assert state.components == {"case-study": [(at(150), at(150), word, 0)]}
    assert [noted.time for noted in state.life] == [at(150)]


def test_happenings_are_kept_in_the_order_in_which_they_happened() -> None:
    """Whatever order facts arrive in, what happened first stands first; at one moment, what was known first."""
    facts = [make(Resumed(), at(9)), make(Resumed(), at(2), recordedtime=at(5)), make(Resumed(), at(2)), enrolled()]

    times = [(noted.time, noted.recordedtime) for noted in fold_all(facts).life]

    assert times == [(at(0), at(0)), (at(2), at(2)), (at(2), at(5)), (at(9), at(9))]


def test_the_same_fact_twice_is_kept_once() -> None:
    """A repeated fact changes nothing, of whatever kind it is."""
    facts = [enrolled(), completed("module-1", at(1)), visit(at(2)), register("absent", known=3)]

    assert fold_all([*facts, *facts]) == fold_all(facts)


def test_equal_figures_that_are_written_differently_stay_apart() -> None:
    """A score of 0 and one of minus 0 are equal as numbers, and still give the same bytes in both orders."""
    zeros: list[Any] = [make(AssessmentSubmitted(component="case-study", score=score)) for score in (0.0, -0.0)]

    assert encode_state(fold_all(zeros)) == encode_state(fold_all(reversed(zeros)))


def test_a_day_that_starts_says_nothing_of_an_enrolment() -> None:
    """A day tick leaves the state as it is."""
    assert fold_all([make(DayStarted(day=date(2025, 9, 9)))]) == State()


@pytest.mark.parametrize(
    ("when", "day"),
    [
        (datetime(2025, 12, 10, 23, 59, tzinfo=UTC), date(2025, 12, 10)),
        (datetime(2026, 6, 29, 22, 59, tzinfo=UTC), date(2026, 6, 29)),
        (datetime(2026, 6, 29, 23, 0, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 23, 30, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2025, 10, 25, 23, 30, tzinfo=UTC), date(2025, 10, 26)),
        (datetime(2025, 10, 26, 23, 30, tzinfo=UTC), date(2025, 10, 26)),
    ],
)
def test_a_visit_belongs_to_its_day_in_the_uk(when: datetime, day: date) -> None:
    """In summer time the UK day begins an hour before the UTC day; on the days of the change, each by its own rule."""
    assert visit_days(fold_all([visit(when)])) == [day]


def test_visits_are_kept_as_days_and_as_the_last_moment() -> None:
    """Many visits on a day are one day; the last visit is the latest, not the one that arrived last."""
    moments = [datetime(2025, 12, 29, 9, tzinfo=UTC), at(0), at(0, 3), datetime(2026, 1, 5, 9, tzinfo=UTC), at(6)]

    state = fold_all(visit(when) for when in moments)

    assert visit_days(state) == [date(2025, 9, 8), date(2025, 9, 14), date(2025, 12, 29), date(2026, 1, 5)]
    assert state.last_visit == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_a_state_that_was_stored_is_read_as_it_was() -> None:
    """Nothing of a state is lost in the store."""
    facts = [enrolled(cohort="2025b"), completed("module-1", at(1, 0.001)), visit(at(2)), register("absent", known=3)]
    state = fold_all([*facts, make(AssessmentSubmitted(component="case-study", score=0.5))])
    stored = decode_state(encode_state(state))

    assert (stored.components, stored.active_days, stored.last_visit) == (
        state.components,
        state.active_days,
        state.last_visit,
    )
    assert stored.life == state.life
