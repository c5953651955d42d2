"""A disk that refuses in the middle of the work: the worker says so in one sentence and ends, and nothing is lost."""

from pathlib import Path
from textwrap import dedent

from eventlog.facts import FACTS_TOPIC, publish, start_day
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, Process, assert_exact, open_log, processed, work

_WORKER_WITH_LITTLE_ROOM = dedent(
    """
    import resource
    from engagement.__main__ import main

    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    main()
    """
)


def test_a_worker_whose_disk_refuses_says_so_in_one_sentence(tmp_path: Path) -> None:
    """Exit code 1, one sentence with the remedy and no traceback; with room again, the next worker goes on exactly."""
    facts = lives(seed=9, facts=1_200, curriculum=own_programmes(tmp_path))
    with open_log(tmp_path) as log:
        publish(log, facts, now=NOW)
        start_day(log, LAST_DAY, NOW)
        on_the_log = sum(log.end_offsets(FACTS_TOPIC).values())

    with Process(tmp_path, "-c", _WORKER_WITH_LITTLE_ROOM, "worker") as worker:
        assert worker.ended() == 1
        [sentence] = worker.complained().splitlines()
    assert "store-000001.db could not be read or written: the disk refused" in sentence
    assert sentence.endswith("and try again.")
    assert 0 < processed(tmp_path) < on_the_log

    work(tmp_path)
    assert_exact(tmp_path, LAST_DAY)
