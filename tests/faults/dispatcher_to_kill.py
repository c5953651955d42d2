"""Dispatchers that kill themselves at a point of the cycle, each a process of its own that does one turn.

Run as: dispatcher_to_kill.py DATA_DIR; each line on standard input, `NOW [POINT TIMES]`, is one dispatcher, forked from
this process, which only saves the time of loading the program. How it ended is said on standard output.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from alerting import delivering, queue
from alerting.delivering import Deliverer
from alerting.dispatcher import Dispatcher, DispatcherParts, Prepared
from alerting.model import Channel, Notice
from alerting.one_at_a_time import only_dispatcher
from alerting.outcomes import Carrier, Outcome
from alerting.receivers import Receivers
from eventlog.base import EventLog
from tests.delivery_kit import carriers, opened, seeded, utc_now
from tests.faults_kit import open_log

POINTS = {"before-claim": 2, "after-claim": 4, "before-send": 4, "after-send": 2, "after-mark": 1, "after-facts": 1}
"""The points of the cycle, and how often a turn with eight due messages is sure to come by each, whatever arrives
together with what: messages are taken at first and then whenever some have come back, be it all at once."""


class Killer:
    """Ends this process by SIGKILL when a point has been reached so many times."""

    def __init__(self, point: str, times: int) -> None:
        self._point, self._left = point, times

    def __call__(self, point: str) -> None:
        """The process is at a point."""
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


class Sending:
    """A carrier that comes by two points."""

    def __init__(self, carrier: Carrier, at: Callable[[str], None]) -> None:
        self._carrier, self._at = carrier, at

    def lane(self, receiver: str) -> str:
        """As the carrier says."""
        return self._carrier.lane(receiver)

    async def send(self, notice: Notice) -> Outcome:
        """Send as the carrier does."""
        self._at("before-send")
        outcome = await self._carrier.send(notice)
        if outcome.result == "accepted":
            self._at("after-send")
        return outcome

    async def close(self) -> None:
        """Close the carrier."""
        await self._carrier.close()


class Telling:
    """A log that comes by two points; what is sent is marked by then."""

    def __init__(self, log: EventLog, at: Callable[[str], None]) -> None:
        self._log, self._at = log, at

    def append(self, topic: str, records: Sequence[Any]) -> Sequence[Any]:
        """Append as the log does."""
        self._at("after-mark")
        receipts = self._log.append(topic, records)
        self._at("after-facts")
        return receipts


def run(data_dir: Path, now: datetime, at: Callable[[str], None]) -> None:
    """Do the turn."""
    store, registry = opened(data_dir)
    receivers = Receivers(registry, utc_now)
    claim, start = queue.claim, Deliverer._start

    def claimed(*given: Any) -> list[Notice]:
        at("before-claim")
        return claim(*given)

    def started(self: Deliverer, *given: Any) -> None:
        at("after-claim")
        start(self, *given)

    def ways() -> Mapping[Channel, Carrier]:
        return {channel: Sending(each, at) for channel, each in carriers(receivers).items()}

    @contextmanager
    def log() -> Iterator[Any]:
        with open_log(data_dir) as real:
            yield Telling(real, at)

    delivering.queue.claim = claimed
    Deliverer._start = started  # type: ignore[method-assign]  # the point between taking and sending
    parts = DispatcherParts(
        store=store,
        receivers=receivers,
        log=log,
        prepare=lambda _log, _now: Prepared(),
        carriers=ways,
        chance=seeded(3),
    )
    with store, registry, only_dispatcher(data_dir / "alerts.db"), Dispatcher(parts) as dispatcher:
        dispatcher.turn(lambda: now)


def one(data_dir: Path, line: str) -> int:
    """Fork a dispatcher, and answer how it ended: its exit code, negative by a signal."""
    child = os.fork()
    if not child:
        try:
            moment, *kill = line.split()
            run(data_dir, datetime.fromisoformat(moment), Killer(kill[0], int(kill[1])) if kill else lambda _: None)
        except BaseException:  # noqa: BLE001 - a forked process must not go on with its parent's work
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for told in sys.stdin:
        print(one(Path(sys.argv[1]), told), flush=True)  # noqa: T201 - what the test waits for
