"""Trying another policy: who would have been flagged, on what was known on each day."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from learning.events import Fact, encode
from learning.facts import DayStarted, Transferred, Withdrawn
from learning.plan import start_of
from learning.policy import Policies
from learning.progress import State, fold, fold_all
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.simulation import Counts, Life, compare, days_apart, life, number_of_states, replay
from projections.store import Store
from tests.builders import SMALL, START, at, completed, enrolled, make
from tests.risk_kit import only

LOOSE = only("behind", (4, 2))
STRICT = only("behind", (2, 2))
MONDAYS = [date(2025, 9, 15) + timedelta(days=7 * week) for week in range(6)]


def lived(*facts: Fact, now: Policies = LOOSE, then: Policies = STRICT) -> Life:
    """An enrolment looked at on six Mondays."""
    return life("e-1", fold_all(facts), MONDAYS, SMALL, now=now, then=then)


def example(enrolment: str, now: tuple[int, ...], then: tuple[int, ...], partner: str = "partner-1") -> Life:
    """A life on six Mondays, flagged on those with these numbers."""
    return Life(
        enrolment, partner, tuple(MONDAYS), tuple(MONDAYS[each] for each in now), tuple(MONDAYS[each] for each in then)
    )


def test_a_stricter_policy_flags_earlier() -> None:
    """Who never does anything is flagged from two instead of four study weeks on."""
    found = lived(enrolled())

    assert found.flagged_now == tuple(MONDAYS[3:])
    assert found.flagged_then == tuple(MONDAYS[1:])


def test_each_day_is_judged_on_what_was_known_then() -> None:
    """Given completions that became known on the sixth Monday, they change no day before it."""
    state = State()
    for fact in (enrolled(), *(completed(f"module-{number}", at(number)) for number in range(1, 7))):
        fold(state, fact, None if fact.data.TYPE == "learning.enrolled.v1" else MONDAYS[4])

    assert life("e-1", state, MONDAYS, SMALL, now=LOOSE, then=STRICT).flagged_then == tuple(MONDAYS[1:5])


def test_who_is_not_active_is_not_counted() -> None:
    """From the day of a withdrawal on there is nothing to flag."""
    gone = make(Withdrawn(reason="other", effective=MONDAYS[3], signed_off_by="partner-1"), at(20))

    found = lived(enrolled(), gone)

    assert found.seen == tuple(MONDAYS[:3])
    assert found.flagged_then == (MONDAYS[1], MONDAYS[2])


def test_days_before_the_enrolment_are_not_counted() -> None:
    """Nobody could have been flagged who was not enrolled."""
    assert lived(enrolled(at(15))).seen == tuple(MONDAYS[2:])
    assert lived(completed("module-1")).seen == ()


def test_the_partner_is_the_one_known_last() -> None:
    """Who moves is counted once, where they are now."""
    assert lived(enrolled(), make(Transferred(partner="partner-2"), at(30))).partner == "partner-2"


def test_lives_are_counted_in_all_and_by_partner() -> None:
    """Given one newly flagged, one no longer, one earlier by two weeks and one never, the counts say so."""
    outcome = compare(
        [
            example("new", (), (4, 5)),
            example("gone", (2,), ()),
            example("earlier", (4, 5), (2, 3, 4, 5), "partner-2"),
            example("never", (), (), "partner-2"),
            Life("unseen", "", (), (), ()),
        ]
    )

    assert outcome.days == MONDAYS
    assert (outcome.newly, outcome.no_longer) == (["new"], ["gone"])
    assert outcome.partners["partner-2"] == Counts(
        enrolments=2,
        flagged_now=1,
        flagged_then=1,
        newly=0,
        no_longer=0,
        latest_now=1,
        latest_then=1,
        share_now=2 / 12,
        share_then=4 / 12,
        days_earlier=14,
    )
    assert outcome.partners["partner-1"].days_earlier is None
    assert (outcome.total.enrolments, outcome.total.flagged_now, outcome.total.flagged_then) == (4, 2, 2)


def test_days_earlier_is_a_median_and_below_zero_when_later() -> None:
    """Of flags that come a week later, a week later and three weeks earlier, the middle one stands."""
    outcome = compare([example("a", (1,), (2,)), example("b", (1,), (2,)), example("c", (5,), (2,))])

    assert outcome.total.days_earlier == -7


def test_nobody_gives_an_empty_outcome() -> None:
    """Without lives there are no days, no partners and no ratios to divide."""
    outcome = compare([])

    assert (outcome.days, outcome.partners, outcome.total) == ([], {}, Counts())


@pytest.mark.parametrize(
    ("since", "every", "expected"),
    [
        (None, 1, MONDAYS),
        (None, 7, MONDAYS),
        (None, 8, MONDAYS[1::2]),
        (MONDAYS[4], 7, MONDAYS[4:]),
        (MONDAYS[4] + timedelta(days=1), 7, MONDAYS[5:]),
        (MONDAYS[5] + timedelta(days=1), 7, []),
    ],
)
def test_days_are_chosen_back_from_the_latest(since: date | None, every: int, expected: list[date]) -> None:
    """The latest day is always looked at; others are at least so many days apart."""
    assert days_apart(MONDAYS, since, every) == expected


def test_a_year_is_looked_at_unless_more_is_asked_for() -> None:
    """A day more than a year before the latest one is left out; where none has started, there is none."""
    old = MONDAYS[-1] - timedelta(days=366)

    assert days_apart([old, *MONDAYS], None, 7) == MONDAYS
    assert days_apart([old, *MONDAYS], old, 7) == [old, *MONDAYS]
    assert days_apart([], None, 7) == []


def test_a_replay_of_the_projections_needs_no_log(tmp_path: Path) -> None:
    """Given stored states and the days of their home, all are looked at; a candidate's first day does not count."""
    calendar = [make(DayStarted(day=each), start_of(each), enrolment="calendar") for each in MONDAYS]
    log = [enrolled(), enrolled(enrolment="e-2", participant="p-2"), completed("module-1", enrolment="e-2"), *calendar]
    [policy] = STRICT.versions
    candidate = Policies((msgspec.structs.replace(policy, in_force=date(2099, 1, 1)),))
    with Store(tmp_path / "store.db") as store:
        projector = Projector(store, Rulebook(SMALL, LOOSE), park=lambda _: None, now=lambda: START)
        projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(log)], b"head")
        with store.connect() as connection:
            found = list(replay(connection, SMALL, LOOSE, candidate, since=None, every=7))
            number = number_of_states(connection)

    assert number == len(found) == 2
    assert [(each.enrolment, each.flagged_now, each.flagged_then) for each in found] == [
        ("e-1", tuple(MONDAYS[3:]), tuple(MONDAYS[1:])),
        ("e-2", tuple(MONDAYS[4:]), tuple(MONDAYS[2:])),
    ]
