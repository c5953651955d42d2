"""The monitor: what the parts of a worker tell comes out on its pages, and a stall ends the process."""

import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from prometheus_client.parser import text_string_to_metric_families

from eventlog.base import LogAwayError
from projections.storage.store_errors import ContendedError, StaleWriteError, StoreAwayError
from stream_processors.watching.monitor import Monitor
from stream_processors.watching.pages import ProbeServerError
from stream_processors.watching.progress import StalledError

NEVER = 1e6
"""Seconds between two looks, in tests that look themselves."""


HUNG_WORKER = """
import threading, time
from stream_processors.watching.monitor import Monitor

def hurried():
    return time.monotonic() * 30

with Monitor(lambda reason: None, seconds=0.05, clock=hurried) as monitor, monitor.opened(lambda: {0: 10}):
    monitor.assigned({0: 0})
    threading.Thread(target=threading.Event().wait).start()
    threading.Event().wait()
"""
"""A worker all of whose threads wait for what never comes, with seconds thirty times as fast."""


class Now:
    """A clock that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        """What it shows."""
        return self.seconds


@pytest.fixture
def now() -> Now:
    """The time."""
    return Now()


@pytest.fixture
def monitor(now: Now) -> Iterator[Monitor]:
    """A monitor with pages."""
    with Monitor(lambda _: None, port=0, seconds=NEVER, clock=now, end=lambda _: None) as entered:
        yield entered


def get(monitor: Monitor, path: str) -> tuple[int, str]:
    """Status and text of a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{monitor.port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def let_time_pass(now: Now, until: threading.Event, stands: Callable[[], bool] = lambda: False) -> None:
    """Move the clock on, second by second except while it `stands`, until something has happened."""
    for _ in range(10_000):
        if until.wait(timeout=0.002):
            return
        if not stands():
            now.seconds += 1
    pytest.fail("it never happened")


def sample(monitor: Monitor, name: str) -> float:
    """One figure of the page of metrics; the sum over its labels."""
    return sum(
        each.value
        for family in text_string_to_metric_families(get(monitor, "/metrics")[1])
        for each in family.samples
        if each.name == name
    )


def test_a_worker_is_ready_when_it_is_open_and_has_its_partitions(monitor: Monitor) -> None:
    """While the log is checked /readyz says so, and /healthz is well."""
    assert get(monitor, "/readyz") == (503, "The log and the projections are being opened and checked.\n")
    assert get(monitor, "/healthz") == (200, "ok\n")

    with monitor.opened(dict):
        monitor.assigned({0: 0})

        assert get(monitor, "/readyz") == (200, "ok\n")


def test_lag_that_does_not_move_turns_healthz_to_503(monitor: Monitor, now: Now) -> None:
    """Given lag, when it did not move for the time of patience, then /healthz says where it stands."""
    monitor.assigned({3: 120})
    monitor._progress.ends({3: 500})
    now.seconds += 59
    assert get(monitor, "/healthz") == (200, "ok\n")

    now.seconds += 2

    assert get(monitor, "/healthz") == (503, "Partition 3 stands at offset 120 of 500 for 61 s.\n")


def test_a_stalled_worker_is_asked_to_stop_and_then_ended(now: Now) -> None:
    """Given lag that nobody moves, the worker is asked; the process ends with 1 though the monitor was left before."""
    reasons, exits = list[StalledError](), list[int]()
    asked, ended = threading.Event(), threading.Event()

    def stop(reason: StalledError) -> None:
        reasons.append(reason)
        asked.set()

    def end(code: int) -> None:
        exits.append(code)
        ended.set()
        threading.Event().wait()  # the real one does not return either

    with (
        Monitor(stop, patience=60, seconds=0.001, clock=now, end=end) as monitor,
        monitor.opened(lambda: {0: 10}),
    ):
        monitor.assigned({0: 0})
        let_time_pass(now, until=asked, stands=lambda: monitor._watchdog.is_ending)
    assert exits == []

    let_time_pass(now, until=ended)

    assert (exits, len(reasons)) == ([1], 1)


def test_a_process_whose_threads_all_hang_is_ended() -> None:
    """Given a real process that nothing moves and that no request to stop reaches, it ends with exit code 1."""
    ended = subprocess.run([sys.executable, "-c", HUNG_WORKER], check=False, timeout=120, capture_output=True)

    assert ended.returncode == 1
    assert b"Partition 0 stands at offset 0 of 10" in ended.stdout + ended.stderr


def test_pieces_of_work_and_contention_are_life_but_a_store_that_is_away_is_not(monitor: Monitor, now: Now) -> None:
    """A piece that is done and another worker in the way are signs of life; a server without an answer is none."""
    monitor.assigned({0: 0})
    monitor._progress.ends({0: 10})
    now.seconds += 59
    monitor.alive(0)
    now.seconds += 59
    monitor.failed(0, StaleWriteError("Another worker has moved it on."))
    now.seconds += 59
    monitor.failed(0, ContendedError("Another worker is at the same rows."))
    now.seconds += 59
    monitor.failed(0, StoreAwayError("The database is away."))
    monitor.failed(0, LogAwayError("The log is away."))
    assert get(monitor, "/healthz")[0] == 200

    now.seconds += 1

    assert get(monitor, "/healthz")[0] == 503


def test_what_the_parts_tell_is_on_the_page_of_metrics(monitor: Monitor) -> None:
    """A chunk moves the partition and is counted; messages, days and retries too."""
    with monitor.opened(dict, last_day=date(1970, 1, 2)):
        monitor.assigned({0: 0})
        monitor._progress.ends({0: 10})
        monitor.applied(0, 4, records=4, facts=3, rejects=1, seconds=0.5)
        monitor.relayed(2)
        monitor.failed(0, ContendedError("Another worker is at the same rows."))
        monitor.day_started(date(1970, 1, 3), enrolments=5, seconds=50)

    assert sample(monitor, "engagement_lag_records") == 6
    assert sample(monitor, "engagement_facts_total") == 3
    assert sample(monitor, "engagement_relayed_messages_total") == 2
    assert sample(monitor, "engagement_retries_total") == 1
    assert sample(monitor, "engagement_reassessed_enrolments_total") == 5
    assert sample(monitor, "engagement_last_day_started_timestamp_seconds") == 2 * 86_400


def test_without_a_port_nothing_is_served(now: Now) -> None:
    """The pages are only there when a port is named; the watchdog always is."""
    with Monitor(lambda _: None, seconds=NEVER, clock=now, end=lambda _: None) as monitor:
        assert monitor.port is None


def test_a_taken_port_stops_the_start(monitor: Monitor) -> None:
    """Given another worker on the same port, the start fails with one plain sentence."""
    with pytest.raises(ProbeServerError, match="ENGAGEMENT_PROBE_PORT"), Monitor(lambda _: None, port=monitor.port):
        pass


def test_the_pages_are_answered_while_the_main_thread_is_busy(monitor: Monitor) -> None:
    """Given a main thread that computes without a pause, a page is answered in the meantime."""
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(get(monitor, "/healthz")))
    asking.start()

    while not answers and asking.is_alive():
        sum(range(10_000))  # never waits, so an event loop would have no turn

    asking.join()
    assert answers == [(200, "ok\n")]
