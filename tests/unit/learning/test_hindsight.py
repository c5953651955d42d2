"""A state cut back: to what had happened before a day, and to what stood on the log when the day began."""

from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import ActivitySeen, AssessmentSubmitted, AttendanceRecorded, ContactMade
from learning.hindsight import as_known, happened_before
from learning.progress import State, decode_state, encode_state, fold, fold_all
from tests.builders import completed, enrolled, make
from tests.risk_kit import DAY

SUNDAY = date(2025, 10, 26)
"""The day on which clocks go back: it begins at 23:00 UTC on Saturday and has 25 hours."""

CONTACT = ContactMade(channel="phone", outcome="reached", by="staff-1")


def seen(when: datetime) -> Fact:
    """A visit to the learning platform."""
    return make(ActivitySeen(), when)


def on(day: int, hour: int = 12, minute: int = 0, month: int = 10) -> datetime:
    """An instant in autumn 2025, UTC."""
    return datetime(2025, month, day, hour, minute, tzinfo=UTC)


def test_a_state_that_lies_in_the_past_is_left_as_it_is() -> None:
    """The very same object, and no day on which more of it happens."""
    state = fold_all([enrolled(), seen(on(2)), completed("module-1", on(3))])

    assert happened_before(state, date(2025, 10, 4)).state is state
    assert happened_before(state, date(2025, 10, 4)).next_day is None


@pytest.mark.parametrize(
    "make_fact", [seen, lambda when: completed("module-1", when), lambda when: make(CONTACT, when)]
)
@pytest.mark.parametrize(
    ("when", "day", "counts"),
    [
        (on(25, 22, 59), SUNDAY, True),
        (on(25, 23, 0), SUNDAY, False),
        (on(26, 23, 59), SUNDAY + DAY, True),
        (on(27, 0, 0), SUNDAY + DAY, False),
    ],
)
def test_a_day_begins_at_midnight_in_the_uk(make_fact: object, when: datetime, day: date, counts: bool) -> None:
    """The last minute of the day before counts, the first instant of the day does not."""
    fact: Fact = make_fact(when)  # type: ignore[operator]  # one of the above
    alone, both = fold_all([enrolled()]), fold_all([enrolled(), fact])

    kept = happened_before(both, day).state

    assert encode_state(kept) == encode_state(both if counts else alone)


def test_the_next_day_is_the_one_after_the_first_fact_that_was_left_out() -> None:
    """Facts of 10 and 14 October, looked at on the 5th: more will have happened as the 11th begins."""
    state = fold_all([enrolled(), make(CONTACT, on(14)), completed("module-1", on(10)), seen(on(12))])

    assert happened_before(state, date(2025, 10, 5)).next_day == date(2025, 10, 11)
    assert happened_before(state, date(2025, 10, 11)).next_day == date(2025, 10, 13)


def test_cutting_back_leaves_the_state_untouched() -> None:
    """It is a state of its own that is answered."""
    state = fold_all([enrolled(), seen(on(2)), completed("module-1", on(3))])
    before = encode_state(state)

    happened_before(state, date(2025, 10, 1))
    as_known(state, date(2025, 10, 1))

    assert encode_state(state) == before


def test_the_last_visit_that_is_kept_is_on_the_last_day_that_is_kept() -> None:
    """Of earlier visits the day is on record, not the hour: the start of the day stands for it."""
    kept = happened_before(fold_all([enrolled(), seen(on(2)), seen(on(20))]), date(2025, 10, 10)).state

    assert kept.last_visit == on(1, 23)
    assert happened_before(fold_all([enrolled(), seen(on(20))]), date(2025, 10, 10)).state.last_visit is None


def logged(*entries: Fact | date) -> State:
    """The state of a log on which days started between facts."""
    state, started = State(), None
    for entry in entries:
        if isinstance(entry, date):
            started = entry
        else:
            fold(state, entry, started)
    return state


LATE = completed("module-1", on(6))


@pytest.mark.parametrize(
    ("day", "known"),
    [(date(2025, 10, 6), False), (date(2025, 10, 7), False), (date(2025, 10, 9), False), (date(2025, 10, 10), True)],
)
def test_a_register_that_comes_late_was_not_known_before(day: date, known: bool) -> None:
    """Done on the 6th, on the log after the 9th had started: known as the 10th began, not on the days between."""
    days = [date(2025, 10, number) for number in (6, 7, 8, 9)]
    state = logged(enrolled(), *days, LATE)

    assert ("module-1" in as_known(state, day).components) is known
    assert ("module-1" in happened_before(state, day).state.components) is (day > date(2025, 10, 6))


def test_a_fact_that_is_on_the_log_on_its_day_is_not_late() -> None:
    """Known from the next day on, as if no day had ever started."""
    state = logged(enrolled(), date(2025, 10, 5), date(2025, 10, 6), LATE, date(2025, 10, 7))

    assert "module-1" in as_known(state, date(2025, 10, 7)).components
    assert encode_state(state) == encode_state(fold_all([enrolled(), LATE]))


def test_of_a_fact_sent_twice_the_earlier_place_counts() -> None:
    """Sent again after many days, it was known from the first time on, whichever of the two is folded first."""
    first, again = date(2025, 10, 9), date(2025, 11, 20)
    one, other = State(), State()
    for state, order in ((one, (first, again)), (other, (again, first))):
        for known in (None, *order):
            fold(state, enrolled() if known is None else LATE, known)

    assert encode_state(one) == encode_state(other)
    assert "module-1" in as_known(one, first + DAY).components


def test_a_correction_was_not_known_while_the_register_said_otherwise() -> None:
    """Absent on the 6th, put right on the 20th: as known on the 10th absent, as known on the 21st attended."""
    absent, attended = (
        make(AttendanceRecorded(component="clinic-1", attendance=word), on(6), recordedtime=known)  # type: ignore[arg-type]  # a word
        for word, known in (("absent", on(6)), ("attended", on(20)))
    )
    state = logged(enrolled(), date(2025, 10, 6), absent, date(2025, 10, 20), attended)

    assert [mark[2] for mark in as_known(state, date(2025, 10, 10)).components["clinic-1"]] == ["absent"]
    assert as_known(state, date(2025, 10, 21)).components["clinic-1"][-1][2] == "attended"


def test_visits_are_known_by_the_day() -> None:
    """Two visits on one day, one of them reported late: the day was known from the first report on."""
    late, early = logged(date(2025, 10, 20), seen(on(6))), logged(date(2025, 10, 20), seen(on(6)), date(2025, 10, 6))
    fold(early, seen(on(6, 15)), date(2025, 10, 6))

    assert as_known(late, date(2025, 10, 10)).active_days == {}
    assert as_known(late, date(2025, 10, 21)).active_days != {}
    assert as_known(early, date(2025, 10, 7)).active_days != {}


def test_lateness_is_stored_with_the_state() -> None:
    """Written and read back, the state still knows what was known when."""
    work = make(AssessmentSubmitted(component="case-study"), on(6))
    state = logged(enrolled(), date(2025, 10, 20), LATE, seen(on(6)), work)
    again = decode_state(encode_state(state))

    assert encode_state(as_known(again, date(2025, 10, 10))) == encode_state(fold_all([enrolled()]))
    assert encode_state(as_known(again, date(2025, 10, 21))) == encode_state(as_known(state, date(2025, 10, 21)))
