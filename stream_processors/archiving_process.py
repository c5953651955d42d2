"""The process beside a worker in which the lake is written, so that neither its work nor its trouble is the worker's.

In the worker's own process Python would do the one or the other: fold facts, or make rows of them. And what DuckDB
needs of memory, or a crash of it, is no concern of the projections. It ends when its worker does, however that ends.
"""

import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO, Literal

import msgspec
from msgspec import Struct
from pydantic import SecretStr

from eventlog.base import EventLog, LogAwayError
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError, StaleLakeError
from stream_processors.archiving import reason_of
from stream_processors.deployment import opened_log, prime
from stream_processors.settings import WorkerSettings

_COMMAND = (sys.executable, "-m", "stream_processors.archiving_process")
_END_SECONDS = 5.0

_ERRORS: Mapping[str, type[LakeError | LogAwayError]] = {
    "stale": StaleLakeError,
    "away": LogAwayError,
    "failed": LakeError,
}


class Order(Struct, frozen=True):
    """What the worker asks for, a line of JSON each: the facts of a partition up to an offset."""

    partition: int
    until: int


class Outcome(Struct, frozen=True):
    """What became of it, a line of JSON each."""

    facts: int = 0
    failure: Literal["stale", "away", "failed"] | None = None
    reason: str = ""


class LakeProcess:
    """The worker's side: starts the process when something is to be written, and again when it ended."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Write to the lake of these settings, from their log."""
        self._settings = settings
        self._lake = Lake(settings.lake_path)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the process; 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    def positions(self) -> Mapping[int, int]:
        """The offset that is written next, by partition.

        Raises:
            LakeError: They cannot be read.
        """
        return {partition: position.next_offset for partition, position in self._lake.positions().items()}

    def write(self, partition: int, until: int) -> int:
        """Write the facts of a partition from its position to just before an offset; answer how many were written.

        Raises:
            StaleLakeError: The partition is not where `positions` last said.
            LogAwayError: The log does not answer.
            LakeError: Nothing was written that counts; the message says why.
        """
        if self._process is None:
            self._process = self._started()
        said = b""
        with suppress(BrokenPipeError):
            said = _exchange(self._process, Order(partition, until))
        if not said:
            code = self._process.wait()
            self.close()
            raise LakeError(f"The process that writes the lake ended with code {code}; it is started again.")
        outcome = msgspec.json.decode(said, type=Outcome)
        if outcome.failure:
            raise _ERRORS[outcome.failure](outcome.reason)
        return outcome.facts

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End the process at once, from any thread; whoever waits for an outcome gets an error."""
        if self._process is not None:
            self._process.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        with suppress(BrokenPipeError):
            _tell(process, _plain(self._settings))
        return process


def _exchange(process: subprocess.Popen[bytes], order: Order) -> bytes:
    _tell(process, order)
    return process.stdout.readline() if process.stdout else b""


def _tell(process: subprocess.Popen[bytes], what: object) -> None:
    if process.stdin:
        process.stdin.write(msgspec.json.encode(what) + b"\n")
        process.stdin.flush()


def _plain(settings: WorkerSettings) -> dict[str, Any]:
    """The settings with their secrets, for a pipe that nobody else can read."""
    secrets = {name: value.get_secret_value() for name, value in settings if isinstance(value, SecretStr)}
    return {**settings.model_dump(mode="json", include=set(WorkerSettings.model_fields)), **secrets}


def main(orders: BinaryIO, outcomes: BinaryIO) -> None:
    """The process: carry out one order after the other, until there are no more because the worker has ended."""
    for each in (signal.SIGINT, signal.SIGTERM):  # a terminal and a service manager send them to us as well
        signal.signal(each, signal.SIG_IGN)
    settings = WorkerSettings(**msgspec.json.decode(orders.readline()))
    writer = _Writer(settings)
    for line in orders:
        outcomes.write(msgspec.json.encode(writer.carry_out(msgspec.json.decode(line, type=Order))) + b"\n")
        with suppress(BrokenPipeError):
            outcomes.flush()


class _Writer:
    """The lake and a log, which is opened when it is first needed and anew after every failure."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._lake = Lake(settings.lake_path)
        self._opened = ExitStack()
        self._log: EventLog | None = None

    def carry_out(self, order: Order) -> Outcome:
        from eventlog.lake.writing import archive  # noqa: PLC0415 - the worker imports this file, but needs no DuckDB

        try:
            return Outcome(archive(self._lake, self._open_log(), order.partition, order.until))
        except StaleLakeError as error:
            return Outcome(failure="stale", reason=str(error))
        except LogAwayError as error:
            return self._failed("away", error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the worker tells it and asks again later
            return self._failed("failed", error)

    def _failed(self, failure: Literal["away", "failed"], error: Exception) -> Outcome:
        self._log = None
        with suppress(Exception):  # what could not be used may not be closed in good order either
            self._opened.close()
        return Outcome(failure=failure, reason=reason_of(error))

    def _open_log(self) -> EventLog:
        if self._log is None:
            self._log = self._opened.enter_context(opened_log(self._settings))
            prime(self._log, self._lake.positions())
        return self._log


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
