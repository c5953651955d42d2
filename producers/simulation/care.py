"""What staff do about a simulated participant: contacts, withdrawals, deferrals, transfers and merged ids."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, Literal

from learning.codes import DeferralReason, WithdrawalReason
from learning.facts import (
    ContactMade,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from producers.simulation.participant import MOST_PARTICIPANTS, NEVER, Participant, random_looking
from producers.simulation.partner import Partner
from producers.simulation.time import first_day, office_hour

CONTACTED = 0.5
"""Chance that a partner whose patience is over tries to reach a silent participant in a study week."""

ACKNOWLEDGED = 0.8
"""Share of silences that an adviser of the partner is seen to take care of before anybody is called."""

PRAISED = 0.6
"""Share of returns from silence that an adviser notes as an improvement."""

GIVEN_UP = 0.3
"""Chance in a study week that withdrawal of somebody long silent is recommended."""

SIGNED_OFF = 0.93
"""Share of recommended withdrawals that the partner signs off; to the others it objects, and they come back."""

OBJECTS_AFTER: Final = timedelta(days=7)
"""So long after the recommendation a partner objects."""

COMES_BACK = 0.85
"""Share of the deferred who return; the others are withdrawn when they were expected."""

MOVES_INTAKE = 0.7
"""Share of the returning who join the next intake, where there is one."""

CONTACTS_BEFORE_WITHDRAWAL = 2

Channel = Literal["email", "phone", "message", "video-call", "in-person", "letter"]
_CHANNELS: Final[Sequence[Channel]] = ("email",) * 4 + ("phone",) * 4 + ("message", "video-call", "in-person", "letter")

SILENT_REASONS: Final[Sequence[WithdrawalReason]] = (
    *("insufficient-capacity-to-undertake-programme",) * 4,
    *("disengaged-and-unresponsive",) * 4,
    *("insufficient-capacity",) * 2,
    *("change-in-developmental-or-personal-priorities",) * 2,
    "personal-reason-health-or-pregnancy-related",
    "change-in-school-circumstances",
    "programme-not-appropriate-for-role-and-cpd-needs",
    "quality-of-programme-structure-not-suitable.",
)
NEVER_STARTED_REASONS: Final[Sequence[WithdrawalReason]] = (
    *("disengaged-and-unresponsive",) * 3,
    "expected-commitment-unclear",
    "started-in-error",
)
SUDDEN_REASONS: Final[Sequence[WithdrawalReason]] = (
    "personal-reason-moving-school",
    "personal-reason-other",
    "change-in-school-circumstances",
    "change-in-school-leadership",
    "change-in-career",
)
DEFERRAL_REASONS: Final[Sequence[DeferralReason]] = (
    *("parental-leave",) * 4,
    *("long-term-sickness",) * 3,
    *("other",) * 3,
    "bereavement",
    "career-break",
)


def provider_staff(person: Participant) -> str:
    """One of the lead provider's engagement officers."""
    return f"{person.course.provider}/engagement-{1 + int(person.random.random() * 4)}"


def chase(person: Participant, number: int) -> None:
    """A silent study week: the partner tries to reach the participant, and after long silence gives up."""
    draw = person.random.random
    if person.quiet == person.partner.patience and draw() < ACKNOWLEDGED:
        seen = FlagAcknowledged(by=person.partner.adviser(person.random))
        person.say(seen, office_hour(person.random, first_day(number)))
    if draw() < CONTACTED:
        _contact(person, number)
    long_silent = person.quiet >= person.partner.gives_up and person.contacts >= CONTACTS_BEFORE_WITHDRAWAL
    if long_silent and draw() < GIVEN_UP:
        recommend(person, number, SILENT_REASONS if person.studied or person.sat else NEVER_STARTED_REASONS)


def welcome(person: Participant, number: int) -> None:
    """The first week of work after a silence for which the partner called: its adviser may note the improvement."""
    if person.random.random() < PRAISED:
        seen = ImprovementSeen(by=person.partner.adviser(person.random))
        person.say(seen, office_hour(person.random, first_day(number) + 7))
    person.contacts = 0


