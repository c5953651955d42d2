"""Everything that is held of one person: in the registry, on the log and in the projections, under all their ids."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from engagement.wiring import NothingThereError, Wiring
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.paging import each_record
from eventlog.partitioner import partition_of
from learning.changes import told as in_words
from learning.errors import EngagementError
from learning.events import Fact, UnreadableFactError, decode, encode
from learning.facts import Data, ParticipantMerged
from learning.progress import decode_state
from projections import enrolment_progress, enrolment_risk, enrolment_states, risk_history
from registry import audit, erasures, people
from registry.audit import COMMAND_LINE, Action, Entry
from registry.store import Registry


class NobodyKnownError(EngagementError):
    """Nothing is held of whom somebody asks for."""


class Traces:
    """Where a person can be found: ids that were merged stand for one person, with the enrolments and facts of all."""

    def __init__(self, wiring: Wiring, participant: str) -> None:
        """Follow an id through the log and the projections, as far as they are there."""
        self._wiring = wiring
        self.participants = [participant]
        """The id that was asked for first."""
        self.enrolments: list[str] = []
        self.facts: list[Fact] = []
        self._follow()

    def _follow(self) -> None:
        looked_at, projections = 0, self._wiring.has_projections()
        while looked_at < len(self.participants):
            participant = self.participants[looked_at]
            looked_at += 1
            for fact in self._facts_of(participant):
                self.facts.append(fact)
                self._note_enrolment(fact.subject)
                self._note_merge(fact.data)
            if projections:
                with self._wiring.store() as store, store.connect() as connection:
                    self._look_up(connection, participant)

    def _facts_of(self, participant: str) -> Iterator[Fact]:
        try:
            with self._wiring.log() as log:
                yield from facts_of(log, participant)
        except NothingThereError:
            return

    def _look_up(self, connection: Connection, participant: str) -> None:
        for enrolment in enrolment_progress.of_participant(connection, participant):
            self._note_enrolment(enrolment)
        for stored in enrolment_states.find(connection, self.enrolments).values():
            state = decode_state(stored.state)
            for noted in state.life if state.erased is None else ():  # an erased one names nobody
                self._note_merge(noted.data)

    def _note_enrolment(self, enrolment: str) -> None:
        if enrolment not in self.enrolments:
            self.enrolments.append(enrolment)

    def _note_merge(self, data: Data) -> None:
        if isinstance(data, ParticipantMerged):
            self.participants += [each for each in (data.retired, data.into) if each not in self.participants]


def facts_of(log: EventLog, participant: str) -> Iterator[Fact]:
    """The facts on the log under a participant's id, in their order; what is no fact is left out."""
    topics = log.topics()
    if FACTS_TOPIC not in topics:
        return
    key = participant.encode()
    for stored in each_record(log, FACTS_TOPIC, partition_of(key, topics[FACTS_TOPIC])):
        if stored.key == key:
            try:
                yield decode(stored.value)
            except UnreadableFactError:
                continue  # it is parked, and told by `engagement rejects`


def everything_about(wiring: Wiring, registry: Registry, participant: str, now: datetime) -> dict[str, Any]:
    """All that is held of a person, as data for JSON; that it was given out is noted.

    Raises:
        NobodyKnownError: Nothing is.
    """
    traces = Traces(wiring, participant)
    told: dict[str, Any] = {"participants": traces.participants, "exported_at": now, **_risk(wiring, traces)}
    things = [
        *(f"participant:{each}" for each in traces.participants),
        *(f"enrolment:{each}" for each in traces.enrolments),
    ]
    with registry.writing() as connection:
        told["profiles"] = list(people.profiles(connection, traces.participants).values())
        told["erased"] = sorted(erasures.among(connection, traces.participants))
        told["accesses"] = list(reversed(audit.entries(connection, things=things, limit=None)))
        if not (traces.enrolments or told["profiles"] or told["erased"] or told["accesses"]):
            raise NobodyKnownError(f"nothing is held of a participant {participant}; check the id")
        audit.append(connection, now, Entry(COMMAND_LINE, Action.PERSON_EXPORTED, f"participant:{participant}"))
    told["facts"] = [msgspec.Raw(encode(fact)) for fact in traces.facts]
    return told


def _risk(wiring: Wiring, traces: Traces) -> dict[str, list[Any]]:
    """Where each enrolment stands, its flag with its reasons, and every decision about it."""
    told: dict[str, list[Any]] = {"enrolments": [], "risk": [], "decisions": []}
    if wiring.has_projections():
        with wiring.store() as store, store.connect() as connection:
            for each in traces.enrolments:
                standing, flag = enrolment_progress.find(connection, each), enrolment_risk.find(connection, each)
                told["enrolments"] += [standing] if standing else []
                told["risk"] += [_with_sentences(flag)] if flag else []
                told["decisions"] += [_with_sentences(row) for row in risk_history.of(connection, each)]
    return told


def _with_sentences(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "reasons": [in_words(each) for each in row["reasons"]]}
