"""`engagement worker`: runs the Faust agents that fold the log into the projections."""

from collections.abc import Mapping
from typing import Annotated

import structlog
from rich.progress import Progress, TaskID
from typer import Context, Option

from engagement import output
from engagement.logs import configure_logs
from engagement.output import AsJson
from engagement.wiring import Wiring


class _Watch:
    """Shows how far the worker is on the way to where the log ended at its start; once there, it says so."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._caught_up = False

    def __call__(self, done: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Take note of how far each partition is, and where it ended."""
        if self._caught_up:
            return
        if self._task is None:
            self._task = self._bar.add_task("Processing facts", total=sum(ends.values()))
        self._bar.update(self._task, completed=sum(min(done.get(each, 0), end) for each, end in ends.items()))
        if all(done.get(each, 0) >= end for each, end in ends.items()):
            self._caught_up = True
            self._bar.stop()
            structlog.get_logger("engagement.worker").info("caught up with the log", facts=sum(ends.values()))


def worker(
    context: Context,
    until_caught_up: Annotated[
        bool, Option("--until-caught-up", help="Process what is on the log now, then exit with 0.")
    ] = False,
    verbose: Annotated[bool, Option("--verbose", help="Also show what Faust and its libraries log.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold facts from the log into the projections, until stopped with Ctrl-C or SIGTERM.

    One worker at a time reads a log in the data folder, which it checks from end to end at its start; one that is not
    what was written to it stops it. On Kafka any number of workers share the work.
    """
    wiring: Wiring = context.obj
    configure_logs(wiring.settings.log_format, verbose=verbose)
    pipeline = wiring.pipeline()
    from stream_processors.runner import run  # noqa: PLC0415 - Faust takes a second to load; only workers need it

    with output.progress() as bar:
        run(pipeline, until_caught_up=until_caught_up, watch=_Watch(bar))
    done = pipeline.tracker.totals
    if as_json:
        output.json({"facts": done.facts, "rejects": done.rejects})
    else:
        output.say(f"Processed {done.facts:,} facts; {done.rejects:,} were set aside.")
