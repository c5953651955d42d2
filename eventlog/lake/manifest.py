"""What one partition of the lake consists of, as its manifest says: only what a manifest names exists for readers."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from eventlog.base import LogError
from eventlog.chain import start
from eventlog.facts import FACTS_TOPIC

VERSION: Final = 2

Offset = Annotated[int, Meta(ge=0)]


class LakeError(LogError):
    """The lake cannot do what was asked; the message names the folder and the remedy."""


class StaleLakeError(LakeError):
    """Somebody else has moved the partition on meanwhile; nothing was written that counts."""


class Position(NamedTuple):
    """How far a partition of the log is in the lake."""

    next_offset: int
    head: bytes
    """The log's hash chain up to there."""
    day: date | None
    """The latest UK day that has started up to there."""


class LakeFile(Struct, frozen=True, kw_only=True):
    """One Parquet file: facts of one partition recorded in one month, from `first_offset` to before `next_offset`."""

    name: str
    """Its path below the lake's folder."""
    month: str
    """The month, in UTC, in which its facts were recorded, such as 2026-01."""
    first_offset: Offset
    next_offset: Offset
    rows: Offset
    compacted: bool = False
    """Whether it was merged, and so is in the order and has the hints that it is to keep."""


class Retired(Struct, frozen=True, kw_only=True):
    """A file that no longer counts, kept for whoever began to read it before."""

    name: str
    at: datetime


class Archived(Struct, frozen=True, kw_only=True):
    """A place in the log up to which the lake was written, and the log's hash chain there, in hexadecimal."""

    next_offset: Offset
    head: str


class Manifest(Struct, frozen=True, kw_only=True):
    """A partition of the lake at one moment."""

    version: Literal[2] = VERSION
    partition: Annotated[int, Meta(ge=0)]
    archived: list[Archived] = []
    """In order; the last is how far the lake goes. Compaction keeps fewer of them."""
    day: date | None = None
    files: list[LakeFile] = []
    retired: list[Retired] = []

    @property
    def position(self) -> Position:
        """How far the partition goes."""
        if not self.archived:
            return Position(0, start(FACTS_TOPIC, self.partition), None)
        last = self.archived[-1]
        return Position(last.next_offset, bytes.fromhex(last.head), self.day)

    def named(self) -> set[str]:
        """Every file that somebody may be reading."""
        return {file.name for file in self.files} | {file.name for file in self.retired}


_decoder: Final = msgspec.json.Decoder(Manifest)


def read_manifest(path: Path, partition: int) -> Manifest:
    """Read a partition's manifest; of a partition that nothing was archived of, an empty one.

    Raises:
        LakeError: It cannot be read, or a newer version wrote it.
    """
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return Manifest(partition=partition)
    except OSError as error:
        raise LakeError(f"{path} cannot be read: {error.strerror}; check its permissions.") from error
    except msgspec.DecodeError as error:
        raise LakeError(
            f"{path} is no manifest that this version understands ({error}); "
            "move the lake's folder aside and archive the log anew."
        ) from error
