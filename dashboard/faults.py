"""Says where an error that nobody foresaw came from, for the log: short, and without anything that may be personal."""

from traceback import walk_tb
from types import FrameType
from typing import Final

OURS: Final = frozenset(
    {
        "alerting",
        "analytics",
        "dashboard",
        "engagement",
        "eventlog",
        "learning",
        "producers",
        "projections",
        "registry",
        "stream_processors",
    }
)
"""Our own packages."""


def where(error: BaseException) -> str:
    """The way through our own packages to an error, and the place that raised it, each with its line.

    Neither the message nor any value is in it: both may repeat what somebody sent. What brought the error about is told
    by its kind alone.
    """
    frames = [(frame, line) for frame, line in walk_tb(error.__traceback__)]
    last = len(frames) - 1
    steps = [
        f"{_module(frame)}:{line} {frame.f_code.co_name}"
        for number, (frame, line) in enumerate(frames)
        if number == last or _module(frame).partition(".")[0] in OURS
    ]
    cause = error.__cause__ or error.__context__
    return " > ".join(steps) + (f" (after {type(cause).__name__})" if cause else "")


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
