"""What the log already says of the enrolments and sessions in a register, so that an upload adds only what is new.

It is read from the log and not from the projections: the log is never behind, so registers can be loaded one after the
other before any worker has seen them. The price is a look at every fact on the log for each upload.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct, field

from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.paging import each_record
from learning.calendar import uk_day
from learning.events import Fact, UnreadableFactError, decode
from learning.facts import AttendanceRecorded, Data, Enrolled, ParticipantMerged, Transferred
from producers.register.column_maps import Field

_SAID_BY_ENROLMENT: tuple[Field, ...] = (
    "participant",
    "programme",
    "intake",
    "partner",
    "provider",
    "cohort",
    "schedule",
)

Session = tuple[str, str, date]
"""Enrolment, component and day (in the UK): what one answer of a register is about."""


class Known(Struct, kw_only=True):
    """What the log says of one enrolment."""

    key: str = ""
    """The partition key of its facts; empty while nothing says that somebody was enrolled."""
    enrolled_on: date | None = None
    said: dict[Field, list[str]] = field(default_factory=dict)
    """What it was and is, by column: as enrolled first, then as transferred or merged."""

    def latest(self, wanted: Field) -> str:
        """The last word on a column; empty when nothing was said."""
        return self.said.get(wanted, [""])[-1]


class Answer(NamedTuple):
    """The attendance that counts for a session."""

    time: datetime
    recordedtime: datetime
    attendance: str
    identity: tuple[str, str]


class KnownEnrolments(dict[str, Known]):
    """Every enrolment on the log, by id."""

    @cached_property
    def by_participant(self) -> Mapping[str, list[str]]:
        """The enrolments of each participant, whichever id the participant went by."""
        found: dict[str, list[str]] = defaultdict(list)
        for enrolment, known in self.items():
            for participant in set(known.said["participant"]):
                found[participant].append(enrolment)
        return found


def known_enrolments(log: EventLog) -> KnownEnrolments:
    """Read every enrolment from the log."""
    known: dict[str, Known] = defaultdict(Known)
    for fact in _facts(log, (Enrolled, Transferred, ParticipantMerged)):
        _learn(known[fact.subject], fact)
    return KnownEnrolments({enrolment: each for enrolment, each in known.items() if each.key})


def known_answers(log: EventLog, enrolments: Collection[str]) -> Mapping[Session, Answer]:
    """What registers (and any other source) said of the sessions of these enrolments, the last word on each."""
    answers: dict[Session, Answer] = {}
    for fact in _facts(log, (AttendanceRecorded,)):
        data: Any = fact.data
        if fact.subject in enrolments:
            session = (fact.subject, data.component, uk_day(fact.time))
            answer = Answer(fact.time, fact.recordedtime, data.attendance, fact.identity)
            answers[session] = max(answers.get(session, answer), answer)
    return answers


def _learn(known: Known, fact: Fact) -> None:
    data: Any = fact.data
    if isinstance(data, ParticipantMerged):
        known.said.setdefault("participant", []).append(data.into)
        return
    if isinstance(data, Enrolled):
        known.key, known.enrolled_on = fact.partitionkey, uk_day(fact.time)
    for each in _SAID_BY_ENROLMENT:
        value = getattr(data, each, None)
        if value is not None:
            values = known.said.setdefault(each, [])
            values.insert(0 if isinstance(data, Enrolled) else len(values), value)


def _facts(log: EventLog, types: tuple[type[Data], ...]) -> Iterator[Fact]:
    """The facts of some types; all others are passed over without being decoded."""
    marks = tuple(each.TYPE.encode() for each in types)
    for partition in range(log.topics().get(FACTS_TOPIC, 0)):
        for stored in each_record(log, FACTS_TOPIC, partition):
            if any(mark in stored.value for mark in marks):
                with suppress(UnreadableFactError):  # a reject of the worker is no fact
                    yield decode(stored.value)
