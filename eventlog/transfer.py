"""Moves a log: all records to a file and from a file onto another log, with their places, identities and hash chains.

Offsets and heads come out equal, so what was noted of one log, as the projections' checkpoints are, holds of the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, Final, NamedTuple

from eventlog.base import CorruptLogError, EventLog, LogError, Receipt, Record, Stored
from eventlog.chain import Tip, link, start
from eventlog.identities import Repeats, identity_of
from eventlog.paging import pages_until
from eventlog.transfer_file import Contents, Header, LogFile, LogFileWriter

_BATCH: Final = 5_000
_BATCH_BYTES: Final = 4 << 20
_STEP: Final = 1_000

Step = Callable[[int], object]
"""Told of records that were gone through, with their number."""

Place = tuple[str, int]
"""A topic and a partition."""


class TransferError(LogError):
    """A log does not take what a file holds; the message says where it stands."""


class Imported(NamedTuple):
    """What came of a file."""

    contents: Contents
    appended: int
    """Records that were not there before."""


def export_log(
    log: EventLog, stream: BinaryIO, topics: Sequence[str], exported: datetime, step: Step = lambda _: None
) -> Contents:
    """Write what the topics hold at this moment to a stream; appends go on meanwhile and are left out.

    Args:
        log: Where it is read.
        stream: Where it is written, as `LogFile` reads it.
        topics: In the order of the file. A topic that is made from another one comes before it: whoever reads the copy
            while it is imported then finds there already what it would make.
        exported: When this is.
        step: Told of progress.

    Raises:
        CorruptLogError: The log is not what was written to it.
    """
    ends = {topic: log.end_offsets(topic) for topic in reversed(topics)}  # what is made from a fact is there with it
    header = Header(
        exported=exported, topics={topic: [end for _, end in sorted(ends[topic].items())] for topic in topics}
    )
    contents: dict[str, list[Tip]] = {topic: [] for topic in topics}
    with LogFileWriter(stream, header) as file:
        for topic, counts in header.topics.items():
            for partition, end in enumerate(counts):
                head = start(topic, partition)
                for page in pages_until(log, topic, partition, 0, end):
                    head = _checked(topic, head, page)
                    file.add(topic, page)
                    step(len(page))
                contents[topic].append(Tip(end, head))
        file.end(contents)
    return contents


def check_file(file: LogFile, step: Step = lambda _: None) -> Contents:
    """Read a file from end to end and answer what it holds.

    Raises:
        LogFileError: It is not whole.
    """
    for _ in _counted(file.records(), step):
        pass
    return file.contents


def import_log(
    log: EventLog, stream: BinaryIO, name: str, checked: Step = lambda _: None, imported: Step = lambda _: None
) -> Imported:
    """Append what a file holds to a log that holds nothing of these topics, or the beginning of the file.

    The file is read twice: nothing is written before it proved to be whole and the log to be a beginning of it. At the
    end the log's heads are compared with the file's.

    Args:
        log: Where it goes.
        stream: The file, which can be rewound.
        name: What it is called in messages.
        checked: Told of progress, the first time through.
        imported: Told of progress, the second time.

    Raises:
        LogFileError: The file is not whole; nothing was written.
        TransferError: The log is no beginning of the file, and nothing was written; or the import broke off, and what
            was appended stays.
    """
    stream.seek(0)
    file = LogFile(stream, name)
    there = _there(log, file)
    repeats = Repeats(file.header.records)
    for topic, stored in _counted(file.records(), checked):
        _require_same(there, topic, stored, name)
        repeats.note(topic, identity_of(topic, stored.value))
    stream.seek(0)
    appended = _append_rest(log, LogFile(stream, name), there, repeats, imported)
    _require_all(log, file)
    return Imported(file.contents, appended)


def _checked(topic: str, head: bytes, page: Sequence[Stored]) -> bytes:
    """The head after a page, of which every record must hold."""
    for partition, offset, key, value, stored_head in page:
        head = link(head, offset, key, value)
        if head != stored_head:
            raise CorruptLogError(
                f"The log is damaged: {topic}/{partition}/{offset} is not what was written there; "
                "restore a copy of the log and export that."
            )
    return head


def _there(log: EventLog, file: LogFile) -> dict[Place, Tip]:
    """What the log has already of each partition in the file.

    Raises:
        TransferError: It has another number of partitions, or more records.
    """
    there: dict[Place, Tip] = {}
    partitions = log.topics()
    for topic, counts in file.header.topics.items():
        if topic not in partitions:
            continue
        if partitions[topic] != len(counts):
            raise TransferError(
                f"The topic {topic} has {partitions[topic]} partitions on the log and {len(counts)} in {file.name}; "
                f"import into a log where it is made with {len(counts)}."
            )
        for partition, end in log.end_offsets(topic).items():
            if end > counts[partition]:
                raise TransferError(
                    f"{topic}/{partition} has {end:,} records on the log and {counts[partition]:,} in {file.name}; "
                    "import into a log that holds nothing else."
                )
            if end:
                there[topic, partition] = Tip(end, log.head(topic, partition, end))
    return there


def _require_same(there: Mapping[Place, Tip], topic: str, stored: Stored, name: str) -> None:
    tip = there.get((topic, stored.partition))
    if tip is not None and tip.next_offset == stored.offset + 1 and tip.head != stored.head:
        raise TransferError(
            f"{topic}/{stored.partition} holds other records on the log than in {name}, among its first "
            f"{tip.next_offset:,}; import into a log that holds nothing else."
        )


def _append_rest(log: EventLog, file: LogFile, there: Mapping[Place, Tip], repeats: Repeats, step: Step) -> int:
    appended = 0
    try:
        for topic, counts in file.header.topics.items():
            log.create_topic(topic, len(counts))
        for topic, batch in _batches(_counted(file.records(), step), there, repeats):
            receipts = log.append(topic, [record for _, record in batch])
            for (offset, record), receipt in zip(batch, receipts, strict=True):
                _require_in_place(topic, offset, record, receipt)
            appended += len(batch)
    except TransferError:
        raise
    except LogError as error:
        raise TransferError(
            f"{str(error).rstrip('.')}; at least {appended:,} records were imported before that and stay: "
            "import the same file again, and it goes on behind them."
        ) from error
    return appended


def _batches(
    records: Iterable[tuple[str, Stored]], there: Mapping[Place, Tip], repeats: Repeats
) -> Iterator[tuple[str, list[tuple[int, Record]]]]:
    """What the log does not have yet, as records with their offsets, in portions of one topic."""
    batch: list[tuple[int, Record]] = []
    batch_topic, size = "", 0
    for topic, (partition, offset, key, value, _) in records:
        identity = repeats.first(topic, identity_of(topic, value))
        if (topic, partition) in there and offset < there[topic, partition].next_offset:
            continue
        if batch and (topic != batch_topic or len(batch) >= _BATCH or size >= _BATCH_BYTES):
            yield batch_topic, batch
            batch, size = [], 0
        batch_topic = topic
        batch.append((offset, Record(key, value, identity, partition)))
        size += len(value)
    if batch:
        yield batch_topic, batch


def _require_in_place(topic: str, offset: int, record: Record, receipt: Receipt) -> None:
    if receipt == (record.partition, offset, False):
        return
    what = "stands already" if receipt.duplicate else "was put"
    raise TransferError(
        f"The record {topic}/{record.partition}/{offset} {what} at {topic}/{receipt.partition}/{receipt.offset}: "
        "somebody else appends to the log; stop that and import into a log that holds nothing else."
    )


def _require_all(log: EventLog, file: LogFile) -> None:
    """See that the log now has all that the file has."""
    for topic, tips in file.contents.items():
        for partition, (count, head) in enumerate(tips):
            if log.head(topic, partition, count) != head:
                raise TransferError(
                    f"{topic}/{partition} was imported, but the log does not hold what {file.name} holds; "
                    "import into a log that holds nothing else."
                )


def _counted(records: Iterable[tuple[str, Stored]], step: Step) -> Iterator[tuple[str, Stored]]:
    """The records, with their number told now and then."""
    number = 0
    for number, record in enumerate(records, 1):
        yield record
        if number % _STEP == 0:
            step(_STEP)
    step(number % _STEP)
