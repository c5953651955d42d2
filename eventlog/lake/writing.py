"""Archives the log: copies the facts of a partition into the lake, chunk by chunk, none lost and none twice."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import msgspec

from eventlog.base import EventLog, Stored
from eventlog.chain import Tip, link
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.committing import Change, Writer, writing
from eventlog.lake.connection import working_on
from eventlog.lake.dictionary import write_dictionary
from eventlog.lake.hints import CohortHints, hints_of
from eventlog.lake.lake import Lake
from eventlog.lake.loading import line, load
from eventlog.lake.manifest import Archived, LakeError, LakeFile, Manifest, Position, StaleLakeError
from eventlog.lake.parquet import write_months
from eventlog.paging import pages
from learning.events import Fact, UnreadableFactError, decode
from learning.facts import DayStarted

_CHUNK: Final = 50_000


class _Batch(NamedTuple):
    """What was read of the log and lies in a file of JSON lines now."""

    end: Position
    facts: int


def archive(lake: Lake, log: EventLog, partition: int, until: int, *, chunk: int = _CHUNK) -> int:
    """Copy what the lake has not yet of a partition, up to an offset; answer the number of facts.

    A record that is no fact is left out: it is parked elsewhere.

    Args:
        lake: Where to.
        log: Where from.
        partition: Of the topic of facts.
        until: The offset to stop before; what the log does not have yet is left for the next time.
        chunk: How many records are committed together, in one file a month.

    Raises:
        StaleLakeError: Somebody else has archived from the same place meanwhile; what was not committed is not there.
        LakeError: The lake is of another log, or cannot be read or written.
    """
    total, start = 0, lake.position(partition)
    if start.next_offset >= until:
        return total
    with working_on(lake.folder) as connection:
        hints = hints_of(lake, connection)
        while start.next_offset < until:
            limit = min(chunk, until - start.next_offset)
            with writing(lake, partition) as writer:
                write_dictionary(lake, writer.aside)
                found = pages(log, FACTS_TOPIC, partition, start.next_offset, start.next_offset + limit)
                batch = _archive_chunk(connection, writer, found, start, hints)
            if batch.end == start:
                break
            total, start = total + batch.facts, batch.end
    return total


def _archive_chunk(
    connection: duckdb.DuckDBPyConnection,
    writer: Writer,
    found: Iterable[Sequence[Stored]],
    start: Position,
    hints: CohortHints,
) -> _Batch:
    """Write the facts among these records to files, and have them count."""
    lines = writer.aside / "facts.ndjson"
    batch = _note_down(lines, found, writer, start, hints)
    if batch.end != start:
        offsets = (start.next_offset, batch.end.next_offset)
        rows = load(connection, lines, writer.partition)
        writer.commit(write_months(connection, rows, offsets, writer.aside), _moving(start, batch.end))
    return batch


def _moving(start: Position, end: Position) -> Change:
    """Move a partition on, if it is where its writer knew it to be."""

    def change(manifest: Manifest, files: Sequence[LakeFile]) -> Manifest:
        if manifest.position != start:
            raise StaleLakeError(
                f"partition {manifest.partition} of the lake is no longer at offset {start.next_offset}; "
                "somebody else archives it too, so go on from where it is now"
            )
        here = Archived(next_offset=end.next_offset, head=end.head.hex())
        return msgspec.structs.replace(
            manifest, archived=[*manifest.archived, here], day=end.day, files=[*manifest.files, *files]
        )

    return change


def _note_down(
    lines: Path, found: Iterable[Sequence[Stored]], writer: Writer, start: Position, hints: CohortHints
) -> _Batch:
    """Write the facts among records as JSON lines, with what the lake adds."""
    at, day, facts = Tip(start.next_offset, start.head), start.day, 0
    with lines.open("wb") as file:
        for page in found:
            _require_next(writer, at, page[0])
            decoded = _decoded(page)
            hints.note([fact for _, fact in decoded])
            known = hints.known.get
            noted = []
            for offset, fact in decoded:
                noted.append(line(offset, day, known(fact.subject), fact))
                if isinstance(fact.data, DayStarted):
                    day = fact.data.day if day is None else max(day, fact.data.day)
            file.write(b"".join(noted))
            facts += len(decoded)
            at = Tip(page[-1].offset + 1, page[-1].head)
    return _Batch(Position(at.next_offset, at.head, day), facts)


def _require_next(writer: Writer, at: Tip, record: Stored) -> None:
    """Refuse a log that does not go on where the lake ends: its facts would be mixed with another's."""
    if (record.offset, record.head) != (at.next_offset, link(at.head, at.next_offset, record.key, record.value)):
        raise LakeError(
            f"Partition {writer.partition} of the log does not go on at offset {at.next_offset} where the lake in "
            f"{writer.lake.folder} ends; it is of another log: move its folder aside and archive this log anew."
        )


def _decoded(page: Sequence[Stored]) -> list[tuple[int, Fact]]:
    facts = []
    for record in page:
        try:
            facts.append((record.offset, decode(record.value)))
        except UnreadableFactError:
            continue
    return facts
