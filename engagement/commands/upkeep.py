"""`engagement rebuild` and `engagement verify`: projections made anew from the log, and proof that they equal it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from typer import Context

from engagement import output
from engagement.output import AsJson
from engagement.wiring import Wiring
from eventlog.base import CorruptLogError, EventLog
from eventlog.facts import FACTS_TOPIC
from projections.rebuild import DifferenceError
from projections.rebuild import rebuild as rebuild_projections
from projections.rebuild import verify as verify_projections
from stream_processors.day_clock import utc_now

_CHECKING = "Checking every record of the log ..."


def rebuild(context: Context, as_json: AsJson = False) -> None:
    """Build the projections anew from the log, beside the live ones, and swap them in at the end.

    A running worker goes on meanwhile. Nothing is needed but the log, which is checked from end to end first.
    """
    began = time.monotonic()
    facts = rebuild_all(context.obj)
    seconds = time.monotonic() - began
    if as_json:
        output.json({"facts": facts, "seconds": round(seconds, 3)})
    else:
        output.say(f"Rebuilt the projections from {facts:,} facts in {seconds:.1f} s.")


def rebuild_all(wiring: Wiring) -> int:
    """Rebuild with a progress bar, from a log that is whole; answer the number of facts.

    Raises:
        CorruptLogError: The log is not what was written to it; the live projections stay as they are.
    """
    with wiring.log() as log:
        output.say(_CHECKING)
        log.verify()
        with _steps(log, "Replaying the log") as step:
            return rebuild_projections(log, wiring.live_or_new(), wiring.rulebook(), utc_now, step)


def verify(context: Context, as_json: AsJson = False) -> None:
    """Prove that the log is what was written to it, and that a replay of it equals the live projections.

    Every hash chain is recomputed, every fact is replayed into a store of its own, and every row is compared. The
    first difference is named, and the exit code is 1.
    """
    try:
        facts = _verify(context.obj)
    except (CorruptLogError, DifferenceError) as error:
        if as_json:
            output.json({"verified": False, "facts": None, "difference": str(error)})
        raise
    if as_json:
        output.json({"verified": True, "facts": facts, "difference": None})
    else:
        output.say(f"The log is whole, and a replay of {facts:,} facts equals the projections row by row.")


def _verify(wiring: Wiring) -> int:
    with wiring.log() as log, wiring.store() as store:
        output.say(_CHECKING)
        checkpoints = store.checkpoints()
        log.verify({(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in checkpoints.items()})
        with _steps(log, "Replaying the log") as step:
            return verify_projections(log, store, wiring.rulebook(), utc_now, step)


@contextmanager
def _steps(log: EventLog, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar over all facts on the log, moved on by their number."""
    with output.progress() as bar:
        task = bar.add_task(what, total=sum(log.end_offsets(FACTS_TOPIC).values()))
        yield lambda facts: bar.advance(task, facts)
