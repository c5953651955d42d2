"""Read facts from JSON lines: one envelope a line, plain or gzipped, from a file or a stream, never held whole.

A line that is no fact is refused by itself and the others are read on. A file that is something else altogether (a
table, a picture, one JSON document) is refused as a whole, since a thousand refused lines would help nobody.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from eventlog.base import EventLog
from learning.events import Fact, UnreadableFactError, decode
from producers.publisher import publish, telling
from producers.report import Refused, Report, UnreadableFileError, set_aside

LONGEST_LINE: Final = 1 << 20
"""Bytes; an envelope has a few hundred, so a longer line is something else."""

_BATCH: Final = 2_000
_LOOKED_AT: Final = 4_096
_SHOWN: Final = 40
"""Bytes of a file that is something else, which tell its sender what was taken for lines."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_UTF8_MARK: Final = b"\xef\xbb\xbf"


class NotJsonLinesError(UnreadableFileError):
    """A file that does not hold JSON lines; the message says what it is and how to turn it into lines."""


def import_events(log: EventLog, sources: Iterable[Path | BinaryIO], now: datetime) -> Report:
    """Put the facts of files or streams of JSON lines on the log; park the lines that are none.

    Args:
        log: Where the facts go.
        sources: Paths, or open binary streams such as standard input; plain or gzipped, told by their content.
        now: When the refused lines are parked.

    Raises:
        NotJsonLinesError: A source is not there or is no file of lines. The sources before it are on the log, and
            sending all again is safe.
        LogError: The log cannot write; the message says how many facts it had acknowledged before. Sending all again
            is safe.
    """
    report = Report()
    with telling(lambda: report.appended + report.duplicates):
        for source in sources:
            entries = read_json_lines(source)
            before = report
            while batch := list(islice(entries, _BATCH)):
                facts = [entry for entry in batch if isinstance(entry, Fact)]
                refused = [entry for entry in batch if isinstance(entry, Refused)]
                report = report.plus(publish(log, facts, now=now)) + set_aside(log, refused, now)
            if report is before:
                report += Report(notes=(f"There is no line in {_name(source)}.",))
    return report


def read_json_lines(source: Path | BinaryIO) -> Iterator[Fact | Refused]:
    """Read one fact a line; blank lines are skipped and a line that is no fact is answered with the reason.

    Raises:
        NotJsonLinesError: The source is not there or is no file of lines.
    """
    with _opened(source) as (stream, name):
        for number, line in enumerate(_lines(stream, name), start=1):
            if isinstance(line, Refused):
                yield line
            elif line.strip():
                yield _read(line, f"{name}:{number}")


def _read(line: bytes, origin: str) -> Fact | Refused:
    if len(line) > LONGEST_LINE:
        return Refused(origin, f"not a fact: longer than {LONGEST_LINE} bytes; only its beginning was kept", line)
    try:
        return decode(line)
    except UnreadableFactError as error:
        return Refused(origin, str(error), line)


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[tuple[BinaryIO, str]]:
    """Open a path, or take a stream as it is (its opener closes it); read through gzip where that is what it holds."""
    if not isinstance(source, Path):
        yield _unzipped(source), _name(source)
        return
    try:
        opened = source.open("rb")
    except OSError as error:
        raise NotJsonLinesError(f"{source} cannot be read: {error.strerror}; name a file of JSON lines") from error
    with opened as file:
        yield _unzipped(file), _name(source)


def _name(source: Path | BinaryIO) -> str:
    return source.name if isinstance(source, Path) else str(getattr(source, "name", "stream")).strip("<>")


def _unzipped(stream: BinaryIO) -> BinaryIO:
    beginning = _peek(stream)
    return gzip.GzipFile(fileobj=stream) if beginning.startswith(_GZIP_MAGIC) else stream  # type: ignore[return-value]  # it reads like any binary stream


def _peek(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, which stay to be read."""
    peek: Callable[[int], bytes] | None = getattr(stream, "peek", None)
    if peek is not None:
        return peek(_LOOKED_AT)[:_LOOKED_AT]
    beginning = stream.read(_LOOKED_AT)
    stream.seek(-len(beginning), 1)
    return beginning


def _lines(stream: BinaryIO, name: str) -> Iterator[bytes | Refused]:
    number = 0
    try:
        _check_is_lines(_peek(stream), name)
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            _skip_rest(stream, line)
            yield line.removeprefix(_UTF8_MARK) if number == 1 else line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        yield Refused(f"{name}:{number + 1}", f"the gzip file is damaged from here on ({error}); send it again", b"")


def _skip_rest(stream: BinaryIO, line: bytes) -> None:
    while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
        line = stream.readline(LONGEST_LINE + 1)


def _check_is_lines(beginning: bytes, name: str) -> None:
    """Refuse a file whose beginning shows that it holds something else than JSON lines."""
    if b"\0" in beginning:
        raise NotJsonLinesError(
            f"{name} is not text in UTF-8 (a spreadsheet?); name a file with one JSON envelope a line"
        )
    lines = [line.strip() for line in beginning.removeprefix(_UTF8_MARK).splitlines() if line.strip()]
    if lines and lines[0].startswith(b"["):
        raise NotJsonLinesError(
            f"{name} is one JSON array; write one envelope a line instead, for example with jq -c '.[]' {name}"
        )
    if len(lines) > 1 and lines[0] == b"{":
        raise NotJsonLinesError(
            f"{name} has envelopes that go over several lines; write each on one line, for example with jq -c . {name}"
        )
    if lines and not any(line.startswith(b"{") for line in lines):
        raise NotJsonLinesError(
            f"{name} is not JSON lines (it begins {_shown(lines[0])}); sheets are loaded with "
            "`engagement import enrolments` or `engagement import attendance`"
        )


def _shown(line: bytes) -> str:
    text = " ".join(line[:_SHOWN].decode("utf-8", "replace").split())
    return repr(text if len(line) <= _SHOWN else f"{text} ...")
