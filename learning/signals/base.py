"""What every signal is made of, and the words that their sentences share."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from learning.calendar import uk_day
from learning.policy import SignalCode
from learning.trail import Trail
from learning.view import View

Inputs = Mapping[str, int | float | date | None]
"""The figures in a reason. They hold until the next day on which anything can change: dates, never days left."""


class Signal(NamedTuple):
    """One thing that can put an enrolment at risk."""

    code: SignalCode
    title: str
    """A few words for the heading of a column."""
    measures: str
    """What its figure is, with its unit; a ratio (`learning.policy.RATIOS`) has none, for where it is read decides."""
    figure: Callable[[View], float | None]
    """The figure to hold against the steps of the policy; None where the signal says nothing."""
    inputs: Callable[[View], Inputs]
    """The figures that explain it; asked only where `figure` answered."""
    sentence: Callable[[Inputs], str]
    """One plain sentence with the figures in it."""
    remedy: Callable[[Inputs], str]
    """What would clear it."""
    applies: Callable[[Trail], bool] = lambda _: True
    """Whether it can say anything of an enrolment at all; asked once, so that its views need not be."""


def last_active_on(view: View) -> date | None:
    """The day on which the person was last at work."""
    return None if view.last_active is None else uk_day(view.last_active)


def weeks(number: object) -> str:
    """So many study weeks, in words."""
    return f"{number} study week{'' if number == 1 else 's'}"


def day(value: object) -> str:
    """A day as people write it."""
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else "never"


def pace(ratio: object) -> str:
    """A ratio for each study week in percent; it is small, so with a decimal."""
    return f"{float(ratio) * 100:.1f} %" if isinstance(ratio, int | float) else "-"


def percent(ratio: object) -> str:
    """A ratio in percent."""
    return f"{float(ratio) * 100:.0f} %" if isinstance(ratio, int | float) else "-"
