"""Runs contenders, each in a process of its own, and sums up what they answered over the rounds."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import gettempdir
from typing import Any

Answer = dict[str, Any]
"""What `measuring.answer` printed."""

_OURS = "ENGAGEMENT_"


def measure(contender: str, *arguments: object, settings: Mapping[str, str] | None = None) -> Answer:
    """Run one contender; `settings` are the pipeline's, without their prefix, and no others hold.

    Raises:
        CalledProcessError: It failed; it has said why.
    """
    return measure_together(contender, [arguments], settings)[0]


def measure_together(
    contender: str, arguments: Sequence[Sequence[object]], settings: Mapping[str, str] | None = None
) -> list[Answer]:
    """Run several processes of a contender at the same time, one for each tuple of arguments.

    Raises:
        CalledProcessError: One failed; it has said why.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    given = {_OURS + name.upper(): value for name, value in (settings or {}).items()}
    running = [
        subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", f"bench.pipeline_{contender}", *map(str, some)],
            cwd=gettempdir(),  # a file `.env` in the project is not ours
            env=inherited | given | {"PYTHONPATH": str(Path(__file__).parents[1])},
            stdout=subprocess.PIPE,
            text=True,
        )
        for some in arguments
    ]
    try:
        return [_answer(each) for each in running]
    finally:
        for each in running:
            each.kill()
            each.wait()


def _answer(process: "subprocess.Popen[str]") -> Answer:
    output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    answer: Answer = json.loads(output.splitlines()[-1])
    return answer


def middle(answers: Sequence[Answer], figure: str) -> float:
    """The median of a figure over the rounds."""
    values: list[float] = [each[figure] for each in answers]
    return median(values)


def highest(answers: Sequence[Answer], figure: str) -> int:
    """The highest of a figure over the rounds, rounded."""
    values: list[float] = [each[figure] for each in answers]
    return round(max(values))


def ratios(answers: Sequence[Answer], to: Sequence[Answer]) -> list[float]:
    """How many times as fast, within each round."""
    return [mine["per_s"] / theirs["per_s"] for mine, theirs in zip(answers, to, strict=True)]


def times(name: str, found: Sequence[float], digits: int = 1) -> dict[str, Any]:
    """The median of ratios, and the lowest and the highest."""
    return {
        name: round(median(found), digits),
        f"{name}_range": [round(min(found), digits), round(max(found), digits)],
    }
