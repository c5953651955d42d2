"""The witness: a small file beside the log that notes where each partition stood after every append.

SQLite drops the tail of its write-ahead log without a word when a bit of it is flipped. The witness makes that loss
seen: a log that stands behind its witness has lost records it had acknowledged. It is written after the commit, so it
may lag behind the log (a killed process, a power cut) but is never ahead of it.

The file has one entry of 512 bytes a partition, in the order of the log's slots, each with its own checksum. 512 bytes
stay within one disk sector and one memory page, so that a kill cannot tear an entry. An entry that is unreadable all
the same says nothing, and is written anew; the heads that are kept with the projections still check that partition.
"""

import logging
import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from eventlog.chain import HEAD_BYTES, Tip
from eventlog.sqlite.slots import Place

_logger = logging.getLogger(__name__)

ENTRY_BYTES = 512
_CHECKSUM_BYTES = 16
_fields = Struct(f">q{HEAD_BYTES}sIH")


class Sighting(NamedTuple):
    """What the witness says of one partition."""

    topic: str
    partition: int
    tip: Tip


class Witness:
    """The open witness file. Its owner holds the log's lock while reading and writing."""

    def __init__(self, path: Path) -> None:
        self.name = f"its witness {path.name}"
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def note(self, place: Place, tip: Tip) -> None:
        """Write where a partition stands. A disk that refuses leaves the witness behind, which is harmless."""
        try:
            os.pwrite(self._file, _entry(place, tip), place.slot * ENTRY_BYTES)
        except OSError as error:
            _logger.warning("the witness %s could not be written (%s) and lags behind the log", self._path, error)

    def sightings(self) -> dict[int, Sighting]:
        """All that can be read, by slot; an unreadable entry is left out with a warning."""
        return dict(self._readable())

    def _readable(self) -> Iterator[tuple[int, Sighting]]:
        size = os.fstat(self._file).st_size
        content = os.pread(self._file, size, 0)
        for slot in range(-(-size // ENTRY_BYTES)):
            entry = content[slot * ENTRY_BYTES : (slot + 1) * ENTRY_BYTES]
            if sighting := _read(entry):
                yield slot, sighting
            elif any(entry):
                _logger.warning("entry %d of the witness %s is unreadable and is written anew", slot, self._path)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _entry(place: Place, tip: Tip) -> bytes:
    name = place.topic.encode()
    said = _fields.pack(tip.next_offset, tip.head, place.partition, len(name)) + name
    return (_checksum(said) + said).ljust(ENTRY_BYTES, b"\0")


def _read(entry: bytes) -> Sighting | None:
    said = entry[_CHECKSUM_BYTES:]
    if len(entry) < ENTRY_BYTES:
        return None
    next_offset, head, partition, length = _fields.unpack_from(said)
    end = _fields.size + length
    if entry[:_CHECKSUM_BYTES] != _checksum(said[:end]) or any(said[end:]):
        return None
    return Sighting(said[_fields.size : end].decode(), partition, Tip(next_offset, head))


def _checksum(said: bytes) -> bytes:
    return blake2b(said, digest_size=_CHECKSUM_BYTES).digest()
