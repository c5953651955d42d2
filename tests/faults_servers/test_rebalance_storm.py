"""Workers that come and go so fast that the group hardly ever settles: nothing is lost, nothing is done twice."""

import signal
from itertools import count
from random import Random

from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, report
from tests.servers_kit import WORKERS, load
from tests.trial_kit import Trial

EVENTS, FACTS_AN_EVENT = (30, 2_000) if FULL else (6, 500)
MOST_WORKERS = 5


def test_a_storm_of_joins_and_leaves(shared_servers: WorkerSettings) -> None:
    """Once the group may settle all partitions move on within 60 s, and in the end every row is exact."""
    random, numbers, happened = Random(51), count(WORKERS), []
    with Trial(shared_servers, load(shared_servers, EVENTS * FACTS_AN_EVENT, seed=51)) as trial:
        trial.under_load(FACTS_AN_EVENT, random)
        for _ in range(EVENTS):
            trial.feed.release(FACTS_AN_EVENT)
            happened.append(_something(trial, next(numbers), random))
            trial.endure(random.uniform(0.2, 5))
        _stop(trial, *trial.fleet.numbers[WORKERS:])
        seconds = trial.recovers()
        trial.assert_nothing_lost_and_nothing_twice(copies=True)
    report(f"{EVENTS} times a worker came or went ({', '.join(happened)}); all had moved on {seconds:.1f} s later")


def _stop(trial: Trial, *numbers: int) -> None:
    """Stop workers; one that has only just been started is ended by the signal itself."""
    assert {0, -signal.SIGTERM}.issuperset(trial.fleet.stop(*numbers))


def _something(trial: Trial, number: int, random: Random) -> str:
    workers = trial.fleet.numbers
    choices = ["started"] * (len(workers) < MOST_WORKERS) + ["stopped", "killed"] * (len(workers) > 1)
    what = random.choice(choices)
    if what == "started":
        trial.fleet.start(number)
    elif what == "stopped":
        _stop(trial, random.choice(workers))
    else:
        trial.fleet.kill(random.choice(workers))
    return what
