"""`engagement rebuild` and `engagement verify`: projections made anew, and proof that log, lake and they agree."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

from typer import Context, Option

from engagement import output
from engagement.output import AsJson
from engagement.wiring import Wiring
from eventlog.base import CorruptLogError, EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError
from projections.rebuild import Archived, DifferenceError, require_lake_of
from projections.rebuild import rebuild as rebuild_projections
from projections.rebuild import verify as verify_projections
from projections.store import Store
from stream_processors.day_clock import utc_now

_CHECKING = "Checking every record of the log ..."


class Verified(NamedTuple):
    """What was found to be as it should, in numbers."""

    facts: int
    lake_facts: int | None = None
    """None: the lake was not looked at."""
    enrolments: int | None = None
    """Whose completion by SQL equals the projections'; None as above."""


def rebuild(
    context: Context,
    *,
    from_lake: Annotated[
        bool, Option("--from-lake", help="Read the facts from the lake as far as it goes, then from the log.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the projections anew from the log, beside the live ones, and swap them in at the end.

    A running worker goes on meanwhile. Nothing is needed but the log, which is checked from end to end first. With
    `--from-lake` the new projections are also held against what SQL says of the lake, before they take over.
    """
    began = time.monotonic()
    facts = rebuild_all(context.obj, from_lake=from_lake)
    seconds = time.monotonic() - began
    if as_json:
        output.json({"facts": facts, "seconds": round(seconds, 3)})
    else:
        output.say(f"Rebuilt the projections from {facts:,} facts in {seconds:.1f} s.")


def rebuild_all(wiring: Wiring, *, from_lake: bool = False) -> int:
    """Rebuild with a progress bar, from a log that is whole; answer the number of facts.

    Raises:
        CorruptLogError: The log is not what was written to it; the live projections stay as they are.
        NothingThereError: The lake is wanted, and there is none.
        LakeError: The lake is not of this log; the live projections stay as they are.
        DifferenceError: SQL over the lake and the new projections disagree; the live ones stay, too.
    """
    with wiring.log() as log:
        archived = _archived(wiring, log, wiring.lake()) if from_lake else None
        output.say(_CHECKING)
        log.verify()
        with _steps(log, "Replaying the lake and the log" if archived else "Replaying the log") as step:
            return rebuild_projections(log, wiring.live_or_new(), wiring.rulebook(), utc_now, step, archived=archived)


def _archived(wiring: Wiring, log: EventLog, lake: Lake) -> Archived:
    require_lake_of(log, lake)  # before the log is read from end to end
    return Archived(lake, lambda store: _agreeing(wiring, log, lake, store))


def _agreeing(wiring: Wiring, log: EventLog, lake: Lake, store: Store) -> int:
    from engagement.lake_agreement import check_against_lake  # noqa: PLC0415 - pandas and DuckDB take a while to load

    output.say("Comparing the completion of every enrolment with SQL over the lake ...")
    return check_against_lake(store, lake, log, wiring.curriculum())


def verify(
    context: Context,
    *,
    lake: Annotated[
        bool, Option("--lake", help="Prove also that the lake is what the log says, and that SQL over it agrees.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prove that the log is what was written to it, and that a replay of it equals the live projections.

    Every hash chain is recomputed, every fact is replayed into a store of its own, and every row is compared. The
    first difference is named, and the exit code is 1. With `--lake` every fact of the lake is compared with the log,
    and the completion of every enrolment, worked out in SQL over the lake, with the projections.
    """
    try:
        found = _verify(context.obj, with_lake=lake)
    except (CorruptLogError, DifferenceError, LakeError) as error:
        if as_json:
            output.json({"verified": False, "facts": None, "difference": str(error)})
        raise
    if as_json:
        looked_at = {"lake_facts": found.lake_facts, "enrolments": found.enrolments} if lake else {}
        output.json({"verified": True, "facts": found.facts, "difference": None, **looked_at})
        return
    output.say(f"The log is whole, and a replay of {found.facts:,} facts equals the projections row by row.")
    if lake:
        output.say(
            f"The {found.lake_facts:,} facts of the lake are those of the log, and SQL over them agrees with the "
            f"projections on the completion of all {found.enrolments:,} enrolments."
        )


def _verify(wiring: Wiring, *, with_lake: bool) -> Verified:
    with wiring.log() as log, wiring.store() as store:
        lake = wiring.lake() if with_lake else None
        if lake is not None:
            require_lake_of(log, lake)
        output.say(_CHECKING)
        checkpoints = store.checkpoints()
        log.verify({(FACTS_TOPIC, key): (each.next_offset, each.head) for key, each in checkpoints.items()})
        with _steps(log, "Replaying the log") as step:
            facts = verify_projections(log, store, wiring.rulebook(), utc_now, step)
        if lake is None:
            return Verified(facts)
        from eventlog.lake.verification import verify as verify_lake  # noqa: PLC0415 - as above

        with _steps(log, "Comparing the lake") as step:
            lake_facts = verify_lake(lake, log, step)
        return Verified(facts, lake_facts, _agreeing(wiring, log, lake, store))


@contextmanager
def _steps(log: EventLog, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar over all facts on the log, moved on by their number."""
    with output.progress() as bar:
        task = bar.add_task(what, total=sum(log.end_offsets(FACTS_TOPIC).values()))
        yield lambda facts: bar.advance(task, facts)
