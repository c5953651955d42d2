"""`engagement up` and the demonstration that goes on, with real processes: what dies comes back, and nothing stays."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from io import RawIOBase
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alerting.one_at_a_time import DispatcherRunningError, only_dispatcher
from dashboard.addresses import AddressError, listening
from engagement.alert_parts import alert_place
from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.locks import worker_lock
from producers.publisher import publish
from projections.schema import enrolment_progress
from registry import accounts, people
from tests.builders import SMALL_FILE, at, completed, enrolled

LIMIT_SECONDS = 120
PROJECT = Path(__file__).parents[2]


def environment(**settings: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests, and with no days but those of the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
    return {**inherited, "ENGAGEMENT_DAY_CLOCK": "false", **settings}


def free_port() -> int:
    """A port that nobody listens on."""
    with listening("127.0.0.1", 0) as found:
        port: int = found.getsockname()[1]
        return port


def eventually(is_so: Callable[[], Any]) -> Any:
    """Wait until something is so, and answer it."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


def status(port: int, path: str = "/sign-in") -> int | None:
    """How the dashboard answers; None: not at all."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)) as connection, suppress(OSError):
        connection.request("GET", path)
        return connection.getresponse().status
    return None


class Up:
    """A running `engagement up`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, port: int) -> None:
        self.process = process
        self.port = port
        self._folder = folder

    def lines(self) -> list[dict[str, Any]]:
        """What it has said, each line as JSON."""
        return [json.loads(line) for line in (self._folder / "said.txt").read_text().splitlines()]

    def worker(self) -> int:
        """The id of the process that is the worker, or was it last; 0 before there was one."""
        with suppress(FileNotFoundError, ValueError):
            return int((self._folder / "worker.lock").read_text())
        return 0

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and answer the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT_SECONDS)

    def nothing_runs(self) -> bool:
        """Whether there is neither a worker nor a dashboard nor a dispatcher."""
        with suppress(AddressError), listening("127.0.0.1", self.port):
            wiring = Wiring(Settings(data_dir=self._folder))
            if not wiring.worker_runs():
                with suppress(DispatcherRunningError), only_dispatcher(alert_place(wiring.settings)):
                    return True
        return False


