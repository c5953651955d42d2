"""The end of a simulated programme: the gate, the assessment attempts with their windows, and what came of them."""

from datetime import date, datetime
from typing import Final

from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    ExtenuatingCircumstancesGranted,
)
from learning.programme import AssessmentRule, Component
from producers.simulation.care import recommend
from producers.simulation.participant import Participant
from producers.simulation.time import HOUR, first_day, instant, office_hour

PASSES: Final = 0.85
"""Share of submissions that pass."""

SUBMITS: Final = 0.96
"""Share of those entered who hand in."""

EXCUSED: Final = 0.5
"""Share of those who did not hand in who are granted extenuating circumstances."""

SECOND_CHANCE_WEEKS: Final = 13
"""How long those who missed the gate have until the next one."""

_WEEKS_TO_OPENING = 3
_WEEKS_BETWEEN_ATTEMPTS = 10


def finish(person: Participant, number: int) -> None:
    """Come to the deadline: be assessed with the gate behind one, or get a second chance, or leave."""
    rule, component = person.course.programme.assessment, person.course.assessed
    if rule is None or component is None:
        person.over = True
    elif person.gate_reached:
        _sit(person, number + _WEEKS_TO_OPENING, rule, component)
        person.over = True
    elif person.chances_gone + 1 < rule.attempts:
        person.chances_gone += 1
        person.deadline += SECOND_CHANCE_WEEKS
    else:
        recommend(person, number, ("assessment-requirements-not-met",))
        person.over = True


def _sit(person: Participant, week: int, rule: AssessmentRule, component: Component) -> None:
    """Go through attempts until one is passed or none is left; a granted one is not lost."""
    attempt, lost = person.chances_gone, person.chances_gone
    while lost < rule.attempts and attempt < rule.attempts + 1:
        attempt += 1
        closes = _enter(person, week, attempt, rule)
        week += _WEEKS_BETWEEN_ATTEMPTS
        if person.random.random() < SUBMITS:
            _submit(person, closes, attempt, rule, component)
            if _marked_as_passed(person, closes, attempt):
                return
            lost += 1
        elif person.random.random() < EXCUSED:
            granted = office_hour(person.random, closes + person.random.randint(1, 10))
            person.say(ExtenuatingCircumstancesGranted(attempt=attempt), granted)
        else:
            lost += 1


def _enter(person: Participant, week: int, attempt: int, rule: AssessmentRule) -> int:
    """Enter for an attempt whose window opens on a Monday; answer the ordinal of the day on which it closes."""
    opens = first_day(week)
    closes = opens + rule.window_days - 1
    entered: datetime = office_hour(person.random, opens - person.random.randint(7, 12))
    window = AssessmentEntered(attempt=attempt, opens=date.fromordinal(opens), closes=date.fromordinal(closes))
    person.say(window, entered)
    return closes


def _submit(person: Participant, closes: int, attempt: int, rule: AssessmentRule, component: Component) -> None:
    """Hand in within the window, most often towards its end."""
    days_left = int(person.random.random() ** 2 * rule.window_days)
    handed_in = instant(closes - days_left, int(person.random.uniform(9, 23.5) * HOUR))
    person.say(AssessmentSubmitted(component=component.id, attempt=attempt), handed_in)


def _marked_as_passed(person: Participant, closes: int, attempt: int) -> bool:
    passed = person.random.random() < PASSES
    marked = office_hour(person.random, closes + person.random.randint(21, 42))
    person.say(AssessmentMarked(attempt=attempt, outcome="passed" if passed else "failed"), marked)
    return passed
