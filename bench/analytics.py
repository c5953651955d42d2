"""How fast the questions of analysts are answered over a large lake, beside the same questions in pandas and polars.

A lake of believable facts is built (or kept from an earlier run). Then three contenders work on it in turn, each in a
process of its own: the questions as they are shipped, the same in plain pandas, and the same in polars. What they
answer is compared in the same run: a figure that differs is reported, and the exit code is 1.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd

from eventlog.lake.lake import Lake

FACTS: Final = 10_000_000
ENROLMENTS: Final = 200_000
RUNS: Final = 5
_CLOSE: Final = 1e-9

KEYS: Final = {
    "completion-curve": ("week",),
    "completion-trend": ("day",),
    "where-they-stop": ("step",),
    "survival": ("time",),
    "retention": ("provider", "cohort", "course", "measure"),
    "partners": ("partner",),
    "milestones": ("intake", "course_group", "milestone", "window_start", "deadline"),
    "gate-forecast": ("group",),
    "attendance": ("breakdown", "group"),
    "flag-response": ("step", "group"),
    "timeliness": ("partner",),
}
"""Of each question, the columns that say which rows to compare."""


def compare(folder: Path, facts: int, enrolments: int, runs: int = RUNS) -> dict[str, Any]:
    """Build the lake if the folder has none, let the contenders answer, and sum up."""
    built = {} if (folder / "lake").exists() else _run("lake", folder, facts, enrolments)
    with TemporaryDirectory(prefix="engagement-answers-") as answers:
        found = {
            each: _run("contender", each, folder, answers, f"--runs={runs}") for each in ("ours", "pandas", "polars")
        }
        differences = [text for question in KEYS for text in _differences(Path(answers), question)]
    lake = Lake(folder / "lake")
    stored = sum(position.next_offset for position in lake.positions().values())
    lake_bytes = sum(file.stat().st_size for file in lake.files())
    ours = found["ours"]
    return {
        "questions": [_question(each, found) for each in ours["questions"]],
        "peak_mb": round(ours["peak_mb"]),
        "bytes_per_fact": round(lake_bytes / stored, 2),
        "lake_bytes": lake_bytes,
        "facts": stored,
        "enrolments": enrolments,
        "completion_s": round(ours["completion_s"], 2),
        "completion_cpu_s": round(ours["completion_cpu_s"], 2),
        "completion_per_s": round(stored / ours["completion_s"]),
        "differences": differences,
        "pandas_peak_mb": round(found["pandas"]["peak_mb"]),
        "polars_peak_mb": round(found["polars"]["peak_mb"]),
        "pandas_load_s": round(found["pandas"]["load_s"], 2),
        "polars_load_s": round(found["polars"]["load_s"], 2),
        "runs": runs,
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        **built,
    }


def _run(part: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", f"bench.analytics_{part}", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])  # noqa: S603 - ours
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _question(ours: dict[str, Any], found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A question's seconds with those of the others."""
    figures: dict[str, Any] = {
        "name": ours["name"],
        "seconds": round(ours["seconds"], 4),
        "first_seconds": round(ours["first_seconds"], 3),
        "cpu_seconds": round(ours["cpu_seconds"], 4),
    }
    for other in ("pandas", "polars"):
        theirs = next(each for each in found[other]["questions"] if each["name"] == ours["name"])
        for measure in ("seconds", "first_seconds", "cpu_seconds"):
            figures[f"{other}_{measure}"] = round(theirs[measure], 4)
    return figures


def _differences(answers: Path, question: str) -> Iterator[str]:
    """What the others answer and we do not: rows by their key, and every column that both have."""
    ours = pd.read_csv(answers / f"{question}.ours.csv")
    for other in ("pandas", "polars"):
        theirs = pd.read_csv(answers / f"{question}.{other}.csv")
        yield from (f"{question}, {other}: {text}" for text in unequal(ours, theirs, KEYS[question]))


def unequal(ours: pd.DataFrame, theirs: pd.DataFrame, keys: Sequence[str]) -> Iterator[str]:
    """Compare two tables: each row of theirs, and each of ours with a measure that they have too, must be in both."""
    if "measure" in keys:
        ours = ours[ours["measure"].isin(theirs["measure"])]
    both = ours.merge(theirs, on=list(keys), how="outer", suffixes=("", "_theirs"), indicator=True)
    if (alone := both["_merge"] != "both").any():
        yield f"{int(alone.sum())} rows are not in both, the first {both.loc[alone, list(keys)].iloc[0].to_dict()}"
    for name in [each for each in theirs.columns if each not in keys]:
        figure, other = both.loc[~alone, name], both.loc[~alone, f"{name}_theirs"]
        apart = (figure - other).abs()
        if (apart > _CLOSE).any():
            yield f"{name} differs by up to {apart.max():g}"
        if missing := int((figure.isna() != other.isna()).sum()):
            yield f"{name} is blank in one of the two in {missing} rows"


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; 1 when the contenders disagree or one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=FACTS, help="facts in the lake (default 10,000,000)")
    parser.add_argument("--enrolments", type=int, default=ENROLMENTS, help="enrolments (default 200,000)")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs after the first whose median counts (default 5)")
    parser.add_argument("--keep", type=Path, help="folder whose lake is used, and built there if it has none")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="engagement-bench-") as temporary:
        folder: Path = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            found = compare(folder.resolve(), given.facts, given.enrolments, given.runs)
        except subprocess.CalledProcessError as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
    print(json.dumps(found) if given.json else _table(found))
    return 1 if found["differences"] else 0


def _table(found: dict[str, Any]) -> str:
    questions = pd.DataFrame(found["questions"]).to_string(index=False)
    others = "\n".join(f"{name:20} {value}" for name, value in found.items() if name != "questions")
    return f"{questions}\n\n{others}"


if __name__ == "__main__":
    sys.exit(main())
