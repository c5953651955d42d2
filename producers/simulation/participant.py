"""One simulated participant: what it takes to draw the next week of a life, and nothing of the weeks before."""

from datetime import datetime
from typing import Final

from learning.facts import Data
from producers.simulation.behaviours import Habits, Leaving
from producers.simulation.course import Course
from producers.simulation.journal import Journal
from producers.simulation.partner import Partner

NEVER: Final = 10**9
"""A week that does not come."""

MOST_PARTICIPANTS: Final = 1_000_000
"""Above this, seven digits could name two people."""

_IDS: Final = 10_000_000


def random_looking(prefix: str, number: int, seed: int) -> str:
    """An id of seven digits that shows no order; another number below ten million never gives the same one."""
    return f"{prefix}-{(number * 7_654_321 + seed * 3_141_593) % _IDS:07}"


class Participant:
    """The state of one life between two weeks; the functions of `week` and beside it move it on."""

    __slots__ = (
        "again",
        "ahead",
        "attends",
        "begins",
        "chances_gone",
        "contacts",
        "course",
        "deadline",
        "deferred",
        "enrolment",
        "habits",
        "journal",
        "key",
        "last_active",
        "leaves",
        "number",
        "over",
        "participant",
        "partner",
        "quiet",
        "random",
        "sat",
        "seed",
        "studied",
    )

    def __init__(
        self,
        *,
        number: int,
        seed: int,
        habits: Habits,
        course: Course,
        partner: Partner,
        journal: Journal,
    ) -> None:
        self.number = number
        self.seed = seed
        self.enrolment = random_looking("e", number, seed)
        self.participant = random_looking("p", number + MOST_PARTICIPANTS, seed)
        self.key = self.participant
        """The partition key; it stays when the participant's id is retired, so that a life stays in order."""
        self.random = course.random
        self.habits = habits
        self.course = course
        self.partner = partner
        self.journal = journal
        self.attends = min(0.99, habits.attends * partner.attendance)
        self.ahead = course.random.randint(*habits.ahead)
        self.begins = course.start
        """The first week in which there is something to draw; a deferral moves it on."""
        self.deadline = course.deadline
        self.leaves = NEVER
        """The week from which the person is silent."""
        self.deferred = False
        self.over = False
        """Nothing more will be drawn: withdrawn, assessed or finished."""
        self.studied = 0
        """How many of the course's own-time components were done, in their order."""
        self.again: tuple[tuple[int, int], ...] = ()
        """Places of components that were reopened, each with the week from which it can be done again."""
        self.sat = 0
        """One bit for each live session that was attended or caught up on."""
        self.quiet = 0
        """Study weeks in a row without any activity."""
        self.last_active = course.start
        self.contacts = 0
        self.chances_gone = 0
        """Assessment attempts lost by missing the gate."""

    def say(self, data: Data, time: datetime, recorded: datetime | None = None) -> None:
        """Note a fact about this enrolment; without `recorded` it was known when it happened."""
        self.journal.note(self.enrolment, self.key, data, time, recorded or time)

    def missed(self, past: int) -> int:
        """One bit for each of the past live sessions that is still missing."""
        return past & ~self.sat

    @property
    def gate_reached(self) -> bool:
        """Whether enough is done to be assessed."""
        return self.course.gate_reached(self.studied, [place for place, _ in self.again], self.sat)

    def plan_silence(self, leaving: Leaving) -> None:
        """Draw the week in which this person goes silent; it may lie beyond the deadline."""
        week, hazard = leaving.earliest, leaving.hazard
        while hazard < 1 and self.random.random() >= hazard * self.partner.losing:
            week, hazard = week + 1, hazard + leaving.growth
            if self.begins + week > self.deadline:
                return
        self.leaves = self.begins + week
