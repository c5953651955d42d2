"""Delivery partners that differ in size, in how well they hold people, and in when they send registers."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Partners(NamedTuple):
    """The delivery partners: what each is like, by its number."""

    codes: npt.NDArray[np.str_]
    size: Floats
    losing: Floats
    """Multiplies the hazard of going silent."""
    attendance: Floats
    prompt: Floats
    """Chance that a register is sent on the day of the session."""
    days_late: Floats
    weekday: Ints
    hour: Ints

    @classmethod
    def drawn(cls, random: np.random.Generator, number: int) -> "Partners":
        """So many, of sizes from small to large."""
        return cls(
            codes=np.array([f"partner-{each:02}" for each in range(1, number + 1)]),
            size=random.lognormal(0, 0.8, number),
            losing=random.uniform(0.6, 1.6, number),
            attendance=random.uniform(0.9, 1.04, number),
            prompt=random.uniform(0.3, 0.95, number),
            days_late=random.uniform(1.5, 6, number),
            weekday=random.integers(1, 4, number),
            hour=random.integers(15, 18, number),
        )
