"""A worker that stands still for so long that others do its work, and then goes on as if nothing had happened."""

import signal
import time
from random import Random

import psycopg
import pytest

from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, report
from tests.servers_kit import WORKERS, load
from tests.trial_kit import Trial

FACTS = 20_000 if FULL else 2_000
ROUNDS = 5 if FULL else 1

_STANDS_IN_A_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'engagement' AND backend_xid IS NOT NULL
    AND state = 'idle in transaction' AND state_change < clock_timestamp() - interval '0.4 s'
"""
"""Transactions that have written, and have not been told anything since: those of workers at work last less long."""


@pytest.mark.parametrize("in_transaction", [True, False] if FULL else [True])
def test_a_worker_that_stood_still(shared_servers: WorkerSettings, *, in_transaction: bool) -> None:
    """The others go on within 60 s, though it has locked rows; what it writes late is refused, and it works again."""
    random, without, alone = Random(61), [], []
    with Trial(shared_servers, load(shared_servers, 2 * ROUNDS * FACTS, seed=61)) as trial:
        for _ in range(ROUNDS):
            trial.under_load(FACTS, random)
            zombie = (
                _stop_in_a_transaction(trial, random) if in_transaction else _stop(trial, random.randrange(WORKERS))
            )
            without.append(round(trial.recovers(), 1))
            trial.feed.release(FACTS)
            trial.start_next_day()
            trial.fleet[zombie].signal(signal.SIGCONT)
            assert trial.fleet.stop(*set(trial.fleet.numbers) - {zombie}) == [0, 0]
            alone.append(round(trial.recovers(), 1))
            for other in set(range(WORKERS)) - {zombie}:
                trial.fleet.start(other)
        assert trial.fleet.ended == []
        trial.assert_nothing_lost_and_nothing_twice(copies=True)
    report(f"workers that stood still: all had moved on without them after {without} s, by them alone after {alone} s")


def _stop(trial: Trial, number: int) -> int:
    trial.fleet[number].signal(signal.SIGSTOP)
    return number


def _stop_in_a_transaction(trial: Trial, random: Random) -> int:
    """Freeze workers until one of them has a transaction open in which it has written."""
    assert trial.settings.database is not None
    url, number = trial.settings.database.get_secret_value(), random.randrange(WORKERS)
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(200):
            _stop(trial, number)
            time.sleep(0.5)  # longer than any transaction of the others stands still
            if connection.execute(_STANDS_IN_A_TRANSACTION).fetchone() != (0,):
                return number
            trial.fleet[number].signal(signal.SIGCONT)
            trial.feed.release(200)
            trial.endure(random.uniform(0.01, 0.2))
    raise AssertionError("no worker was ever seen in a transaction")
