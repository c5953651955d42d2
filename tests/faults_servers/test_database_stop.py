"""PostgreSQL that goes away under load: facts are acknowledged meanwhile, and workers go on when it is back."""

from random import Random

from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, report
from tests.servers.postgres_server import PostgresServer
from tests.servers_kit import OUTAGE_SECONDS, WORKERS, load
from tests.trial_kit import Trial

OUTAGES, FACTS = (3, 6_000) if FULL else (1, 2_000)


def test_a_database_that_was_away(on_own_postgres: WorkerSettings, own_postgres: PostgresServer) -> None:
    """After it is back all partitions move on within 60 s, and what was acknowledged meanwhile is in every row."""
    random, seconds = Random(41), []
    with Trial(on_own_postgres, load(on_own_postgres, 2 * OUTAGES * FACTS, seed=41)) as trial:
        for _ in range(OUTAGES):
            trial.under_load(FACTS, random)
            own_postgres.stop()
            trial.feed.release(FACTS)
            trial.endure(OUTAGE_SECONDS)
            own_postgres.start()
            seconds.append(round(trial.recovers(), 1))
        assert trial.fleet.ended == []
        trial.assert_nothing_lost_and_nothing_twice()
    report(f"PostgreSQL was away {OUTAGES} times for {OUTAGE_SECONDS:.0f} s; then all had moved on after {seconds} s")


def test_workers_stop_in_good_order_while_the_database_is_away(
    on_own_postgres: WorkerSettings, own_postgres: PostgresServer
) -> None:
    """Told to stop, workers that wait for the database end with exit code 0."""
    with Trial(on_own_postgres, load(on_own_postgres, FACTS, seed=42)) as trial:
        trial.under_load(FACTS, Random(42))
        own_postgres.stop()
        trial.endure(2)
        assert trial.fleet.stop(*trial.fleet.numbers) == [0] * WORKERS
