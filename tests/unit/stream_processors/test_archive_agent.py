"""The archiving agent beside the tracking one: the lake follows the projections, and its troubles stay its own."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from threading import Thread
from typing import Any

import pytest
from structlog.testing import capture_logs

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.lake.lake import Lake
from eventlog.lake.verification import verify
from stream_processors.app import Pipeline
from stream_processors.archiving import ArchiveError
from stream_processors.runner import run
from stream_processors.settings import WorkerSettings
from tests.builders import SMALL_FILE, at, completed, enrolled
from tests.faults_kit import NOW, garbage, processed, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with four facts and a message that is none on its log."""
    (tmp_path / "programmes").mkdir()
    (tmp_path / "programmes" / "small.toml").write_text(SMALL_FILE)
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topic(FACTS_TOPIC, 2)
        facts = [enrolled(), completed("module-1", at(1)), enrolled(enrolment="e-2", participant="p-2")]
        log.append(FACTS_TOPIC, map(record_of, facts))
        log.append(FACTS_TOPIC, garbage([1], partition=0))
        log.append(FACTS_TOPIC, [record_of(completed("module-2", at(8)))])
    return tmp_path


def pipeline(folder: Path, **settings: Any) -> Pipeline:
    """The worker of a folder, on a day that is not noted."""
    return Pipeline(WorkerSettings(data_dir=folder, day_clock=False, **settings), now=lambda: NOW)


def verified(folder: Path) -> int:
    """The number of facts of the lake, which equals the log as far as it goes."""
    with EmbeddedLog(folder / "log.db") as log:
        return verify(Lake(folder / "lake"), log)


def stopped_when(worker: Pipeline, enough: Callable[[], object]) -> None:
    """Run a worker that follows the log, and stop it by a signal, as people do, when something holds."""

    def stop() -> None:
        with suppress(AssertionError):  # so that a test that waited too long fails, and does not hang
            wait_until("the worker has done enough", enough)
        os.kill(os.getpid(), signal.SIGINT)

    stopping = Thread(target=stop)
    stopping.start()
    run(worker)
    stopping.join()


def test_the_lake_is_complete_when_the_worker_has_caught_up(folder: Path) -> None:
    """`--until-caught-up` leaves every fact of the log in the lake, once, and nothing that is no fact."""
    run(pipeline(folder), until_caught_up=True)

    assert verified(folder) == 4
    assert sum(each.next_offset for each in Lake(folder / "lake").positions().values()) == 5


def test_a_lake_that_was_deleted_is_made_anew(folder: Path) -> None:
    """Nothing new has to come: the next start copies the log from its beginning."""
    run(pipeline(folder), until_caught_up=True)
    rmtree(folder / "lake")

    run(pipeline(folder), until_caught_up=True)

    assert verified(folder) == 4


def test_a_worker_without_the_archive_writes_no_lake(folder: Path) -> None:
    """Who switches it off gets projections and no lake."""
    run(pipeline(folder, archive=False), until_caught_up=True)

    assert processed(folder) == 5
    assert not (folder / "lake").exists()


def test_the_lake_can_stand_elsewhere(folder: Path, tmp_path: Path) -> None:
    """A folder that several workers share is named by a setting."""
    elsewhere = tmp_path / "shared" / "lake"
    run(pipeline(folder, lake_dir=elsewhere), until_caught_up=True)

    assert Lake(elsewhere).files()
    assert not (folder / "lake").exists()


def test_a_lake_that_cannot_be_written_does_not_hold_up_the_projections(folder: Path) -> None:
    """The projections have everything; the worker says once, in a sentence, what is wrong with the lake."""
    (folder / "lake").write_text("a file where a folder should be")
    worker = pipeline(folder, archive_seconds=0)
    with capture_logs() as lines:
        stopped_when(worker, lambda: processed(folder) == 5 and bool(lines))

    told = [line for line in lines if line["event"] == "the lake was not written; it is tried again"]
    assert str(folder / "lake") in told[0]["reason"]
    assert worker.crash_reason is None


def test_who_waits_for_the_end_is_told_that_the_lake_is_not_complete(folder: Path) -> None:
    """`--until-caught-up` fails with one sentence, after the projections have everything."""
    (folder / "lake").write_text("a file where a folder should be")
    with pytest.raises(ArchiveError, match="projections have every fact, but the lake has not"):
        run(pipeline(folder), until_caught_up=True)

    assert processed(folder) == 5


def test_a_worker_that_is_stopped_writes_what_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not due for a minute is in the lake when a worker has ended in good order, given time to write it."""
    monkeypatch.setattr("stream_processors.archive._LAST_SECONDS", 120.0)
    stopped_when(pipeline(folder), lambda: processed(folder) == 5)

    assert verified(folder) == 4


def test_what_waits_is_written_while_the_worker_runs(folder: Path) -> None:
    """Without an end and without more facts, the lake comes to where the projections are."""
    stopped_when(pipeline(folder, archive_seconds=0), lambda: _archived(folder) == 5)

    assert verified(folder) == 4


def _archived(folder: Path) -> int:
    return sum(each.next_offset for each in Lake(folder / "lake").positions().values())


async def test_ringing_waits_for_nothing_and_is_heard_after_a_rebalance(folder: Path) -> None:
    """While a rebalance stops the flow, who rings goes on; what it took out of the channel is rung again."""
    worker = pipeline(folder)
    assert worker.archive is not None
    listener = worker.archive._doorbell.__aiter__()
    worker.flow_control.suspend()

    worker.archive.ring()
    worker.archive.ring()
    before = listener.queue.qsize()
    worker.flow_control.resume()
    emptied = listener.queue.qsize()
    worker.archive.ring()

    assert (before, emptied, listener.queue.qsize()) == (1, 0, 1)
