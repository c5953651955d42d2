"""A server of the tests as a process: started, stopped, killed, frozen, and never left behind."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PATIENCE = 120.0
"""Seconds that a server may take to start or to stop before the test gives up on it."""

# The kernel kills a server when the thread that started it ends, so one thread that lasts as long as Python starts all.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="starts-servers")


class ServerMissingError(Exception):
    """The machine does not have the server; the message says how to get it."""


class ServerFailedError(Exception):
    """The server is installed, but it did not start or stop; the message has its last words."""


class Server(ABC):
    """A server that keeps its data in a folder and its address for as long as the object lives.

    Args:
        folder: where data, settings and output go; made when it is not there.
        named: called with the server's name and version once it has told them.
    """

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, named: Callable[[str], None] = lambda _: None) -> None:
        self.folder = folder
        self._named = named
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, also after `stop` or `kill`, on the same address and data; returns when it answers.

        Raises:
            ServerFailedError: It ended, or it does not answer in time.
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start without waiting for an answer."""
        if self._process is not None:
            raise ServerFailedError(f"{self} runs already; stop or kill it first")
        self._prepare()
        command = ["setpriv", "--pdeathsig=KILL", *self._identity(), *self._command()]
        with self._output.open("ab") as output:
            self._process = _STARTER.submit(
                subprocess.Popen, command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            ).result()

    def wait_until_ready(self) -> None:
        """Return when it answers a request.

        Raises:
            ServerFailedError: It ended, or it does not answer in time.
        """
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise ServerFailedError(f"{self} did not start; its last words: {self.output()[-2_000:]}")
            time.sleep(0.05)
        self._named(self.version())

    def stop(self) -> None:
        """Ask it to end in good order, and wait until it has."""
        if self._process is None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailedError(f"{self} did not stop; its last words: {self.output()[-2_000:]}") from None
        self._process = None

    def kill(self) -> None:
        """End it and its child processes at once (SIGKILL); what it had not written is lost."""
        if self._process is not None:
            if self._process.poll() is None:
                self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause` (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def output(self) -> str:
        """What it wrote since it was first started."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    @abstractmethod
    def version(self) -> str:
        """Name and version as the running server tells them."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make folders and settings where they are not there yet."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What to run; signals are sent to this very process."""

    def _identity(self) -> list[str]:
        """Options of setpriv that make it another user; none by default."""
        return []

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it answers a real request now."""

    @property
    def _output(self) -> Path:
        return self.folder / "output"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise ServerFailedError(f"{self} does not run; start it first")
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)  # so that it makes no more children
        for each in [*_children(pid), pid]:
            with suppress(ProcessLookupError):  # a child may end of itself meanwhile
                os.kill(each, number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def free_port(reserved: Path) -> int:
    """A port of 127.0.0.1 that nothing listens on and that no other server of this run was given.

    It lies below the ports that the kernel gives to outgoing connections, so that it is still free after a restart.

    Args:
        reserved: the run's folder of given ports.
    """
    reserved.mkdir(parents=True, exist_ok=True)
    while True:
        port = 12_000 + secrets.randbelow(18_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                (reserved / str(port)).touch(exist_ok=False)
        except OSError:
            continue
        return port
