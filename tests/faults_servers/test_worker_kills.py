"""Workers that are killed under load: the others take over, nothing is lost and nothing is done twice."""

from random import Random

from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.lake.verification import verify
from eventlog.rejects import parked
from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, garbage, report
from tests.servers_kit import WORKERS, load
from tests.trial_kit import Trial

KILLS, FACTS_A_KILL = (10, 6_000) if FULL else (3, 1_000)


def test_one_of_three_workers_is_killed_again_and_again(shared_servers: WorkerSettings) -> None:
    """After every kill -9 all partitions move on within 60 s, and in the end every row is exact, and so is the lake."""
    random, seconds = Random(21), []
    lake = shared_servers.data_dir / "lake"
    archiving = shared_servers.model_copy(update={"archive": True, "archive_seconds": 1, "lake_dir": lake})
    with Trial(archiving, load(archiving, KILLS * FACTS_A_KILL, seed=21)) as trial:
        for number in range(KILLS):
            trial.log.append(FACTS_TOPIC, garbage([number]))
            trial.under_load(FACTS_A_KILL, random)
            victim = random.randrange(WORKERS)
            trial.fleet.kill(victim)
            trial.fleet.start(victim)
            seconds.append(round(trial.recovers(), 1))
        trial.assert_nothing_lost_and_nothing_twice(copies=True)
        assert len(parked(trial.log)) == KILLS
        assert verify(Lake(lake), trial.log) > 0
    report(f"{KILLS} kills of one of {WORKERS} workers; seconds until every partition had moved on: {seconds}")
