"""Chances to reach the completion gate in time: the rates at which earlier people did who stood where somebody stands.

The people of a rate were studying after the same share of their plan's weeks, with completion in the same band of ten
percentage points, in cohorts that were over by then: of the same programme, or of all where these are too few.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache, cached_property
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.questions.cohort_spread import CohortErrors, Numbers, Spread, shifted, shifts, spread
from analytics.questions.gate_standing import BANDS, Past, week_at
from analytics.wilson import wilson

FEWEST: Final = 20
"""People whose history makes a rate; below it the next wider history is asked."""

Flags = npt.NDArray[np.bool_]

_Z: Final = NormalDist().inv_cdf(0.975)


class Rates(NamedTuple):
    """By band, what became of those who stood where people of a programme stand."""

    known: Flags
    """Whether there are enough people; the figures of other bands mean nothing."""
    own: Flags
    """Whether all of them were of the same programme."""
    rate: Numbers
    low: Numbers
    high: Numbers
    """The edges of the 95 % interval of the rate, were all cohorts alike."""
    shares: Numbers
    """By cohort, in the order of deadlines, and band: which share of the people of the rate was of this cohort."""

    @property
    def middle(self) -> Numbers:
        """The middle of the interval: a rate that is never 0 or 1."""
        return (self.low + self.high) / 2


class History:
    """The cohorts that were over on some day, by where their people stood after a share of their weeks."""

    def __init__(self, past: Iterable[Past], share: float) -> None:
        """The cohorts, and the share from 0 to 1."""
        over = list(past)
        standing = [each.counts[week_at(share, each.weeks)] for each in over]
        counts = np.array(standing, dtype=np.float64).reshape(len(over), BANDS, 2)
        self._people, self._reached = counts[:, :, 0], counts[:, :, 1]
        self._programmes = np.array([each.programme for each in over], dtype=object)
        self._intakes = np.array([each.intake for each in over], dtype=object)
        self._rates: dict[str, Rates] = {}

    def rates(self, programme: str) -> Rates:
        """The rates for people of a programme."""
        if programme not in self._rates:
            self._rates[programme] = self._worked_out(programme)
        return self._rates[programme]

    @cached_property
    def spread(self) -> Spread | None:
        """How much cohorts differ from what others say of them; None when fewer than two can be compared."""
        return spread(self._errors()) if len(self._people) else None

    @property
    def is_of_one_intake(self) -> bool:
        """Whether nothing can be known of how intakes differ."""
        return len(set(self._intakes)) == 1

    def _worked_out(self, programme: str) -> Rates:
        own = (self._programmes == programme)[None, :]
        people, reached, enough = (each[0] for each in self._pooled(own, np.ones_like(own)))
        edges = [wilson(int(many), int(of)) for many, of in zip(reached, people, strict=True)]
        low, high = np.array(edges).T
        of = np.maximum(people, 1)
        shares = self._people * np.where(enough, own.T, True) / of
        return Rates(people >= FEWEST, enough, reached / of, low, high, shares)

    def _pooled(self, own: Flags, every: Flags) -> tuple[Numbers, Numbers, Flags]:
        """People and how many of them made it, by row and band: of the row's `own` cohorts if enough, else of every."""
        enough: Flags = own @ self._people >= FEWEST
        people, reached = (np.where(enough, own @ each, every @ each) for each in (self._people, self._reached))
        return people, reached, enough

    def _errors(self) -> CohortErrors:
        """How far each cohort was from what cohorts of other intakes say of it; or other cohorts, if all are of one.

        A forecast does not know its own intake, which is under way at the same time.
        """
        others = self._intakes[:, None] != self._intakes[None, :]
        if not others.any():
            others = ~np.eye(len(self._intakes), dtype=bool)
        own = others & (self._programmes[:, None] == self._programmes[None, :])
        known_people, known_reached, enough = self._pooled(own, others)
        known = known_people >= FEWEST
        people = np.where(known, self._people, 0)
        of = np.maximum(known_people, 1)
        chances = (known_reached + _Z**2 / 2) / (known_people + _Z**2)  # the middle of Wilson's interval
        slopes = people * chances * (1 - chances)
        counted = people.sum(axis=1) >= FEWEST
        total = np.where(counted, slopes.sum(axis=1), 1)
        of_rates = (slopes * people / of).sum(axis=1) / total**2
        of_others = sum(
            among * ((slopes * used / of) @ self._people.T) for among, used in ((own, enough), (others, ~enough))
        )
        weight = 1 + (of_others**2).sum(axis=1) / total**2
        found = shifts(people[counted], chances[counted], (self._reached * known).sum(axis=1)[counted])
        after = shifted(chances[counted], found[:, None])
        outcomes = 1 / (people[counted] * after * (1 - after)).sum(axis=1)
        intakes = np.unique(self._intakes[counted], return_inverse=True)[1]
        return CohortErrors(found, outcomes + of_rates[counted], weight[counted], intakes)


class Histories:
    """What was known on any day."""

    def __init__(self, past: Iterable[Past]) -> None:
        """The finished cohorts, in any order."""
        self._past = sorted(past, key=lambda each: each.deadline)
        self._at = cache(lambda number, share: History(self._past[:number], share))

    def at(self, day: date, share: float) -> History:
        """What was known at the end of a day of who stood where after a share, from 0 to 1, of the weeks."""
        return self._at(sum(each.deadline <= day for each in self._past), share)
