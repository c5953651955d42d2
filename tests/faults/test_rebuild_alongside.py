"""A rebuild beside a worker at work: the new store takes over whole or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest

from eventlog.facts import start_day
from learning.events import encode
from producers.publisher import publish
from projections import rebuild
from projections.live import LiveProjections, RebuildRunningError
from projections.rulebook import Rulebook
from projections.store import Store
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, Process, Worker, assert_exact, caught_up, open_log, rows, wait_until, work

APPENDER = Path(__file__).with_name("fact_appender.py")


def test_a_rebuild_while_facts_arrive_and_a_worker_runs(tmp_path: Path) -> None:
    """The worker goes on in the new store, which has what came before, during and after the rebuild, each once."""
    curriculum = own_programmes(tmp_path)
    facts = lives(seed=6, facts=3_000, curriculum=curriculum)
    lines = tmp_path / "facts.jsonl"
    lines.write_bytes(b"\n".join(map(encode, facts)))
    live = LiveProjections(tmp_path / "projections")
    with (
        open_log(tmp_path) as log,
        Process(tmp_path, APPENDER, tmp_path, lines, tmp_path / "ledger", "seed") as appender,
        Worker(tmp_path) as worker,
    ):
        start_day(log, LAST_DAY, NOW)
        appender.tell("1000")
        wait_until("the worker is ready", lambda: worker.ready, worker, appender)
        wait_until("there is something to rebuild", lambda: len(log.read("learning-events", 0, 0, 9)) > 8, appender)
        old = live.place

        rebuild.rebuild(log, live, Rulebook(curriculum), lambda: NOW, step=lambda _records: appender.tell("50"))
        assert live.place != old
        assert not old.exists()

        appender.tell("3000")
        assert appender.ended() == 0, appender.complained()
        wait_until("all is processed", lambda: caught_up(tmp_path, log), worker)
        assert worker.runs
    assert len((tmp_path / "ledger").read_text().split()) == len(facts)
    assert_exact(tmp_path, LAST_DAY)


def test_a_rebuild_that_is_killed_leaves_the_live_store_alone(tmp_path: Path) -> None:
    """The live store is what it was, a worker goes on in it, and the next rebuild succeeds and clears up."""
    curriculum = own_programmes(tmp_path)
    facts = lives(seed=7, facts=1_200, curriculum=curriculum)
    live = LiveProjections(tmp_path / "projections")
    with open_log(tmp_path) as log:
        publish(log, facts[:1_000], now=NOW)
        start_day(log, LAST_DAY, NOW)
        work(tmp_path)
        path, before = live.place, rows(tmp_path)

        with Process(tmp_path, "-c", _REBUILD_THAT_STOPS_MIDWAY, tmp_path) as rebuilding:
            wait_until("the rebuild is midway", lambda: "midway" in rebuilding.said(), rebuilding)
            rebuilding.kill()
        assert len(list(live.place.parent.glob("store-*.db"))) == 2
        assert (live.place, rows(tmp_path)) == (path, before)

        publish(log, facts[1_000:], now=NOW)
        work(tmp_path)
        assert_exact(tmp_path, LAST_DAY)

        rebuild.rebuild(log, live, Rulebook(curriculum), lambda: NOW)
    assert [each.name for each in live.place.parent.glob("store-*.db")] == [live.place.name]
    assert live.place != path
    assert_exact(tmp_path, LAST_DAY)


def test_a_second_rebuild_beside_the_first_is_refused(tmp_path: Path) -> None:
    """It would build in the same file; the first one goes on and takes over."""
    curriculum = own_programmes(tmp_path)
    live = LiveProjections(tmp_path / "projections")
    refused: list[str] = []

    def rebuild_once_more(_records: int) -> None:
        with pytest.raises(RebuildRunningError) as caught:
            rebuild.rebuild(log, LiveProjections(tmp_path / "projections"), Rulebook(curriculum), lambda: NOW)
        refused.append(str(caught.value))

    with open_log(tmp_path) as log:
        publish(log, lives(seed=7, facts=200, curriculum=curriculum), now=NOW)
        start_day(log, LAST_DAY, NOW)
        rebuild.rebuild(log, live, Rulebook(curriculum), lambda: NOW, step=rebuild_once_more)

    assert "are being rebuilt already; wait until" in refused[0]
    assert_exact(tmp_path, LAST_DAY)


def test_who_opens_the_live_store_during_a_swap_gets_the_new_one(tmp_path: Path) -> None:
    """Nobody is left with the path of a store that is gone, which would be made again, empty."""
    curriculum = own_programmes(tmp_path)
    live = LiveProjections(tmp_path / "projections")
    with open_log(tmp_path) as log:
        publish(log, lives(seed=7, facts=200, curriculum=curriculum), now=NOW)
        work(tmp_path)
        with ThreadPoolExecutor(max_workers=1) as reader, live.swapping():
            opening = reader.submit(LiveProjections(live.place.parent).open)
            Store(path := live.next_place()).close()
            live.swap(path)
    with opening.result() as opened:
        assert opened.place == path
    assert list(live.place.parent.glob("store-*.db")) == [path]


_REBUILD_THAT_STOPS_MIDWAY = dedent(
    """
    import sys
    from itertools import count
    from pathlib import Path
    from projections import rebuild
    from projections.curriculum_files import load_curriculum
    from projections.live import LiveProjections
    from projections.rulebook import Rulebook
    from tests.faults_kit import NOW, open_log

    data_dir, steps = Path(sys.argv[1]), count(1)

    def step(records):
        if next(steps) == 5:
            print("midway", flush=True)
            input()

    live, curriculum = LiveProjections(data_dir / "projections"), load_curriculum(data_dir / "programmes")
    with open_log(data_dir) as log:
        rebuild.rebuild(log, live, Rulebook(curriculum), lambda: NOW, step)
    """
)
