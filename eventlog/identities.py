"""Reads the identity of a record off its value: a log gives back key and value only, and a copy of it needs all three.

What is no message of ours has none, so that it is never taken for one.
"""

from contextlib import suppress

import msgspec
from msgspec import Struct

from eventlog.facts import FACTS_TOPIC, fact_identity
from eventlog.rejects import REJECTS_TOPIC, entry_identity, read_entry
from learning.events import UnreadableFactError, decode

_UNREADABLE = (UnreadableFactError, msgspec.DecodeError, UnicodeError, RecursionError)


class _Envelope(Struct, frozen=True, gc=False):
    """What CloudEvents calls the identity of an event."""

    source: str
    id: str


_envelopes = msgspec.json.Decoder(_Envelope)


def identity_of(topic: str, value: bytes) -> str | None:
    """The identity that a record of a topic was appended with, as far as its value tells; None: never a duplicate.

    A message that is no fact has none on the topic of facts, whatever id it names: it must not stand in the way of
    the fact that has that id.
    """
    with suppress(*_UNREADABLE):
        if topic == FACTS_TOPIC:
            return fact_identity(decode(value))
        if topic == REJECTS_TOPIC:
            return entry_identity(read_entry(value))
        envelope = _envelopes.decode(value)
        return f"{envelope.source}\n{envelope.id}"
    return None


class Repeats:
    """Tells which identities stand in a copy twice, as Kafka may hold them, in little memory however long the copy is.

    The copy is gone through twice. The first time a bit is set for each identity, two bytes a record; who finds its
    bit set may be a repetition, and only those few are remembered by name for the second time.
    """

    _BYTES_A_RECORD = 2
    _MOST_BYTES = 128 << 20

    def __init__(self, records: int) -> None:
        """Expect so many records."""
        self._bits = bytearray(min(records * self._BYTES_A_RECORD + 1, self._MOST_BYTES))
        self._suspects: set[tuple[str, str]] = set()
        self._met: set[tuple[str, str]] = set()

    def note(self, topic: str, identity: str | None) -> None:
        """The first time through: an identity stands in the copy."""
        if identity is None:
            return
        byte, bit = divmod(hash((topic, identity)) % (len(self._bits) * 8), 8)
        if self._bits[byte] & (1 << bit):
            self._suspects.add((topic, identity))
        else:
            self._bits[byte] |= 1 << bit

    def first(self, topic: str, identity: str | None) -> str | None:
        """The second time through: the identity where it comes first, None where it stood before."""
        if identity is None or (topic, identity) not in self._suspects:
            return identity
        if (topic, identity) in self._met:
            return None
        self._met.add((topic, identity))
        return identity