@contextmanager
def running_up(folder: Path) -> Iterator[Up]:
    """Everything, up and answering, until the block ends."""
    port = free_port()
    arguments = [sys.executable, "-m", "engagement", "--data-dir", str(folder), "up", "--port", str(port), "--json"]
    with (
        (folder / "said.txt").open("w") as said,
        subprocess.Popen(
            arguments,
            cwd=PROJECT,
            env=environment(ENGAGEMENT_LOG_FORMAT="json"),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        try:
            eventually(lambda: process.poll() is not None or status(port))
            yield Up(process, folder, port)
        finally:
            process.kill()  # its parts end with it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two facts on its log."""
    (tmp_path / "programmes").mkdir()
    (tmp_path / "programmes" / "small.toml").write_text(SMALL_FILE)
    with Wiring(Settings(data_dir=tmp_path)).log_to_append() as log:
        publish(log, [enrolled(), completed("module-1", at(1))], now=at(2))
    return tmp_path


def processed(folder: Path) -> int:
    """How many records are in the projections."""
    return sum(each.next_offset for each in Wiring(Settings(data_dir=folder)).positions().values())


def test_a_worker_that_is_killed_comes_back_and_goes_on(folder: Path) -> None:
    """Killed by SIGKILL, it is started again and folds what came meanwhile; the dashboard answers all the time."""
    with running_up(folder) as up:
        eventually(lambda: processed(folder) == 2)
        first = up.worker()
        os.kill(first, signal.SIGKILL)
        with Wiring(Settings(data_dir=folder)).log_to_append() as log:
            publish(log, [completed("module-2", at(8))], now=at(9))
        assert status(up.port) == 200
        eventually(lambda: processed(folder) == 3)
        assert up.worker() != first
        assert up.stop(signal.SIGINT) == 0
        assert up.nothing_runs()
        assert up.process.stdout is not None
        assert json.loads(up.process.stdout.read()) == {"address": f"http://127.0.0.1:{up.port}"}
        [told] = [line for line in up.lines() if line.get("ended")]
        assert (told["ended"], told["exit_code"]) == ("worker", -signal.SIGKILL)
        assert {line.get("part") for line in up.lines()} == {None, "worker", "dashboard", "dispatcher"}


def test_sigterm_stops_everything_in_good_order(folder: Path) -> None:
    """As a service manager stops it: exit code 0, nothing runs any more, and the worker was not killed."""
    with running_up(folder) as up:
        eventually(lambda: processed(folder) == 2)
        assert up.stop(signal.SIGTERM) == 0
        assert up.nothing_runs()
        assert [line["part"] for line in up.lines() if "Processed 2 facts" in line["event"]] == ["worker"]


def test_nothing_outlives_a_killed_supervisor(folder: Path) -> None:
    """SIGKILL leaves no time to stop anything; the parts notice by themselves, and folder and port are free again."""
    with running_up(folder) as up:
        eventually(lambda: processed(folder) == 2)
        assert not up.nothing_runs()
        up.process.kill()
        eventually(up.nothing_runs)


def refused(folder: Path, *arguments: str) -> str:
    """The one sentence with which a command is refused, before it has done anything."""
    ran = subprocess.run(
        [sys.executable, "-m", "engagement", "--data-dir", str(folder), *arguments],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), ran.stderr
    return ran.stderr


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    """One sentence, exit code 1, and no worker has been there."""
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert "cannot listen on 127.0.0.1" in refused(tmp_path / "data", "up", "--port", str(port))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["up", "dashboard"])
def test_sessions_are_not_sent_over_a_network_in_the_open(tmp_path: Path, command: str) -> None:
    """An address that others reach is refused as long as people are not said to come by https."""
    assert "ENGAGEMENT_PUBLIC_URL" in refused(tmp_path, command, "--host", "0.0.0.0")  # noqa: S104 - nothing binds it


def test_a_worker_that_runs_is_told_before_anything_starts(folder: Path) -> None:
    """Two workers cannot read one log; what to do is part of the sentence."""
    with worker_lock(folder):
        assert "`engagement dashboard`" in refused(folder, "up", "--port", str(free_port()))


def test_in_a_terminal_the_demonstration_goes_on_until_ctrl_c(tmp_path: Path) -> None:
    """After the summary the dashboard answers, days arrive one by one, all have names, and Ctrl-C ends it well."""
    port = free_port()
    arguments = ["--data-dir", str(tmp_path), "demo", "--participants", "33", "--every", "0.1", "--port", str(port)]
    ours, theirs = pty.openpty()
    with (
        os.fdopen(ours, "rb", buffering=0) as screen,
        subprocess.Popen(
            [sys.executable, "-m", "engagement", *arguments],
            cwd=PROJECT,
            env=environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process,
    ):
        os.close(theirs)
        try:
            text = read_until(screen, "18 Jan 2026:")
            assert status(port) == 200
            process.send_signal(signal.SIGINT)
            read_until(screen, "Stopping ...")
            assert process.wait(LIMIT_SECONDS) == 0
        finally:
            process.kill()
    assert text.index("Published and processed") < text.index(f"answers at http://127.0.0.1:{port}")
    assert f"http://127.0.0.1:{port}/sign-in/eng_link_" in text
    assert text.index("16 Jan 2026:") < text.index("17 Jan 2026:") < text.index("18 Jan 2026:")
    wiring = Wiring(Settings(data_dir=tmp_path / "demo"))
    assert not wiring.worker_runs()
    with wiring.store() as store, store.connect() as connection:
        participants = set(connection.scalars(select(enrolment_progress.c.participant)))
    with wiring.registry() as registry, registry.reading() as connection:
        assert people.names(connection, participants).keys() == participants
        assert [each.role for each in accounts.every(connection)] == ["staff"]


def read_until(screen: RawIOBase, wanted: str) -> str:
    """What a terminal shows up to some words and a little after them."""
    shown = ""
    while wanted not in shown:
        shown += (screen.read(4096) or b"").decode(errors="replace")
    return shown
