"""Reasons of a level in words: what was measured beside the threshold that it reached."""

from learning.policy import COUNTDOWNS
from learning.policy_texts import figure_in_words
from learning.risk import Reason


def measured(reason: Reason) -> str:
    """The figure against the threshold that it reached."""
    figure, threshold = (figure_in_words(reason.signal, each) for each in (reason.figure, reason.threshold))
    return f"{figure}, counts {'within' if reason.signal in COUNTDOWNS else 'from'} {threshold}"
