"""One week in the life of a simulated participant: study first, then what the silence or the deadline brings about."""

from collections.abc import Sequence

from producers.simulation.assessment import finish
from producers.simulation.care import chase, defer, happen, resume, welcome
from producers.simulation.participant import Participant
from producers.simulation.partner import Partner
from producers.simulation.study import attend, study, zeal_of

RARE = 0.0012
"""Chance in a week of one of the rare things of `care.happen`."""

DEFERS_BEFORE_DEADLINE = 0.3
"""Share of those far from the gate who ask for a deferral in the week before the deadline."""

FAR_FROM_GATE = 0.85
"""Who has done less of the own-time components than this is far from it."""


def live(person: Participant, number: int, partners: Sequence[Partner]) -> None:
    """Draw what the week of this number brings for one participant."""
    if number < person.begins:
        return
    if person.deferred:
        resume(person, number)
    elif person.habits.defers and number == person.leaves:
        defer(person, number)
    else:
        here = _study(person, number)
        if not person.over:
            _turn(person, number, partners, here=here)


def _study(person: Participant, number: int) -> bool:
    """Study, or be silent and be chased for it; answer whether the person is here at all."""
    week = person.course.week(number)
    zeal = zeal_of(person, number)
    active = attend(person, number, week, zeal) if week.sessions else False
    if zeal:
        active = study(person, number, week, zeal) or active
    if active:
        if person.contacts and person.quiet >= person.partner.patience:
            welcome(person, number)
        person.quiet, person.last_active = 0, number
    elif week.term:
        person.quiet += 1
        if person.quiet >= person.partner.patience:
            chase(person, number)
    return zeal > 0


def _turn(person: Participant, number: int, partners: Sequence[Partner], *, here: bool) -> None:
    """What changes the course of a life: a rare thing, or the deadline."""
    if here and person.random.random() < RARE:
        happen(person, number, partners)
    elif number >= person.deadline:
        finish(person, number)
    elif here and number == person.deadline - 1 and _asks_to_defer(person):
        defer(person, number)


def _asks_to_defer(person: Participant) -> bool:
    """Whether somebody who cannot reach the gate any more asks for a deferral while there is still time to ask."""
    far_from_gate = person.studied < FAR_FROM_GATE * len(person.course.own)
    return far_from_gate and person.random.random() < DEFERS_BEFORE_DEADLINE
