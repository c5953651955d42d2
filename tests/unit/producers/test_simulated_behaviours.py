"""Each behaviour of the simulator shows in the lives of people who all behave so."""

from collections.abc import Callable
from itertools import pairwise
from statistics import mean, median

import pytest

from learning.calendar import uk_day
from learning.facts import (
    ActivitySeen,
    ComponentCompleted,
    ContactMade,
    DeferralRequested,
    Deferred,
    Resumed,
    Transferred,
    WithdrawalRecommended,
    Withdrawn,
)
from producers.simulation.behaviours import Behaviour
from producers.simulator import simulate
from tests.simulation_kit import CURRICULUM, LONG_AFTER, Lives, lives_of, of, simulation, weeks_of_work


@pytest.fixture(scope="module")
def behaving() -> Callable[[Behaviour], Lives]:
    """Whole lives of people who all behave in one way."""
    held: dict[Behaviour, Lives] = {}

    def lives(behaviour: Behaviour) -> Lives:
        if behaviour not in held:
            alike = simulation(participants=150, mix={behaviour: 1.0}, until=LONG_AFTER)
            held[behaviour] = lives_of(simulate(alike, CURRICULUM))
        return held[behaviour]

    return lives


def test_steady_people_work_in_most_weeks(behaving: Callable[[Behaviour], Lives]) -> None:
    """A steady participant completes little at a time, in many weeks."""
    works = [weeks_of_work(life) for life in behaving(Behaviour.STEADY).values()]

    assert median(median(each.values()) for each in works if each) <= 2


def test_bursty_people_do_much_at_once(behaving: Callable[[Behaviour], Lives]) -> None:
    """A bursty participant needs half the weeks of a steady one, and leaves long gaps between them."""
    steady = [weeks_of_work(life) for life in behaving(Behaviour.STEADY).values()]
    bursty = [weeks_of_work(life) for life in behaving(Behaviour.BURSTY).values()]

    assert mean(map(len, bursty)) < 0.6 * mean(map(len, steady))
    assert mean(max(each.values()) for each in bursty if each) > 1.5 * mean(max(each.values()) for each in steady)


def test_fading_people_go_quiet_and_many_are_withdrawn(behaving: Callable[[Behaviour], Lives]) -> None:
    """Most of the fading start well, fall silent and are withdrawn with their effective date before the call."""
    lives = behaving(Behaviour.FADING).values()
    withdrawn = [life for life in lives if of(Withdrawn, life)]

    assert mean(bool(weeks_of_work(life)) for life in lives) > 0.95
    assert 0.6 < len(withdrawn) / len(lives) < 0.95
    assert (
        median((uk_day(of(Withdrawn, each)[0].time) - of(Withdrawn, each)[0].data.effective).days for each in withdrawn)
        > 40
    )


def test_never_started_people_do_nothing(behaving: Callable[[Behaviour], Lives]) -> None:
    """Somebody who never starts is absent, is contacted and is withdrawn, and is never seen."""
    for life in behaving(Behaviour.NEVER_STARTED).values():
        assert not of(ComponentCompleted, life)
        assert not of(ActivitySeen, life)
        assert of(ContactMade, life)
        assert of(WithdrawalRecommended, life)


def test_deferring_people_ask_and_mostly_return(behaving: Callable[[Behaviour], Lives]) -> None:
    """Who defers asks first, gets an answer, mostly resumes, and often in a later intake."""
    deferred = [life for life in behaving(Behaviour.DEFERRING).values() if of(Deferred, life)]
    resumed = [life for life in deferred if of(Resumed, life)]
    moved = [life for life in resumed if any(fact.data.intake for fact in of(Transferred, life))]

    assert len(deferred) > 100
    assert all(of(DeferralRequested, life)[0].time < of(Deferred, life)[0].time for life in deferred)
    assert 0.7 < len(resumed) / len(deferred) < 0.97
    assert len(moved) / len(resumed) > 0.3


def test_returning_people_come_back_after_a_contact(behaving: Callable[[Behaviour], Lives]) -> None:
    """Most of the returning are silent for weeks, are reached by their partner, and then study again."""
    came_back = 0
    for life in behaving(Behaviour.RETURNING).values():
        weeks = sorted(weeks_of_work(life))
        gaps = [(before, after) for before, after in pairwise(weeks) if after - before >= 4]
        reached = [
            (uk_day(fact.time).toordinal() - 1) // 7 for fact in of(ContactMade, life) if fact.data.outcome == "reached"
        ]
        came_back += any(before < week <= after for before, after in gaps for week in reached)

    assert came_back / 150 > 0.6
