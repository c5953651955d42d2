"""The watchdog and the lookout: a worker that stands still is asked to stop, and ended when it does not."""

import threading
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from eventlog.base import LogError
from stream_processors.watching.progress import Progress, StalledError
from stream_processors.watching.watchdog import Lookout, Periodic, Watchdog

PATIENCE = 60


class Kennel:
    """A worker with lag under a watchdog that looks every two seconds of a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.progress = Progress(PATIENCE, lambda: self.now)
        self.progress.assigned({0: 0})
        self.progress.ends({0: 100})
        self.asked = threading.Event()
        self.reasons: list[StalledError] = []
        self.exits: list[int] = []
        self.watchdog = Watchdog(self.progress, self.stop, end=self.exits.append, clock=lambda: self.now)

    def stop(self, reason: StalledError) -> None:
        """Note that the worker was asked to stop, and do nothing."""
        self.reasons.append(reason)
        self.asked.set()

    def pass_by(self, seconds: int) -> None:
        """Let the watchdog look while time passes."""
        for _ in range(0, seconds, 2):
            self.now += 2
            self.watchdog.look()


@pytest.fixture
def kennel() -> Kennel:
    """A worker that does nothing from the beginning."""
    return Kennel()


def test_a_stalled_worker_is_asked_to_stop_with_the_reason(kennel: Kennel) -> None:
    """When there was no progress for the time of patience, the worker is asked once, and one line is logged."""
    with capture_logs() as lines:
        kennel.pass_by(PATIENCE + 6)

    assert kennel.asked.wait(timeout=30)
    [reason] = kennel.reasons
    assert "Partition 0 stands at offset 0 of 100 for 60 s." in str(reason)
    assert [line["log_level"] for line in lines] == ["error"]


def test_a_worker_that_does_not_stop_is_ended(kennel: Kennel) -> None:
    """Given a worker that ignores the request, ten seconds later the process ends with 1, and not before."""
    kennel.pass_by(PATIENCE + 8)
    assert kennel.exits == []

    kennel.pass_by(2)

    assert kennel.exits == [1]


def test_a_worker_that_cannot_even_be_asked_is_ended(kennel: Kennel) -> None:
    """Given a request to stop that never returns, the process is ended all the same."""
    hung, released = threading.Event(), threading.Event()

    def stop(_: StalledError) -> None:
        hung.set()
        released.wait(timeout=60)

    kennel.watchdog = Watchdog(kennel.progress, stop, end=kennel.exits.append, clock=lambda: kennel.now)
    kennel.pass_by(PATIENCE + 10)

    assert hung.wait(timeout=30)
    assert kennel.exits == [1]
    released.set()


def test_progress_after_the_verdict_does_not_save_the_worker(kennel: Kennel) -> None:
    """Once asked to stop, a worker is on its way out: the process ends though something moved."""
    kennel.pass_by(PATIENCE)
    kennel.progress.moved(0, 100)

    kennel.pass_by(10)

    assert kennel.exits == [1]


def test_a_healthy_worker_is_left_alone(kennel: Kennel) -> None:
    """A worker that moves now and then is never asked."""
    for position in range(1, 20):
        kennel.pass_by(PATIENCE - 2)
        kennel.progress.moved(0, position)

    assert not kennel.watchdog.is_ending
    assert kennel.exits == []


def test_a_process_that_was_stopped_itself_has_time_to_wake_up(kennel: Kennel) -> None:
    """Given that the whole process was suspended for minutes, it gets the time of patience again, but only once."""
    kennel.now += 300
    kennel.watchdog.look()
    kennel.pass_by(PATIENCE - 2)
    assert not kennel.watchdog.is_ending

    kennel.pass_by(2)

    assert kennel.watchdog.is_ending


def test_the_lookout_tells_where_the_log_ends() -> None:
    """What the log answers becomes lag."""
    progress = Progress(PATIENCE)
    progress.assigned({0: 4})

    Lookout(progress, lambda: {0: 10}).look()

    assert progress.standings()[0].lag == 6


def test_a_log_that_cannot_be_asked_is_said_once(kennel: Kennel) -> None:
    """Given a log that is away, then back, then away: no stall comes of it, and each time it is logged once."""
    answers: list[Mapping[int, int] | None] = [None, None, {0: 100}, None, None]

    def ends() -> Mapping[int, int]:
        answer = answers.pop(0)
        if answer is None:
            raise LogError("The log is away; wait for it.")
        return answer

    lookout = Lookout(kennel.progress, ends)
    with capture_logs() as lines:
        while answers:
            lookout.look()

    assert [line["reason"] for line in lines] == ["The log is away; wait for it."] * 2
    kennel.pass_by(10 * PATIENCE)
    assert not kennel.watchdog.is_ending


def test_what_is_periodic_goes_on_until_it_is_closed() -> None:
    """It is done again and again in a thread of its own, and not any more once closing has returned."""
    done = threading.Semaphore(0)
    periodic = Periodic("test", done.release, seconds=0.001)
    assert all(done.acquire(timeout=30) for _ in range(3))

    periodic.close()

    assert not periodic._thread.is_alive()
