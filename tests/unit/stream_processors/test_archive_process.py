"""The process that writes the lake: it answers every order, and its end is not the end of the worker."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError
from stream_processors.archiving_process import LakeProcess
from stream_processors.settings import WorkerSettings
from tests.builders import at, completed, enrolled
from tests.faults_kit import wait_until


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[LakeProcess]:
    """A lake of a log with two facts in one partition."""
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topic(FACTS_TOPIC, 1)
        log.append(FACTS_TOPIC, map(record_of, [enrolled(), completed("module-1", at(1))]))
    process = LakeProcess(WorkerSettings(data_dir=tmp_path))
    yield process
    process.close()


def test_orders_are_carried_out_in_turn(lake: LakeProcess) -> None:
    """Each order answers how many facts it wrote, and the lake stands where it was told to."""
    assert lake.positions() == {}
    assert [lake.write(0, 1), lake.write(0, 2), lake.write(0, 2)] == [1, 1, 0]
    assert lake.positions() == {0: 2}


def test_a_failure_is_told_and_the_next_order_is_carried_out(lake: LakeProcess, tmp_path: Path) -> None:
    """What stands in the way is named in the error; once it is gone, the same process goes on."""
    (tmp_path / "lake").write_text("a file where a folder should be")
    with pytest.raises(LakeError, match=str(tmp_path / "lake")):
        lake.write(0, 2)

    (tmp_path / "lake").unlink()
    assert lake.write(0, 2) == 2


def test_a_process_that_was_killed_is_started_again(lake: LakeProcess, tmp_path: Path) -> None:
    """Its end is an error like any other, and the next order finds a new process."""
    lake.write(0, 1)
    lake.kill()
    with pytest.raises(LakeError, match="started again"):
        lake.write(0, 2)

    assert lake.write(0, 2) == 1
    assert len(Lake(tmp_path / "lake").files()) == 2


def test_signals_to_the_whole_service_do_not_end_it_before_the_worker(lake: LakeProcess) -> None:
    """Ctrl-C and SIGTERM reach every process of a worker: this one still writes what the worker has last."""
    lake.write(0, 1)
    for each in (signal.SIGINT, signal.SIGTERM):
        os.kill(lake.pid, each)

    assert lake.write(0, 2) == 1


def test_it_ends_with_its_worker(lake: LakeProcess) -> None:
    """When nobody can give orders any more, nothing stays behind."""
    lake.write(0, 1)
    pid = lake.pid
    lake.close()

    with pytest.raises(ProcessLookupError):
        wait_until("the process is gone", lambda: os.kill(pid, 0))
