"""One worker a log: a second one is refused with a sentence, and the first does not notice."""

import time
from pathlib import Path

import pytest

from eventlog.locks import WorkerRunningError
from producers.publisher import publish
from tests.builders import enrolled
from tests.fact_lives import own_programmes
from tests.faults_kit import NOW, Worker, caught_up, open_log, report, rows, wait_until, work


def test_a_second_worker_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    """The second ends with exit code 1 and one sentence that names the first, which processes what comes later."""
    own_programmes(tmp_path)
    with open_log(tmp_path) as log, Worker(tmp_path) as first:
        wait_until("the first worker is ready", lambda: first.ready, first)

        began = time.monotonic()
        with Worker(tmp_path) as second:
            assert second.ended() == 1
            seconds = time.monotonic() - began
            [sentence] = second.complained().splitlines()
        assert f"Another worker (process {first.pid}) is already reading the log" in sentence
        with pytest.raises(WorkerRunningError):
            work(tmp_path)  # past the early look of the command line, the app itself refuses as well

        publish(log, [enrolled()], now=NOW)
        wait_until("the first worker has processed it", lambda: caught_up(tmp_path, log), first)
        assert rows(tmp_path).keys() == {"e-1"}
    report(f"the second worker was refused after {seconds:.2f} s, the start of Python included")
