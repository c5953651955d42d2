"""Dead letters: what could not be understood is parked with its reason and its original bytes, and can be retried."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b

import msgspec
from msgspec import Struct

from eventlog.base import EventLog, Record
from eventlog.paging import each_record

REJECTS_TOPIC = "learning-events.rejected"


class Parked(Struct, frozen=True, kw_only=True, tag_field="type", tag="parked"):
    """One message that was set aside."""

    origin: str
    """Where it came from: topic, partition and offset, or file and line."""
    reason: str
    """Why, in a sentence fit for the person who has to mend it."""
    original: bytes
    at: datetime

    @property
    def id(self) -> str:
        """A short id for commands and links, the same whenever the same message is parked again."""
        return blake2b(self.origin.encode() + b"\0" + self.original, digest_size=6).hexdigest()


class Settled(Struct, frozen=True, kw_only=True, tag_field="type", tag="settled"):
    """A parked message waits no longer: its fact is on the log now, or somebody dismissed it."""

    id: str
    at: datetime


_decoder: msgspec.json.Decoder[Parked | Settled] = msgspec.json.Decoder(Parked | Settled)


def entry_identity(entry: Parked | Settled) -> str:
    """What makes a record of this topic the only one of its kind: a message is parked once and settled once."""
    return f"{'parked' if isinstance(entry, Parked) else 'settled'}\n{entry.id}"


def read_entry(value: bytes) -> Parked | Settled:
    """Read a record of this topic.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return _decoder.decode(value)


def park(log: EventLog, rejects: Iterable[Parked]) -> int:
    """Set messages aside durably and answer how many; one that is parked already adds nothing."""
    records = [_record(reject) for reject in rejects]
    if not records:
        return 0
    log.create_topic(REJECTS_TOPIC, 1)
    return sum(not receipt.duplicate for receipt in log.append(REJECTS_TOPIC, records))


def settle(log: EventLog, reject: Parked, now: datetime) -> None:
    """Note that a reject needs nobody's attention any more."""
    log.append(REJECTS_TOPIC, [_record(Settled(id=reject.id, at=now))])


def parked(log: EventLog) -> dict[str, Parked]:
    """Every reject that still waits, oldest first, by id."""
    waiting: dict[str, Parked] = {}
    for entry in _entries(log):
        if isinstance(entry, Parked):
            waiting[entry.id] = entry
        else:
            waiting.pop(entry.id, None)
    return waiting


def _entries(log: EventLog) -> Iterator[Parked | Settled]:
    if REJECTS_TOPIC not in log.topics():
        return
    yield from (read_entry(stored.value) for stored in each_record(log, REJECTS_TOPIC, 0))


def _record(entry: Parked | Settled) -> Record:
    return Record(None, msgspec.json.encode(entry), entry_identity(entry), partition=0)
