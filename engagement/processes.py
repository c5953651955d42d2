"""Both ends of what ties a part's process to the one that supervises it: a pipe to the part's standard input.

Nothing is ever written to it. The operating system closes it when the supervisor ends, however that ends, also by
SIGKILL; then the part, which waits for just that in a thread, stops as if it had been asked to. This needs no polling,
holds on every system with pipes (`prctl(PR_SET_PDEATHSIG)` is Linux's alone, and fires when the thread ends that
started the process), and cannot take another process for the parent, as comparing process ids could.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec

from engagement.supervising import Part, Pause

SUPERVISED = "ENGAGEMENT_SUPERVISED"
"""Environment variable that tells a part to end with its standard input."""

GRACE_SECONDS = 20.0
"""What a part has for ending in good order."""

_LAST_LINES_SECONDS = 2.0
_WIDEST_NAME = 10

Tell = Callable[[str, str], object]
"""Given the name of a part and a line that it said, without its end; called from threads."""


class PartProcess:
    """The process of a part, from the supervisor's side."""

    def __init__(
        self,
        part: Part,
        data_dir: Path,
        tell: Tell,
        *,
        environment: Mapping[str, str] | None = None,
        popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """Start it.

        Args:
            part: What is started.
            data_dir: The folder that it works on.
            tell: Gets what it says on standard output and standard error.
            environment: Variables that it has besides ours.
            popen: Starts a process.
            grace_seconds: How long `stop` waits before it kills.
        """
        self._part, self._tell, self._grace = part, tell, grace_seconds
        self._last = ""
        self._process = popen(
            [sys.executable, "-m", "engagement", "--data-dir", str(data_dir), *part.arguments],
            env={**os.environ, **(environment or {}), SUPERVISED: "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C in a terminal goes to the supervisor alone, which stops the parts in order
        )
        self._reading = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reading.start()

    def exit_code(self) -> int | None:
        """How it ended, negative by a signal; None while it runs."""
        return self._process.poll()

    def last_line(self) -> str:
        """What it said last; of an ended process, what it said at all."""
        if self.exit_code() is not None:
            self._reading.join(_LAST_LINES_SECONDS)
        return self._last

    def stop(self) -> None:
        """Ask it to end, kill it if it does not, and wait until it has."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(self._grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            self._reading.join(_LAST_LINES_SECONDS)
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _read(self, stream: BinaryIO) -> None:
        with stream:
            for raw in stream:
                line = raw.decode(errors="replace").rstrip()
                if line:
                    self._last = line
                    with suppress(OSError, ValueError):  # nobody may listen any more; the part goes on all the same
                        self._tell(self._part.name, line)


def labelled(name: str, line: str, form: Literal["console", "json"]) -> str:
    """A line of a part, for a stream on which several parts speak.

    Args:
        name: The part.
        line: What it said.
        form: `json`: the answer is one object whatever the line was, with the part's name in `part`.
    """
    if form == "console":
        return f"{name:<{_WIDEST_NAME}} | {line}"
    try:
        said: Any = msgspec.json.decode(line)
    except msgspec.DecodeError:
        said = None
    return msgspec.json.encode({"part": name, **(said if isinstance(said, dict) else {"event": line})}).decode()


def end_with_supervisor() -> None:
    """In a part: end when the supervisor has; where nobody supervises, nothing happens."""
    if os.environ.pop(SUPERVISED, None):  # what a part starts itself reads its own standard input
        threading.Thread(target=_await_end, name="supervised", daemon=True).start()


def _await_end() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def until_told() -> Iterator[Pause]:
    """In the main thread: yields a pause that Ctrl-C and SIGTERM end, instead of ending the program."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def note(*_: object) -> None:
        with suppress(BlockingIOError):  # full: it has been told often enough
            os.write(writing, b"!")

    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda seconds: bool(select.select([reading], [], [], seconds)[0])
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(reading)
        os.close(writing)
