"""Runs the pipeline in this process until it is told to stop, or until what is on the log has been processed."""

import asyncio
import gc
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from eventlog.facts import FACTS_TOPIC
from stream_processors.app import Pipeline

_LOOK_EVERY_SECONDS = 0.05
_OBJECTS_BEFORE_LOOKING_FOR_CYCLES = 50_000

Watch = Callable[[Mapping[int, int], Mapping[int, int]], object]
"""Shown, again and again, how far each partition is and where it ends."""


def run(pipeline: Pipeline, *, until_caught_up: bool = False, watch: Watch = lambda _done, _ends: None) -> None:
    """Run until SIGINT or SIGTERM, or until everything that was on the log at the start is in the projections.

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
    ends = await asyncio.to_thread(pipeline.log_file.end_offsets, FACTS_TOPIC)
    while not stop.is_set() and not pipeline.crashed:
        done = pipeline.tracker.positions
        watch(done, ends)
        if until_caught_up and all(done.get(partition, 0) >= end for partition, end in ends.items()):
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_EVERY_SECONDS)
