"""The process of a part: what it says is passed on, and it ends when it is asked, or with its supervisor."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engagement.processes import SUPERVISED, PartProcess, labelled, until_told
from engagement.supervising import Part

LIMIT_SECONDS = 60
PROJECT = Path(__file__).parents[3]
LISTENS = "import sys, time; print('here', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LISTENS}"
SUPERVISED_PART = f"from engagement.processes import end_with_supervisor; end_with_supervisor(); {LISTENS}"


class Heard:
    """What a process said, for whoever waits for a line."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.any = threading.Event()

    def __call__(self, name: str, line: str) -> None:
        """Take a line."""
        self.lines.append((name, line))
        self.any.set()


def starting(program: str, given: dict[str, Any] | None = None) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a Python program in place of the part; notes what the part would have been started with."""

    def popen(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        if given is not None:
            given.update(options, command=command)
        return subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, **options)

    return popen


def test_a_part_is_our_own_program_on_the_same_folder(tmp_path: Path) -> None:
    """It is started with this Python, the data folder, what the part names, and the variables that it needs."""
    given: dict[str, Any] = {}
    process = PartProcess(
        Part("worker", ("worker", "--verbose")),
        tmp_path,
        Heard(),
        environment={"ENGAGEMENT_DAY_CLOCK": "false"},
        popen=starting("", given),
    )
    process.stop()
    assert given["command"] == [sys.executable, "-m", "engagement", "--data-dir", str(tmp_path), "worker", "--verbose"]
    assert given["env"].items() >= {"ENGAGEMENT_DAY_CLOCK": "false", SUPERVISED: "1"}.items()


def test_everything_that_a_part_says_is_passed_on(tmp_path: Path) -> None:
    """Both its streams, in order, without empty lines; bytes that are no text do no harm."""
    heard = Heard()
    program = (
        "import os; os.write(1, b'one\\n\\n'); os.write(2, b'two \\xff\\n'); os.write(1, b'three'); raise SystemExit(3)"
    )
    process = PartProcess(Part("worker", ()), tmp_path, heard, popen=starting(program))
    process._process.wait(LIMIT_SECONDS)
    assert process.last_line() == "three"
    assert process.exit_code() == 3
    assert heard.lines == [("worker", "one"), ("worker", "two \ufffd"), ("worker", "three")]
    process.stop()


def test_a_part_goes_on_when_nobody_can_be_told(tmp_path: Path) -> None:
    """A terminal that was closed does not fill the pipe of the part, which would stand still at it."""

    def gone(*_: str) -> None:
        raise OSError

    program = "print('x' * 1_000_000 + chr(10) + 'done')"
    process = PartProcess(Part("worker", ()), tmp_path, gone, popen=starting(program))
    assert process._process.wait(LIMIT_SECONDS) == 0
    assert process.last_line() == "done"
    process.stop()


@pytest.mark.parametrize(("program", "code"), [(LISTENS, -signal.SIGTERM), (DEAF, -signal.SIGKILL)])
def test_a_part_is_asked_to_end_and_killed_if_it_does_not(tmp_path: Path, program: str, code: int) -> None:
    """One that listens ends by SIGTERM; one that does not by SIGKILL, after its time."""
    heard = Heard()
    process = PartProcess(Part("worker", ()), tmp_path, heard, popen=starting(program), grace_seconds=0.2)
    assert heard.any.wait(LIMIT_SECONDS)
    assert process.exit_code() is None
    process.stop()
    assert process.exit_code() == code


def test_a_part_ends_when_its_supervisor_is_no_more(tmp_path: Path) -> None:
    """The pipe that the supervisor held is closed by the system, and the part ends as if it had been asked to."""
    heard = Heard()
    process = PartProcess(Part("worker", ()), tmp_path, heard, popen=starting(SUPERVISED_PART))
    assert heard.any.wait(LIMIT_SECONDS)
    assert process._process.stdin is not None
    process._process.stdin.close()  # as the end of this process would
    assert process._process.wait(LIMIT_SECONDS) == -signal.SIGTERM
    process.stop()


def test_what_nobody_supervises_does_not_end_with_its_input() -> None:
    """A worker that a service manager starts has no input at all, and runs."""
    program = (
        "import threading; from engagement.processes import end_with_supervisor; end_with_supervisor(); "
        "print(threading.active_count())"
    )
    environment = {name: value for name, value in os.environ.items() if name != SUPERVISED}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, b"1\n")


def test_lines_for_people_begin_with_the_part() -> None:
    """The names stand in a column of their own."""
    assert labelled("worker", "caught up", "console") == "worker     | caught up"
    assert labelled("dispatcher", "at work", "console") == "dispatcher | at work"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"event": "caught up", "facts": 2}', {"part": "worker", "event": "caught up", "facts": 2}),
        ("Error: the disk is full.", {"part": "worker", "event": "Error: the disk is full."}),
        ("[1, 2]", {"part": "worker", "event": "[1, 2]"}),
        ("nan", {"part": "worker", "event": "nan"}),
    ],
)
def test_lines_for_tools_stay_json(said: str, told: dict[str, object]) -> None:
    """Each line is one object that names its part, whatever the part said."""
    assert json.loads(labelled("worker", said, "json")) == told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pause_ends_when_somebody_says_stop(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end every pause from then on, and nothing else."""
    before = signal.getsignal(number)
    with until_told() as pause:
        assert not pause(0)
        for _ in range(3):  # people press it more than once
            os.kill(os.getpid(), number)
        assert pause(LIMIT_SECONDS)
        assert pause(LIMIT_SECONDS)
    assert signal.getsignal(number) is before
