"""How simulated participants behave: the figures that the simulator draws with, in one place and explained.

The figures are chosen, not fitted to anybody's records. They are set so that what comes out has the shape that lead
providers and open data sets describe: most people keep a weekly rhythm, a good part works in bursts, and those who
leave go quiet first.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct


class Behaviour(StrEnum):
    """The ways in which a simulated participant can go through a programme."""

    STEADY = "steady"
    BURSTY = "bursty"
    FADING = "fading"
    NEVER_STARTED = "never-started"
    DEFERRING = "deferring"
    RETURNING = "returning"


class Leaving(Struct, frozen=True, kw_only=True):
    """When somebody goes silent: a hazard, the chance of stopping in a week given that it has not happened before."""

    earliest: int
    """Weeks from the start in which it cannot happen."""
    hazard: float
    """Chance in the first week in which it can happen."""
    growth: float = 0.0
    """How much the chance grows from each week to the next."""


class Habits(Struct, frozen=True, kw_only=True):
    """The figures of one behaviour. All chances are between 0 and 1, and are drawn anew in each week."""

    works: float
    """Chance that a study week in term sees work."""
    works_in_holidays: float
    """The same, for a week of school holidays."""
    works_before_deadline: float
    """The same, for the last weeks before the gate closes."""
    stretch: int
    """Most components finished in one week of work."""
    ahead: tuple[int, int]
    """How many study weeks before (or, below zero, behind) the plan a person likes to be: drawn once between these."""
    attends: float
    """Chance to be at a live session, at a partner of average attendance."""
    catches_up: float
    """Chance that a week of work makes up for one session that was missed."""
    looks_in: float
    """Chance of a visit without any completion in a week that sees no work."""
    leaving: Leaving | None = None
    """How this behaviour goes silent; None: it does not."""
    fades: bool = False
    """Whether work and attendance dwindle on the way to silence."""
    defers: bool = False
    """Whether the silence is a deferral that is asked for, and not just silence."""
    reached: float = 0.5
    """Chance that a contact reaches the person."""
    heeds: float = 0.0
    """Chance that a silent person who was reached comes back."""


_STEADY: Final = Habits(
    works=0.88,
    works_in_holidays=0.15,
    works_before_deadline=0.95,
    stretch=3,
    ahead=(-1, 2),
    attends=0.91,
    catches_up=0.5,
    looks_in=0.3,
)

HABITS: Final[Mapping[Behaviour, Habits]] = MappingProxyType(
    {
        Behaviour.STEADY: _STEADY,
        Behaviour.BURSTY: Habits(
            works=0.24,
            works_in_holidays=0.45,
            works_before_deadline=0.75,
            stretch=11,
            ahead=(-2, 1),
            attends=0.82,
            catches_up=0.6,
            looks_in=0.12,
        ),
        Behaviour.FADING: Habits(
            works=0.85,
            works_in_holidays=0.08,
            works_before_deadline=0.7,
            stretch=2,
            ahead=(-1, 1),
            attends=0.85,
            catches_up=0.2,
            looks_in=0.2,
            leaving=Leaving(earliest=3, hazard=0.01, growth=0.003),
            fades=True,
            reached=0.25,
            heeds=0.12,
        ),
        Behaviour.NEVER_STARTED: Habits(
            works=0.0,
            works_in_holidays=0.0,
            works_before_deadline=0.0,
            stretch=1,
            ahead=(0, 0),
            attends=0.0,
            catches_up=0.0,
            looks_in=0.0,
            leaving=Leaving(earliest=0, hazard=1.0),
            reached=0.2,
        ),
        Behaviour.DEFERRING: Habits(
            works=0.8,
            works_in_holidays=0.12,
            works_before_deadline=0.92,
            stretch=3,
            ahead=(-2, 1),
            attends=0.86,
            catches_up=0.5,
            looks_in=0.25,
            leaving=Leaving(earliest=6, hazard=0.04),
            defers=True,
        ),
        Behaviour.RETURNING: Habits(
            works=0.82,
            works_in_holidays=0.15,
            works_before_deadline=0.94,
            stretch=4,
            ahead=(-1, 1),
            attends=0.87,
            catches_up=0.6,
            looks_in=0.25,
            leaving=Leaving(earliest=4, hazard=0.05),
            reached=0.6,
            heeds=0.85,
        ),
    }
)
"""The figures of every behaviour."""

DEFAULT_MIX: Final[Mapping[Behaviour, float]] = MappingProxyType(
    {
        Behaviour.STEADY: 0.52,
        Behaviour.BURSTY: 0.22,
        Behaviour.FADING: 0.12,
        Behaviour.NEVER_STARTED: 0.03,
        Behaviour.DEFERRING: 0.045,
        Behaviour.RETURNING: 0.065,
    }
)
"""How many of all participants behave in which way, where nothing else is asked for."""
