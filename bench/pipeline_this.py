"""The pipeline as it runs: from its first chunk to the last checkpoint. The environment says where the log is."""

import sys
from math import inf
from pathlib import Path
from shutil import rmtree
from time import monotonic, process_time

from bench.measuring import answer
from projections.projector import Applied
from stream_processors.app import Pipeline
from stream_processors.chunks import Chunk
from stream_processors.runner import run
from stream_processors.settings import WorkerSettings


class Timed(Pipeline):
    """Notes when the agent has its first chunk and when the last one is durable, by the clock of all processes."""

    began_at = 0.0
    ended_at = 0.0
    cpu_at_begin = 0.0
    cpu_s = 0.0
    chunks = 0

    async def on_start(self) -> None:
        """Watch the tracker, which is there once the pipeline has started."""
        await super().on_start()
        track = self.tracker.track

        async def timed(chunk: Chunk, partition: int) -> Applied:
            if not self.chunks:
                self.began_at, self.cpu_at_begin = monotonic(), process_time()
            applied = await track(chunk, partition)
            self.ended_at, self.cpu_s = monotonic(), process_time() - self.cpu_at_begin
            self.chunks += 1
            return applied

        self.tracker.track = timed  # type: ignore[method-assign]  # a stopwatch around the real one


def main(folder: Path) -> None:
    """Process the log into new projections; `folder` is the worker's."""
    rmtree(folder / "projections", ignore_errors=True)
    settings = WorkerSettings(data_dir=folder, day_clock=False)
    started = monotonic()
    pipeline = Timed(settings)
    run(pipeline, until_caught_up=True)
    answer(
        pipeline.tracker.totals.facts,
        pipeline.ended_at - pipeline.began_at if pipeline.chunks else inf,  # the others can have done all of it
        start_s=pipeline.began_at - started,
        began_at=pipeline.began_at,
        ended_at=pipeline.ended_at,
        cpu_s=pipeline.cpu_s,
        chunks=pipeline.chunks,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
