"""Commands as processes of their own: the worker and its rival, Ctrl-C, a broken pipe, and the whole demonstration."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engagement.demonstration import MARKER
from engagement.settings import Settings
from engagement.wiring import Wiring
from producers.publisher import publish
from tests.builders import SMALL_FILE, at, completed, enrolled

LIMIT_SECONDS = 120


def command(folder: Path, *arguments: str) -> list[str]:
    """The command line of a data folder."""
    return [sys.executable, "-m", "engagement", "--data-dir", str(folder), *arguments]


def environment(**settings: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests, and with no days but those of the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
    return {**inherited, "ENGAGEMENT_DAY_CLOCK": "false", **settings}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(folder, *arguments),
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@contextmanager
def running_worker(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker that has caught up and waits for more."""
    with subprocess.Popen(
        command(folder, "worker"), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert "caught up" in process.stderr.readline()
            yield process
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one enrolment on its log, and nothing processed."""
    (tmp_path / "programmes").mkdir()
    (tmp_path / "programmes" / "small.toml").write_text(SMALL_FILE)
    with Wiring(Settings(data_dir=tmp_path)).log_to_append() as log:
        publish(log, [enrolled(), completed("module-1", at(1))], now=at(2))
    return tmp_path


def test_a_worker_processes_what_is_there_and_exits(folder: Path) -> None:
    """`--until-caught-up` leaves everything in the projections, tells its totals, and keeps Faust's steps quiet."""
    ran = run(folder, "worker", "--until-caught-up", "--json", ENGAGEMENT_LOG_FORMAT="json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"facts": 2, "rejects": 0}
    assert [json.loads(line)["event"] for line in ran.stderr.splitlines()] == ["caught up with the log"]


def test_a_second_worker_is_refused_and_the_first_goes_on(folder: Path) -> None:
    """The second one exits with one sentence; the first then still folds a new fact, and stops cleanly."""
    with running_worker(folder) as first:
        second = run(folder, "worker")
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr.startswith("Error: Another worker")
        assert second.stderr.count("\n") == 1

        with Wiring(Settings(data_dir=folder)).log_to_append() as log:
            publish(log, [completed("module-2", at(8))], now=at(9))
        deadline = time.monotonic() + LIMIT_SECONDS
        while sum(each.next_offset for each in Wiring(Settings(data_dir=folder)).positions().values()) < 3:
            assert time.monotonic() < deadline, "the first worker stands still"
            time.sleep(0.02)
        status = json.loads(run(folder, "status", "--look", "0.05", "--json").stdout)
        assert (status["worker_running"], status["lag"]) == (True, 0)

        first.send_signal(signal.SIGINT)
        assert first.wait(LIMIT_SECONDS) == 0


def test_a_worker_says_in_one_sentence_that_the_log_is_damaged(folder: Path) -> None:
    """A log that is not what was written to it stops the worker with exit code 1 and no traceback."""
    log = folder / "log.db"
    content = log.read_bytes()
    place = content.index(b"module-1")
    log.write_bytes(content[:place] + b"nodule-1" + content[place + 8 :])
    ran = run(folder, "worker", "--until-caught-up")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("Error: The log")
    assert "damaged" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_reader_that_has_had_enough_ends_the_output_silently(folder: Path) -> None:
    """As with `| head`: no complaint when the pipe is closed, and no failure."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = subprocess.run(
            command(folder, "programmes", "list", "--json"),
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_the_demonstration_runs_to_its_end_in_place_of_the_one_before(tmp_path: Path) -> None:
    """It simulates, streams through a real worker, shows the result, and what it left passes `verify`."""
    before = tmp_path / "demo" / "log.db"
    before.parent.mkdir()
    before.write_text("of an earlier demonstration")
    (tmp_path / "demo" / MARKER).touch()
    ran = run(tmp_path, "demo", "--participants", "66", "--json")
    assert ran.returncode == 0, ran.stderr
    shown = json.loads(ran.stdout)
    assert sum(shown["statuses"].values()) == 66
    assert len(shown["cohorts"]) == 33
    assert all(reason["sentence"] and reason["remedy"] for row in shown["at_risk"] for reason in row["reasons"])
    assert {row["level"] for row in shown["at_risk"]} <= {"at-risk", "critical"}
    assert f"{shown['facts']:,} processed" in ran.stderr
    assert not Wiring(Settings(data_dir=tmp_path / "demo")).worker_runs()
    verified = run(tmp_path / "demo", "verify", "--json")
    assert json.loads(verified.stdout) == {"verified": True, "facts": shown["facts"], "difference": None}


def test_ctrl_c_ends_the_demonstration_and_its_worker(tmp_path: Path) -> None:
    """Stopped in the middle, it exits with 130, says no traceback, and leaves no worker behind."""
    with subprocess.Popen(
        command(tmp_path, "demo"), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        assert told.startswith("Simulated day")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(LIMIT_SECONDS) == 130
    assert "Traceback" not in rest
    assert not Wiring(Settings(data_dir=tmp_path / "demo")).worker_runs()
