"""Simulated delivery partners: they differ in size, in how well they hold people, and in when they send registers."""

from datetime import datetime
from random import Random

from producers.simulation.course import Course
from producers.simulation.time import HOUR, first_day, instant, office_hour

MOST_DAYS_LATE = 12
"""No register comes later than this many days after its session."""


class Partner:
    """A delivery partner; what it is like is drawn once, from the seed and its number."""

    def __init__(self, seed: int, number: int) -> None:
        random = Random(f"{seed}/partner/{number}")  # noqa: S311 - a simulation, no secret
        self.code = f"partner-{number:02}"
        self.size = random.uniform(0.4, 2.0)
        """How many participants it has, compared with the others."""
        self.attendance = random.uniform(0.92, 1.05)
        """Multiplies the chance to be at a session."""
        self.losing = random.uniform(0.7, 1.5)
        """Multiplies the hazard of going silent."""
        self.prompt = random.uniform(0.35, 0.95)
        """Chance that a register is sent on the day of the session."""
        self.days_late = random.uniform(2.0, 6.0)
        """How many days after it on average, when it is not."""
        self.patience = random.randint(2, 5)
        """Silent study weeks after which it tries to reach somebody."""
        self.gives_up = random.randint(9, 14)
        """Silent study weeks after which withdrawal is recommended."""
        self._seed = seed
        self._weekday = random.randint(1, 3)
        self._begins = 16 * HOUR + random.randrange(7) * 900
        self._sessions: dict[tuple[str, int], tuple[datetime, datetime]] = {}

    def adviser(self, random: Random) -> str:
        """One of the three people who look after participants here."""
        return f"{self.code}/adviser-{1 + int(random.random() * 3)}"

    @property
    def lead(self) -> str:
        """Who signs withdrawals off."""
        return f"{self.code}/lead"

    def session(self, course: Course, place: int, week: int) -> tuple[datetime, datetime]:
        """When a live session took place at this partner, and when its register was recorded."""
        key = (course.key, place)
        held = self._sessions.get(key)
        if held is None:
            held = self._sessions[key] = self._hold(course, place, week)
        return held

    def _hold(self, course: Course, place: int, week: int) -> tuple[datetime, datetime]:
        component = course.live[place]
        random = Random(f"{self._seed}/{self.code}/{course.key}/{component.id}")  # noqa: S311 - a simulation, no secret
        day = min(first_day(week) + self._weekday, course.last_day)
        if component.due_day is not None:
            day = course.intake.start.toordinal() + component.due_day
        began = instant(day, self._begins)
        if random.random() < self.prompt:
            return began, instant(day, self._begins + int(random.uniform(2, 4) * HOUR))
        days = min(MOST_DAYS_LATE - 2, 1 + int(random.expovariate(1 / self.days_late)))
        return began, office_hour(random, day + days)
