"""The pipeline as it runs: from its first chunk to the last checkpoint."""

import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from time import perf_counter

from bench.measuring import answer
from stream_processors.app import Pipeline
from stream_processors.runner import run
from stream_processors.settings import WorkerSettings


def main(folder: Path) -> None:
    """Process the log in `folder` into new projections."""
    rmtree(folder / "projections", ignore_errors=True)
    pipeline = Pipeline(WorkerSettings(data_dir=folder, day_clock=False))
    began = perf_counter()
    ready: list[float] = []

    def watch(_done: Mapping[int, int], _ends: Mapping[int, int]) -> None:
        if not ready:
            ready.append(perf_counter())

    run(pipeline, until_caught_up=True, watch=watch)
    ended = perf_counter()
    answer(pipeline.tracker.totals.facts, ended - ready[0], start_s=ready[0] - began)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
