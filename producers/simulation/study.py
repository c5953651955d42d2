"""A week of study: sittings at home with their visits and completions, live sessions with their registers."""

from datetime import datetime, timedelta
from typing import Literal

from learning.facts import ActivitySeen, ComponentReopened, Data
from producers.simulation.course import CourseWeek
from producers.simulation.participant import NEVER, Participant
from producers.simulation.time import office_hour, sittings

WRONG_REGISTER = 0.015
"""Share of register entries that say the wrong thing and are corrected later."""

REOPENED = 0.004
"""Share of completions that are taken back within the next two weeks."""

REOPENED_IN_ERROR = 0.4
"""Share of those that should never have been recorded; the others do not meet the standard."""

VISITED = 0.6
"""Share of sittings that a visit shows, beside what was completed in them."""

IN_ONE_SITTING = 3
"""How much is done on one day before another day is needed."""

_MOST_CLICKS = 60
_DAYS = 7

_Task = tuple[int | None, Data]
"""What somebody does at home, with its place in `Course.own` when it is done for the first time."""


def attend(person: Participant, number: int, week: CourseWeek, zeal: float) -> bool:
    """Take part in the live sessions of the week, or not; answer whether in any. Without zeal nobody comes.

    The register is kept either way. What it says is wrong now and then, and put right some days later: the same
    session, recorded again.
    """
    draw = person.random.random
    course = person.course
    took_part = False
    for place in week.sessions:
        if person.sat >> place & 1:
            continue
        present = draw() < person.attends * zeal
        if present:
            took_part = True
            person.sat |= 1 << place
        truth, error = course.attended[place], course.absent[place]
        if not present:
            truth, error = error, truth
        began, recorded = person.partner.session(course, place, number)
        recorded += timedelta(0, int(draw() * 300))
        if draw() < WRONG_REGISTER:
            person.say(error, began, recorded)
            recorded = office_hour(person.random, recorded.toordinal() + 2 + int(draw() * 18))
        person.say(truth, began, recorded)
    return took_part


def study(person: Participant, number: int, week: CourseWeek, zeal: float) -> bool:
    """Study at home, or not; answer whether the person was seen at all."""
    habits, draw = person.habits, person.random.random
    usual = habits.works if week.term else habits.works_in_holidays
    if draw() < zeal * (habits.works_before_deadline if week.rush else usual):
        _work(person, number, week)
        return True
    if draw() < habits.looks_in:
        [hour] = sittings(person.random, number, 1, term=week.term)
        _visit(person, hour)
        return True
    return False


def zeal_of(person: Participant, number: int) -> float:
    """What is left of the chance to work or attend: all of it, unless the person is fading or silent."""
    if number >= person.leaves:
        return 0.0
    if not person.habits.fades or person.leaves == NEVER:
        return 1.0
    spent = (number - person.begins) / (person.leaves - person.begins)
    return 1.0 - 0.6 * spent * spent


def _work(person: Participant, number: int, week: CourseWeek) -> None:
    """Do what is to be done in this week, a few things at a sitting."""
    draw = person.random.random
    tasks = _tasks(person, number, week)
    size = max(IN_ONE_SITTING, -(-len(tasks) // _DAYS))
    hours = sittings(person.random, number, max(1, -(-len(tasks) // size)), term=week.term)
    for sitting, hour in enumerate(hours):
        if draw() < VISITED:
            _visit(person, hour)
        for place, data in tasks[sitting * size : (sitting + 1) * size]:
            hour += timedelta(0, 1800 + int(draw() * 1800))  # noqa: PLW2901 - the hour goes on
            person.say(data, hour)
            if place is not None and draw() < REOPENED:
                _reopen(person, number, place, hour)


def _tasks(person: Participant, number: int, week: CourseWeek) -> list[_Task]:
    """A missed session first, then what was reopened, then what is next by the plan."""
    draw, course = person.random.random, person.course
    tasks: list[_Task] = []
    missed = person.missed(week.past)
    if missed and draw() < person.habits.catches_up:
        earliest = missed & -missed
        person.sat |= earliest
        tasks.append((None, course.caught_up[earliest.bit_length() - 1]))
    if person.again:
        tasks += [(None, course.completed[place]) for place, from_week in person.again if from_week <= number]
        person.again = tuple(pair for pair in person.again if pair[1] > number)
    backlog = course.own_target(week, person.ahead) - person.studied
    if backlog > 0:
        begun = person.studied
        person.studied += min(backlog, 1 + int(draw() * person.habits.stretch))
        tasks += [(place, course.completed[place]) for place in range(begun, person.studied)]
    return tasks


def _visit(person: Participant, hour: datetime) -> None:
    person.say(ActivitySeen(clicks=1 + int(person.random.random() * _MOST_CLICKS)), hour)


def _reopen(person: Participant, number: int, place: int, hour: datetime) -> None:
    """Take a completion back in one of the next two weeks; it is done again after that."""
    weeks = 1 + int(person.random.random() * 2)
    reopened = office_hour(person.random, hour.toordinal() + 7 * weeks - 2)
    error = person.random.random() < REOPENED_IN_ERROR
    reason: Literal["recorded-in-error", "standard-not-met"] = "recorded-in-error" if error else "standard-not-met"
    person.say(ComponentReopened(component=person.course.own[place].id, reason=reason), reopened)
    person.again += ((place, number + weeks + 2),)
