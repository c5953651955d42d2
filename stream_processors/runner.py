"""Runs the pipeline in this process until it is told to stop, or until what is on the log has been processed."""

import asyncio
import gc
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from eventlog.facts import FACTS_TOPIC
from stream_processors.app import Pipeline

_LOOK_SECONDS = 0.05
_LOOK_AT_SERVER_SECONDS = 0.5
"""Where other workers do a part of the work, and the database must be asked how far they are."""

_OBJECTS_BEFORE_LOOKING_FOR_CYCLES = 50_000

Watch = Callable[[Mapping[int, int], Mapping[int, int]], object]
"""Shown, again and again, how far each partition is and where it ends."""


def run(pipeline: Pipeline, *, until_caught_up: bool = False, watch: Watch = lambda _done, _ends: None) -> None:
    """Run until SIGINT or SIGTERM, or until what was on the log at the start is in the projections and the lake.

    Raises:
        EngagementError: What the pipeline could not go on after.
    """
    # A chunk makes a million objects that hold no cycles; looking for some after every 700 costs a tenth of the speed.
    gc.set_threshold(_OBJECTS_BEFORE_LOOKING_FOR_CYCLES, 10, 10)
    asyncio.run(_run(pipeline, until_caught_up, watch))


async def _run(pipeline: Pipeline, until_caught_up: bool, watch: Watch) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # only the main thread may; elsewhere nobody sends signals
            loop.add_signal_handler(each, stop.set)
    pipeline.loop = loop
    try:
        await pipeline.start()
        await _wait(pipeline, stop, until_caught_up, watch)
    finally:
        await pipeline.stop()
    if pipeline.crash_reason is not None:
        raise pipeline.crash_reason


async def _wait(pipeline: Pipeline, stop: asyncio.Event, until_caught_up: bool, watch: Watch) -> None:
    """Return when it is told to stop, has crashed, or has caught up, if that is the end.

    Where a look at the projections takes long, because their server is away, it holds up none of these.
    """
    ends = await asyncio.to_thread(pipeline.log_file.end_offsets, FACTS_TOPIC)
    looking = asyncio.create_task(_look(pipeline, ends, until_caught_up, watch))
    stopping = asyncio.create_task(stop.wait())
    try:
        while not (looking.done() or stopping.done() or pipeline.crashed):
            await asyncio.wait({looking, stopping}, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if looking.done():
            looking.result()
    finally:
        looking.cancel()
        stopping.cancel()


async def _look(pipeline: Pipeline, ends: Mapping[int, int], until_caught_up: bool, watch: Watch) -> None:
    """Watch how far the projections are; return when they and the lake have caught up, if that is the end."""
    seconds = _LOOK_AT_SERVER_SECONDS if pipeline.settings.broker else _LOOK_SECONDS
    while True:
        done = await pipeline.positions()
        watch(done, ends)
        if all(done.get(partition, 0) >= end for partition, end in ends.items()):
            break
        await asyncio.sleep(seconds)
    if not until_caught_up:
        await asyncio.Event().wait()
    await pipeline.complete_lake()