def _contact(person: Participant, number: int) -> None:
    random = person.random
    person.contacts += 1
    reached = random.random() < person.habits.reached
    outcome: Literal["reached", "message-left", "no-answer"] = "reached"
    if not reached:
        outcome = "message-left" if random.random() < 0.6 else "no-answer"  # noqa: PLR2004 - share of voicemails
    channel = _CHANNELS[int(random.random() * len(_CHANNELS))]
    contact = ContactMade(channel=channel, outcome=outcome, by=person.partner.adviser(random))
    person.say(contact, _some_day(random, number))
    if reached and random.random() < person.habits.heeds:
        person.leaves = NEVER


def recommend(person: Participant, number: int, reasons: Sequence[WithdrawalReason]) -> None:
    """Recommend withdrawal in a week; the partner signs it off some weeks later, or objects and wins them back."""
    random = person.random
    reason = random.choice(reasons)
    recommended = _some_day(random, number)
    person.say(WithdrawalRecommended(reason=reason, by=provider_staff(person)), recommended)
    if random.random() >= SIGNED_OFF:
        objected = WithdrawalObjected(reason="still-taking-part", by=person.partner.lead)
        person.say(objected, recommended + OBJECTS_AFTER)
        person.leaves, person.quiet, person.contacts = NEVER, 0, 0
        return
    signed_off = office_hour(random, recommended.toordinal() + random.randint(10, 42))
    last_active = date.fromordinal(first_day(min(person.last_active, number)) + 6)
    effective = min(last_active, recommended.date())
    person.say(Withdrawn(reason=reason, effective=effective, signed_off_by=person.partner.lead), signed_off)
    person.over = True


def defer(person: Participant, number: int) -> None:
    """Ask for a pause in this week; it is granted some days later, and ends with a return or a withdrawal."""
    random = person.random
    reason = random.choice(DEFERRAL_REASONS)
    asked = _some_day(random, number)
    granted = office_hour(random, asked.toordinal() + random.randint(3, 15))
    away = random.randint(10, 36)
    back = date.fromordinal(first_day(number + away))
    person.say(DeferralRequested(reason=reason), asked)
    person.say(Deferred(reason=reason, expected_return=back, granted_by=person.partner.lead), granted)
    person.last_active = number
    person.leaves = NEVER
    if random.random() >= COMES_BACK:
        recommend(person, number + away, SUDDEN_REASONS)
        person.over = True
        return
    person.deferred = True
    person.begins = number + away
    person.deadline += away


def resume(person: Participant, number: int) -> None:
    """Come back from a deferral, often into the next intake of the programme."""
    person.deferred = False
    person.quiet = 0
    back = office_hour(person.random, first_day(number))
    person.say(Resumed(), back)
    later = person.course.later
    if later is None or person.random.random() >= MOVES_INTAKE:
        return
    person.course, person.deadline = later, later.deadline
    person.begins = max(number, later.start)
    moved = Transferred(intake=later.intake.id, cohort=later.intake.cohort, schedule=later.schedule)
    person.say(moved, back + timedelta(minutes=10))


def happen(person: Participant, number: int, partners: Sequence[Partner]) -> None:
    """One of the rare things: leave at once, move to another partner, or get another participant id."""
    draw = person.random.random()
    if draw < 0.5:  # noqa: PLR2004 - half of them
        recommend(person, number, SUDDEN_REASONS)
    elif draw < 0.8:  # noqa: PLR2004 - three in ten
        _change_partner(person, number, partners)
    elif person.participant == person.key:
        _merge(person, number)


def _change_partner(person: Participant, number: int, partners: Sequence[Partner]) -> None:
    partner = person.random.choice(partners)
    if partner is not person.partner:
        person.partner = partner
        person.say(Transferred(partner=partner.code), _some_day(person.random, number))


def _merge(person: Participant, number: int) -> None:
    retired = person.participant
    person.participant = random_looking("p", person.number + 2 * MOST_PARTICIPANTS, person.seed)
    merged = ParticipantMerged(retired=retired, into=person.participant)
    person.say(merged, _some_day(person.random, number))


def _some_day(random: Random, number: int) -> datetime:
    """An office hour between Monday and Friday of a week."""
    return office_hour(random, first_day(number) + int(random.random() * 5))
