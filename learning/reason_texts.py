"""Reasons of a level in words: what was measured beside the threshold that it reached."""

from learning.policy import COUNTDOWNS
from learning.risk import Reason


def measured(reason: Reason) -> str:
    """The figure against the threshold that it reached; days that are left count below zero inside only."""
    if reason.signal in COUNTDOWNS:
        return f"{-reason.figure:g}, counts within {-reason.threshold:g}"
    return f"{round(reason.figure, 2):g}, counts from {reason.threshold:g}"
