"""The embedded log: one SQLite file that many processes append to and read, with nothing to install or run.

Appends take turns under a lock of the operating system, each in one transaction that gives out the offsets and stores
the records, and are answered after the disk has confirmed. Readers never wait for them.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from eventlog.base import LogError, Receipt, Record, Stored
from eventlog.chain import Heads
from eventlog.locks import FileLock
from eventlog.sqlite.appending import Identities, Tips, address, append_records
from eventlog.sqlite.file import Checkpointer, Synchronous, connect, plain_errors, prepare, transaction
from eventlog.sqlite.group_offsets import GroupOffsets
from eventlog.sqlite.reading import read_records
from eventlog.sqlite.slots import Place, Topics, add_topic, head_before, load_topics, places, tip_of
from eventlog.sqlite.verification import check_heads, check_structure, recompute_chains
from eventlog.sqlite.witness import Sighting, Witness

MAX_READ_BYTES = 8 << 20
_MAX_PARTITIONS = 4_096
_TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")  # Kafka's own rule for names of topics


class EmbeddedLog:
    """An `EventLog` in one file. Usable from several threads, and from many processes that each open it.

    Beside the file stand `-wal` and `-shm` (SQLite's), `.lock`, `.witness` and `.groups`. Opening compares the log with
    its witness, so that a lost tail stops whoever opens it; `verify` proves the whole log.

    Args:
        path: The log's file; it and its folder are made if they are not there.
        synchronous: `FULL` answers an append after the disk has confirmed. `NORMAL` does not wait, is for throw-away
            logs only: a power cut may then take the newest records, and the witness will say so.

    Raises:
        CorruptLogError: When the log is behind its witness, or cannot be read.
        LogError: When it cannot be opened, is no event log, or was written by a newer version.
    """

    def __init__(self, path: Path, *, synchronous: Synchronous = "FULL") -> None:
        self._path = path
        self._synchronous = synchronous
        self._reading_lock = threading.Lock()
        self._unkeyed = count()
        self._topics: Topics = {}
        self._identities: dict[str, Identities] = {}
        self._groups = GroupOffsets(_beside(path, ".groups"))
        self._checkpointer = Checkpointer(_beside(path, "-wal"))
        self._is_open = False
        with ExitStack() as undo:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = FileLock(_beside(path, ".lock"))
                undo.callback(self._lock.close)
                self._witness = Witness(_beside(path, ".witness"))
                undo.callback(self._witness.close)
            except OSError as error:
                raise LogError(f"The log {path} cannot be opened: {error.strerror}; check its folder.") from error
            with self._lock, plain_errors(path, "opened"), ExitStack() as undo_connections:
                self._writer = connect(path, synchronous)
                undo_connections.callback(self._writer.close)
                self._reader = connect(path, synchronous)
                undo_connections.callback(self._reader.close)
                prepare(self._writer, path)
                self._opened = _file_at(path)
                self._agree_with_witness()
                undo_connections.pop_all()
            undo.pop_all()
        self._is_open = True

    def _agree_with_witness(self) -> None:
        """Refuse a log that has lost what the witness saw; else bring a witness up to date that a kill left behind."""
        self._topics = load_topics(self._writer)
        seen = self._witness.sightings()
        check_heads(self._writer, self._path, self._topics, _heads(seen.values()), self._witness.name)
        for place in places(self._topics):
            tip = tip_of(self._writer, place)
            if place.slot not in seen or seen[place.slot].tip != tip:
                self._witness.note(place, tip)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the log; closing it again does nothing."""
        with self._reading_lock:
            if not self._is_open:
                return
            with self._lock:
                self._is_open = False
                self._reader.close()
                self._writer.close()
        self._witness.close()
        self._groups.close()
        self._lock.close()

    def create_topic(self, topic: str, partitions: int) -> int:
        """Make a topic if it is not there; answer its number of partitions (an existing topic keeps its own).

        Raises:
            LogError: When the name or the number is not one a topic can have, or the log cannot write.
        """
        if not _TOPIC_NAME.fullmatch(topic):
            raise LogError(
                f"{topic!r} cannot name a topic; use up to 249 letters, digits, dots, underscores and hyphens."
            )
        if not 1 <= partitions <= _MAX_PARTITIONS:
            raise LogError(f"Topic {topic} cannot have {partitions} partitions; choose from 1 to {_MAX_PARTITIONS}.")
        with self._writing("written") as connection:
            self._topics = load_topics(connection)
            if topic not in self._topics:
                with transaction(connection):
                    slots = add_topic(connection, topic, partitions)
                self._topics[topic] = slots
                for place in places({topic: slots}):
                    self._witness.note(place, tip_of(connection, place))
            return len(self._topics[topic])

    def topics(self) -> Mapping[str, int]:
        """Every topic with its number of partitions."""
        with self._reading() as connection:
            return {topic: len(slots) for topic, slots in load_topics(connection).items()}

    def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        """Append all records in one durable step, in order; one receipt a record.

        Raises:
            LogError: When the topic is not there or the log cannot write; then nothing was appended.
        """
        slots = self._slots(topic)
        addressed = list(address(topic, len(slots), records, self._unkeyed))
        if not addressed:
            return []
        with self._writing("written") as connection:
            identities = self._identities.pop(topic, None) or Identities(connection, topic)
            tips = Tips(connection, topic, slots)
            with transaction(connection):
                receipts = append_records(connection, slots, addressed, identities, tips)
            self._identities[topic] = identities  # only now: a source that was rolled back must not be remembered
            for slot, tip in tips.items():
                self._witness.note(Place(slot, topic, slot - slots.start), tip)
            self._checkpointer.after_commit(connection)
            return receipts

    def read(
        self, topic: str, partition: int, offset: int, limit: int, max_bytes: int = MAX_READ_BYTES
    ) -> Sequence[Stored]:
        """Up to `limit` records from `offset` on, in order; empty at the end. Never waits.

        The values add up to at most `max_bytes`, but a first record that is larger still comes, alone.

        Raises:
            CorruptLogError: When a record in between is gone.
            LogError: When there is no such topic or partition.
        """
        place = self._place(topic, partition)
        with self._reading() as connection:
            return read_records(connection, self._path, place, offset, limit=limit, max_bytes=max_bytes)

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition, the offset that the next record will get."""
        slots = self._slots(topic)
        with self._reading() as connection:
            return {place.partition: tip_of(connection, place).next_offset for place in places({topic: slots})}

    def head(self, topic: str, partition: int, offset: int) -> bytes:
        """The hash chain of a partition just before `offset` (so of the records 0 .. offset-1).

        Raises:
            LogError: When the partition does not reach that far.
        """
        place = self._place(topic, partition)
        with self._reading() as connection:
            head = head_before(connection, place, offset)
        if head is None:
            raise LogError(f"The log {self._path} has no offset {offset} in {place}; it ends before that.")
        return head

    def verify(self, expected_heads: Heads | None = None) -> Mapping[str, int]:
        """Read everything and recompute every hash chain; answer the number of records per topic.

        SQLite's own check of the file runs beside it, and the log is compared with its witness. Appends go on.

        Args:
            expected_heads: What the projections know of the log, as (next offset, head) by (topic, partition).

        Raises:
            CorruptLogError: Naming the first topic, partition and offset that does not hold.
        """
        with self._locked():
            seen = self._witness.sightings()  # before the snapshot is taken, which can then only be ahead of it
        with (
            plain_errors(self._path, "verified"),
            self._own_connection() as connection,
            self._own_connection() as beside,
            ThreadPoolExecutor(max_workers=1) as aside,
        ):
            structure = aside.submit(check_structure, beside, self._path)
            connection.execute("BEGIN")
            topics = load_topics(connection)
            counts = recompute_chains(connection, self._path, topics)
            structure.result()
            check_heads(connection, self._path, topics, _heads(seen.values()), self._witness.name)
            check_heads(connection, self._path, topics, expected_heads or {}, "the projections' checkpoint")
        return counts

    def commit_offsets(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Note the next offset that a group of readers will read, by partition; a hint, so it does not wait for disk.

        Raises:
            LogError: When the file beside the log cannot be written.
        """
        self._groups.commit(group, topic, offsets)

    def committed_offsets(self, group: str, topic: str) -> Mapping[int, int]:
        """The next offset by partition as the group noted it; absent where it did not."""
        return self._groups.committed(group, topic)

    def _slots(self, topic: str) -> range:
        if topic not in self._topics:
            with self._reading() as connection:
                self._topics = load_topics(connection)
        try:
            return self._topics[topic]
        except KeyError:
            raise LogError(f"The log {self._path} has no topic {topic}; create it first.") from None

    def _place(self, topic: str, partition: int) -> Place:
        slots = self._slots(topic)
        if not 0 <= partition < len(slots):
            raise LogError(f"Topic {topic} has no partition {partition}; it has partitions 0 to {len(slots) - 1}.")
        return Place(slots[partition], topic, partition)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one, of all processes, who writes."""
        with self._lock:
            self._require_open()
            yield

    @contextmanager
    def _writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        with self._locked(), plain_errors(self._path, doing):
            yield self._writer

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._reading_lock, plain_errors(self._path, "read"):
            self._require_open()
            yield self._reader

    @contextmanager
    def _own_connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for a long read, so that short ones need not wait for it."""
        connection = connect(self._path, self._synchronous)
        try:
            yield connection
        finally:
            with self._lock:
                connection.close()

    def _require_open(self) -> None:
        """Refuse to work on a file that nobody else can see: what was appended there would be lost with it."""
        if not self._is_open:
            raise LogError(f"The log {self._path} was closed; open it again.")
        if _file_at(self._path) != self._opened:
            raise LogError(f"The log {self._path} was removed or replaced while it was in use; open it again.")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file the path names, whatever is written to it; None when it names none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _heads(seen: Iterable[Sighting]) -> Heads:
    return {(said.topic, said.partition): said.tip for said in seen}
