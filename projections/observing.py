"""What a run of records tells of itself while it works, for whoever watches that it gets on."""

from datetime import date
from typing import NamedTuple


class DayDecided(NamedTuple):
    """A day that has started in a partition."""

    day: date
    enrolments: int
    """How many were looked at."""
    seconds: float


class Observer:
    """Takes no notice; made to be replaced."""

    def piece_done(self) -> None:
        """Some of the work is done, though nothing is durable yet."""

    def day_decided(self, decided: DayDecided) -> None:
        """A day has started, durably."""
