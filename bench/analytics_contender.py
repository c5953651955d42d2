"""One contender in a process of its own: times every question, keeps the answers, and prints its figures.

A first run works out whatever is shared (the models, the frames); after that the question alone is timed.
"""

import argparse
import json
import resource
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any, Final, NamedTuple

import duckdb
import pandas as pd
import polars as pl

import analytics
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.registry import QUESTIONS
from bench import analytics_pandas, analytics_pandas_questions, analytics_polars, analytics_polars_questions
from bench.analytics_catalogue import Catalogue
from bench.analytics_flags import decisions
from bench.analytics_frames import PROGRAMME, load_pandas, plans_in_use
from bench.analytics_polars_doings import load_polars
from eventlog.lake.lake import Lake
from learning.curriculum import Curriculum

RUNS: Final = 5
"""Runs of a question after the first one, whose median counts."""

REBUILDS: Final = 5
"""How often the completion of all enrolments is made anew, whose median counts."""

NOT_COMPARED: Final = frozenset({"alert-response"})
"""The log of this measurement has no alerts."""

Asked = tuple[str, Callable[[], pd.DataFrame]]
"""A question's name, and how to ask it."""


def ours(folder: Path) -> tuple[dict[str, Any], Iterator[Asked]]:
    """Our questions on one connection, as a notebook has it; first, how fast completion is made anew of the facts."""
    flags = decisions(Lake(folder / "lake").files())
    took = []
    for left in reversed(range(REBUILDS)):
        began, used = monotonic(), process_time()
        connection = analytics.connect(folder, decisions=flags)
        need(connection, "fact_completion")
        took.append((monotonic() - began, process_time() - used))
        if left:
            connection.close()
    seconds, cpu_seconds = (median(each) for each in zip(*took, strict=True))
    figures = {"completion_s": seconds, "completion_cpu_s": cpu_seconds}
    return figures, ((name, _asking(connection, name)) for name in QUESTIONS if name not in NOT_COMPARED)


def _asking(connection: duckdb.DuckDBPyConnection, name: str) -> Callable[[], pd.DataFrame]:
    answer = QUESTIONS[name].load()
    filters = Filters(programme=PROGRAMME) if name == "where-they-stop" else Filters()
    return lambda: answer(connection, filters).frame


def pandas(folder: Path) -> tuple[dict[str, Any], Iterator[Asked]]:
    """The questions in plain pandas."""
    files = Lake(folder / "lake").files()
    catalogue, flags, began = _catalogue(files), decisions(files), monotonic()
    facts = analytics_pandas.Prepared(load_pandas(files), catalogue, flags)
    load_s = monotonic() - began
    questions = analytics_pandas_questions.QUESTIONS.items()
    return {"load_s": load_s}, ((name, partial(answer, facts)) for name, answer in questions)


def polars(folder: Path) -> tuple[dict[str, Any], Iterator[Asked]]:
    """The questions in polars."""
    files = Lake(folder / "lake").files()
    catalogue, flags, began = _catalogue(files), decisions(files), monotonic()
    facts = analytics_polars.Prepared(load_polars(files), catalogue, flags)
    load_s = monotonic() - began
    questions = analytics_polars_questions.QUESTIONS.items()
    return {"load_s": load_s}, ((name, partial(_plain, answer, facts)) for name, answer in questions)


def _plain(answer: Callable[[Any], pl.DataFrame], facts: Any) -> pd.DataFrame:
    """A small answer, as all contenders give it."""
    return pd.DataFrame(answer(facts).to_dict(as_series=False))


CONTENDERS: Final = {"ours": ours, "pandas": pandas, "polars": polars}


def run(contender: str, folder: Path, answers: Path, runs: int = RUNS) -> dict[str, Any]:
    """Time every question of a contender; its answers go into a folder, one CSV file a question."""
    figures, asked = CONTENDERS[contender](folder)
    questions = []
    for name, ask in asked:
        first, _, frame = _timed(ask)
        later = [_timed(ask) for _ in range(runs)]
        seconds, cpu_seconds = median(each.seconds for each in later), median(each.cpu_seconds for each in later)
        questions.append({"name": name, "first_seconds": first, "seconds": seconds, "cpu_seconds": cpu_seconds})
        frame.to_csv(answers / f"{name}.{contender}.csv", index=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"questions": questions, "peak_mb": peak, **figures}


def _catalogue(files: list[Path]) -> Catalogue:
    return Catalogue.of(Curriculum.shipped(), plans_in_use(files))


class Timed(NamedTuple):
    """How long a question took, and its answer."""

    seconds: float
    cpu_seconds: float
    """Of all cores together, which other programs make no longer."""
    frame: pd.DataFrame


def _timed(ask: Callable[[], pd.DataFrame]) -> Timed:
    began, used = monotonic(), process_time()
    frame = ask()
    return Timed(monotonic() - began, process_time() - used, frame)


def main() -> None:
    """Print the figures of one contender."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    print(json.dumps(run(given.contender, given.folder, given.answers, given.runs)))


if __name__ == "__main__":
    main()
