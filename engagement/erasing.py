"""Erases people everywhere: in the registry, in what is made from the log, and in alerts that have not left."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from msgspec import Struct

from alerting import forgetting
from engagement.personal_data import Traces
from engagement.wiring import NothingThereError, Wiring
from learning.events import Fact, fact
from learning.facts import ParticipantErased
from producers.publisher import send
from registry import erasing
from registry.audit import COMMAND_LINE
from registry.store import Registry

SOURCE: Final = "/engagement/erasure"


class ErasedEverywhere(Struct, frozen=True):
    """What erasing did."""

    participants: list[str]
    """All that were to be erased, with the ids that were merged with theirs."""
    profiles: int
    """Of how many there was a profile in the registry."""
    new: int
    """How many had not been erased before."""
    enrolments: list[str]
    """Their enrolments, which are counted from now on and shown to nobody."""


def erase_everywhere(
    wiring: Wiring, registry: Registry, participants: Sequence[str], now: datetime
) -> ErasedEverywhere:
    """Erase people, under all ids that were merged with theirs: names at once, all else as soon as it has been read.

    The registry comes first, while the projections can still tell which ids belong together: whatever breaks off after
    that, erasing the same again finds the rest.

    Raises:
        RegistryError: One of the ids is none; then nobody was erased.
        RegistryBusyError: They are erased, but bytes of them are still in the file: erase the same again.
        LogError: The names are gone, and the log cannot say so yet: erase the same again.
    """
    traces = [Traces(wiring, each) for each in participants]
    ids = dict.fromkeys(one for each in traces for one in each.participants)
    done = erasing.erase(registry, list(ids), now, by=COMMAND_LINE)
    enrolments = list(dict.fromkeys(one for each in traces for one in each.enrolments))
    facts = {each.subject: each for one in traces for each in erased_facts(one, now)}
    _tell_log(wiring, list(facts.values()))
    _forget_alerts(wiring, enrolments, now)
    return ErasedEverywhere(done.participants, done.profiles, done.new, enrolments)


def erased_facts(traces: Traces, now: datetime) -> Iterator[Fact]:
    """For each enrolment on the log that is not erased yet, the fact that it is, in the partition of its facts."""
    told = {each.subject for each in traces.facts if isinstance(each.data, ParticipantErased)}
    keys = {each.subject: each.partitionkey for each in traces.facts}
    for enrolment in traces.enrolments:
        if enrolment in keys and enrolment not in told:
            yield fact(
                ParticipantErased(by=COMMAND_LINE),
                id=f"erased/{sha256(enrolment.encode()).hexdigest()}",  # an id may be as long as a fact's own
                source=SOURCE,
                subject=enrolment,
                time=now,
                partitionkey=keys[enrolment],
            )


def _tell_log(wiring: Wiring, facts: Sequence[Fact]) -> None:
    if facts:
        with wiring.log() as log:
            send(log, facts)  # one that stands there already says the same, whenever it was


def _forget_alerts(wiring: Wiring, enrolments: Sequence[str], now: datetime) -> None:
    try:
        store = wiring.alert_store(to_read=True)
    except NothingThereError:
        return  # nobody was ever alerted
    with store, store.writing() as book:
        forgetting.forget(book, enrolments, now)
