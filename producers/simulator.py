"""Cohorts that never were: facts of believable participants, for demonstrations, tests and measurements.

The same simulation gives the same bytes in every process and on every machine, in the order in which the facts
became known. What it draws with is in `producers.simulation.behaviours` and beside each part;
docs/reference/simulator.md says what it is not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from msgspec import Struct

from learning.curriculum import Curriculum
from learning.errors import EngagementError
from learning.events import Fact
from learning.facts import Enrolled
from learning.plan import start_of
from producers.simulation.behaviours import DEFAULT_MIX, HABITS, Behaviour
from producers.simulation.course import Course
from producers.simulation.journal import Journal
from producers.simulation.participant import MOST_PARTICIPANTS, Participant
from producers.simulation.partner import Partner
from producers.simulation.time import office_hour, week_of
from producers.simulation.week import live

DEFAULT_CATALOGUE = "ambition-2024"

ENROLLED_LATE = 0.04
"""Share of participants who are accepted after the start."""

_WEEKS_BEFORE = 5
_DAYS_BEFORE = (3, 28)
_MOST_PARTNERS = 99


class SimulationError(EngagementError):
    """A simulation was asked for that cannot be; the message names the parameter and its bounds."""


class Simulation(Struct, frozen=True, kw_only=True):
    """What to simulate.

    Raises:
        SimulationError: A number is out of bounds, or the mix is empty.
    """

    seed: int
    """Another seed gives other people; facts of two seeds never share an id, but enrolments may."""
    participants: int
    """Enrolments altogether, spread evenly over programmes and intakes."""
    partners: int
    """Delivery partners."""
    intakes: tuple[str, ...]
    until: date
    """The last day (UK) of which anything is known."""
    programmes: tuple[str, ...] | None = None
    """Programme ids; None: all of the catalogue `ambition-2024`."""
    mix: Mapping[Behaviour, float] = DEFAULT_MIX
    """How often each behaviour is drawn, relative to the others."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.seed < 0:
            raise SimulationError(f"the seed is {self.seed}; give a whole number from 0 on")
        if not 1 <= self.participants <= MOST_PARTICIPANTS:
            raise SimulationError(f"{self.participants} participants; give 1 to {MOST_PARTICIPANTS:,}")
        if not 1 <= self.partners <= _MOST_PARTNERS:
            raise SimulationError(f"{self.partners} partners; give 1 to {_MOST_PARTNERS}")
        if not self.intakes or self.programmes == ():
            raise SimulationError("there is nothing to enrol on; name at least one intake and one programme")
        if any(share < 0 for share in self.mix.values()) or not sum(self.mix.values()) > 0:
            raise SimulationError("the mix has no behaviour above 0, or one below it; give shares from 0 on")


def simulate(simulation: Simulation, curriculum: Curriculum) -> Iterator[Fact]:
    """Draw the facts of a simulation, in order of `recordedtime`; days are not started, that is the day clock's.

    It goes from week to week and holds one small state a participant, so memory does not grow with the facts. There is
    one generator of draws a course, not a participant, since each takes 2.5 kB.

    Raises:
        UnknownProgrammeError: When the curriculum does not have a programme or an intake.
    """
    courses = _courses(simulation, curriculum)
    partners = [Partner(simulation.seed, number) for number in range(1, simulation.partners + 1)]
    journal = Journal(f"sim-{simulation.seed}")
    opening: defaultdict[int, list[tuple[int, Course]]] = defaultdict(list)
    for first, course in enumerate(courses):
        opening[course.start - _WEEKS_BEFORE].append((first, course))
    end = start_of(simulation.until + timedelta(days=1))
    people: list[Participant] = []
    for week in range(min(opening), week_of(simulation.until) + 1):
        for first, course in opening.get(week, ()):
            numbers = range(first, simulation.participants, len(courses))
            people += [_enrol(simulation, number, course, partners, journal) for number in numbers]
        for person in people:
            live(person, week, partners)
        people = [person for person in people if not person.over]
        yield from journal.tell(week, before=end)


def _courses(simulation: Simulation, curriculum: Curriculum) -> Sequence[Course]:
    """Every programme in every intake; each course knows the one that follows it."""
    programmes = simulation.programmes or sorted(
        each for each in curriculum.programmes if each.startswith(f"{DEFAULT_CATALOGUE}/")
    )
    courses = []
    for programme in programmes:
        intakes = [Course(curriculum.plan(programme, intake), simulation.seed) for intake in simulation.intakes]
        intakes.sort(key=lambda course: course.start)
        for course, later in pairwise(intakes):
            course.later = later
        courses += intakes
    return courses


def _enrol(
    simulation: Simulation, number: int, course: Course, partners: Sequence[Partner], journal: Journal
) -> Participant:
    random = course.random
    [behaviour] = random.choices(list(simulation.mix), list(simulation.mix.values()))
    [partner] = random.choices(partners, [partner.size for partner in partners])
    person = Participant(
        number=number,
        seed=simulation.seed,
        habits=HABITS[behaviour],
        course=course,
        partner=partner,
        journal=journal,
    )
    day = course.intake.start.toordinal() - random.randint(*_DAYS_BEFORE)
    if random.random() < ENROLLED_LATE:
        day = course.intake.start.toordinal() + random.randint(0, 13)
    accepted = office_hour(random, day)
    person.begins = max(course.start, week_of(accepted) + 1)
    if person.habits.leaving is not None:
        person.plan_silence(person.habits.leaving)
    enrolled = Enrolled(
        participant=person.participant,
        programme=course.programme.id,
        intake=course.intake.id,
        provider=course.provider,
        partner=partner.code,
        cohort=course.intake.cohort,
        schedule=course.schedule,
    )
    person.say(enrolled, accepted)
    return person
