"""The file that carries a log: gzipped JSON lines that a person can look into, and that is known to be whole or not.

The first line says which topics there are and how many records each of their partitions has. A line a record follows,
topic by topic and partition by partition, in order. The last line has the head of each partition's hash chain.
"""

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from types import TracebackType
from typing import Annotated, BinaryIO, Final, Self, TypeVar

import msgspec
from msgspec import Meta, Struct

from eventlog.base import LogError, Stored
from eventlog.chain import Tip, link, start

VERSION: Final = 1

Contents = Mapping[str, Sequence[Tip]]
"""By topic, in the order of the file: how many records each partition has, and the head over all of them."""

_COMPRESSION: Final = 3
"""A third faster than gzip's usual 6, for a file that is a fifth larger."""


class LogFileError(LogError):
    """A file does not hold a whole log, or cannot be read or written; the message names the file and the place."""


class Header(Struct, frozen=True, kw_only=True, tag_field="kind", tag="engagement-log"):
    """The first line."""

    version: int = VERSION
    exported: datetime
    topics: dict[str, Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1)]]
    """Records of each partition, by topic."""

    @property
    def records(self) -> int:
        """How many there are in all."""
        return sum(map(sum, self.topics.values()))


class Line(Struct, frozen=True, kw_only=True, tag_field="kind", tag="record", omit_defaults=True, gc=False):
    """A record. What is text stands there as text, other bytes in base64; a record without a key has neither."""

    topic: str
    partition: int
    offset: int
    key: str | None = None
    key_base64: bytes | None = None
    value: str | None = None
    value_base64: bytes | None = None


class End(Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The last line."""

    heads: dict[str, list[str]]
    """The head of each partition, in hexadecimal, by topic."""


_Kind = TypeVar("_Kind", Header, Line, End)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header | Line | End).decode


class LogFileWriter:
    """Writes a log to a stream; it is whole after `end`, and known not to be before that."""

    def __init__(self, stream: BinaryIO, header: Header) -> None:
        self._zip = GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=_COMPRESSION, mtime=0)
        self._zip.write(_encode(header) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, topic: str, records: Sequence[Stored]) -> None:
        """Write the next records of a partition."""
        self._zip.write(b"".join([_encode(_line(topic, record)) + b"\n" for record in records]))

    def end(self, contents: Contents) -> None:
        """Write the last line."""
        self._zip.write(_encode(End(heads=_heads(contents))) + b"\n")


class LogFile:
    """Reads a log from a stream, once, and refuses whatever does not hold.

    Raises:
        LogFileError: The stream does not begin as an exported log does.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """`name` is what the stream is called in messages."""
        self.name = name
        self._number = 0
        self._lines = self._unzipped(stream)
        self.header = self._header()
        self.contents: dict[str, list[Tip]] = {}
        """What was read of it; all of it once `records` has come to its end."""

    def records(self) -> Iterator[tuple[str, Stored]]:
        """Every record with its topic, in order; the end comes only if the file is whole.

        Raises:
            LogFileError: Naming the line or the partition that does not hold.
        """
        for topic, counts in self.header.topics.items():
            tips = self.contents[topic] = []
            for partition, count in enumerate(counts):
                head = start(topic, partition)
                for offset in range(count):
                    line = self._next(Line)
                    if line.offset != offset or line.partition != partition or line.topic != topic:
                        raise self._wrong(f"does not have the record {topic}/{partition}/{offset}")
                    key, value = _bytes(line.key, line.key_base64), _bytes(line.value, line.value_base64)
                    if value is None:
                        raise self._wrong("has no value")
                    head = link(head, offset, key, value)
                    yield topic, Stored(partition, offset, key, value, head)
                tips.append(Tip(count, head))
        self._check_end(self._next(End))

    def _header(self) -> Header:
        try:
            header = self._next(Header)
        except LogFileError as error:
            raise LogFileError(
                f"{self.name} is no exported log; name a file that `engagement export-log` made."
            ) from error
        if header.version != VERSION:
            raise LogFileError(
                f"{self.name} has version {header.version} of the format, and this program reads {VERSION}; "
                "use the version of the program that exported it."
            )
        return header

    def _next(self, kind: type[_Kind]) -> _Kind:
        line = next(self._lines, None)
        if line is None:
            raise LogFileError(f"{self.name} is cut off after line {self._number}; take another copy.")
        self._number += 1
        try:
            read = _decode(line)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise self._wrong(f"cannot be read ({error})") from error
        if not isinstance(read, kind):
            raise self._wrong("is not what should stand there")
        return read

    def _check_end(self, end: End) -> None:
        for topic, heads in _heads(self.contents).items():
            for partition, head in enumerate(heads):
                if end.heads.get(topic, [])[partition : partition + 1] != [head]:
                    raise LogFileError(
                        f"{self.name} was changed: the records of {topic}/{partition} are not those that its last line "
                        "vouches for; take another copy."
                    )
        if next(self._lines, None) is not None:
            raise LogFileError(f"{self.name} goes on after its end, from line {self._number + 1}; take another copy.")

    def _unzipped(self, stream: BinaryIO) -> Iterator[bytes]:
        try:
            yield from GzipFile(fileobj=stream, mode="rb")
        except (EOFError, BadGzipFile, zlib.error) as error:
            raise LogFileError(
                f"{self.name} is damaged or cut off after line {self._number} ({error}); take another copy."
            ) from error
        except OSError as error:
            raise LogFileError(f"{self.name} cannot be read: {error.strerror or error}; check the disk.") from error

    def _wrong(self, what: str) -> LogFileError:
        return LogFileError(f"{self.name} is damaged: line {self._number} {what}; take another copy.")


@contextmanager
def whole_or_absent(path: Path) -> Iterator[BinaryIO]:
    """A file to write that gets its name only after all of it is on disk; whatever had the name before is replaced.

    Raises:
        LogFileError: It cannot be written; then there is nothing new.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with unfinished.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync_folder(path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise LogFileError(f"{path} cannot be written: {error.strerror or error}; nothing was kept of it.") from error


def _sync_folder(folder: Path) -> None:
    """Have the names of the files in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(topic: str, record: Stored) -> Line:
    partition, offset, key, value, _ = record
    key_text, key_other = _text(key)
    value_text, value_other = _text(value)
    return Line(
        topic=topic,
        partition=partition,
        offset=offset,
        key=key_text,
        key_base64=key_other,
        value=value_text,
        value_base64=value_other,
    )


def _text(data: bytes | None) -> tuple[str | None, bytes | None]:
    """Bytes as text where they are UTF-8, else as they are."""
    try:
        return (None if data is None else data.decode()), None
    except UnicodeDecodeError:
        return None, data


def _bytes(text: str | None, other: bytes | None) -> bytes | None:
    return other if text is None else text.encode()


def _heads(contents: Contents) -> dict[str, list[str]]:
    return {topic: [tip.head.hex() for tip in tips] for topic, tips in contents.items()}
