"""Where identities stand on Kafka's topics, in a SQLite file of this machine that can be thrown away.

Kafka cannot say whether an identity is on a topic. So who appends reads the topic up to its end first and notes the
identities here; holding this file's write lock meanwhile keeps the processes of a machine from adding one twice. The
file also keeps how far the hash chains were followed, with a head every so often.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from eventlog.base import LogError
from eventlog.brokers.reader import Place
from eventlog.chain import Heads, Tip, start
from eventlog.sqlite.appending import Identities
from eventlog.sqlite.file import remedy, transaction
from eventlog.sqlite.slots import OFFSETS

_APPLICATION_ID: Final = 0x4E50514B
_VERSION: Final = 1
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
-- The broker's id of each topic: a topic that was made anew is another one.
CREATE TABLE IF NOT EXISTS topics (topic TEXT PRIMARY KEY, incarnation TEXT NOT NULL) WITHOUT ROWID;
-- How far each partition was followed, and heads on the way there.
CREATE TABLE IF NOT EXISTS tips (
  topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL, head BLOB NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (
  topic TEXT, partition INTEGER, next_offset INTEGER, head BLOB NOT NULL, PRIMARY KEY (topic, partition, next_offset)
) WITHOUT ROWID;
-- The sources of identities, per topic, so that an identity needs their number only.
CREATE TABLE IF NOT EXISTS sources (
  number INTEGER PRIMARY KEY, topic TEXT NOT NULL, source TEXT NOT NULL, UNIQUE (topic, source)
);
-- position = partition * 2^40 + offset
CREATE TABLE IF NOT EXISTS identities (identity TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""

_WAIT_SECONDS: Final = 300.0  # another process may be reading a long topic for the first time
_CACHE_KIB: Final = 32 << 10
_LOOKUP: Final = 500
_HEAD_EVERY: Final = 1_000


class UnreadableIndexError(LogError):
    """The file is damaged or something else; it may be made anew."""


class IdentityIndex:
    """The identities of topics, as far as somebody on this machine followed them. For one thread at a time.

    Args:
        path: The file; made when it is not there, and made anew when it is not readable.

    Raises:
        LogError: The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, Identities] = {}
        try:
            self._connection = self._connect()
        except UnreadableIndexError:
            self._remove()
            self._connection = self._connect()

    def __str__(self) -> str:
        """Name it as messages do."""
        return f"the index {self._path}"

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def renew(self) -> None:
        """Throw away what is known."""
        self.close()
        self._remove()
        self._names.clear()
        self._connection = self._connect()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Be the only one on this machine who appends; what is noted meanwhile is kept when the block is left.

        Raises:
            UnreadableIndexError: The file is damaged.
            LogError: The file cannot be written, or is held by somebody else for minutes.
        """
        with self._plain_errors():
            try:
                with transaction(self._connection):
                    yield
            except BaseException:
                self._names.clear()  # numbers of sources may have been rolled back
                raise

    def tips(self, topic: str, incarnation: str, partitions: int) -> dict[int, Tip]:
        """How far each partition was followed; from the beginning where the topic is another one. Needs `holding`."""
        [known] = self._connection.execute("SELECT incarnation FROM topics WHERE topic = ?", (topic,)).fetchone() or [
            ""
        ]
        if known != incarnation:
            self._forget(topic)
            self._connection.execute("INSERT OR REPLACE INTO topics VALUES (?, ?)", (topic, incarnation))
        tips = {partition: Tip(0, start(topic, partition)) for partition in range(partitions)}
        rows = self._connection.execute("SELECT partition, next_offset, head FROM tips WHERE topic = ?", (topic,))
        tips.update((partition, Tip(next_offset, head)) for partition, next_offset, head in rows)
        return tips

    def find(self, topic: str, identities: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Partition and offset of those identities that were noted. Needs `holding`."""
        names = self._shortened(topic)
        long = {names.short(identity): identity for identity in identities}
        remaining = iter(long)
        found: dict[str, tuple[int, int]] = {}
        while some := list(islice(remaining, _LOOKUP)):
            marks = ", ".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT identity, position FROM identities WHERE identity IN ({marks})", some
            )
            found.update((long[identity], divmod(position, OFFSETS)) for identity, position in rows)
        return found

    def note(self, place: Place, before: Tip, now: Tip, identities: Iterable[tuple[int, str]]) -> None:
        """Note the records of a partition between two tips: (offset, identity) of those that have one.

        An identity that is there twice counts where it was noted first. Needs `holding`.
        """
        names = self._shortened(place.topic)
        base = place.partition * OFFSETS
        self._connection.executemany(
            "INSERT INTO identities VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(names.short(identity), base + offset) for offset, identity in identities],
        )
        self._connection.execute("INSERT OR REPLACE INTO tips VALUES (?, ?, ?, ?)", (*place, *now))
        if before.next_offset // _HEAD_EVERY != now.next_offset // _HEAD_EVERY:
            self._connection.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?)", (*place, *now))

    def _shortened(self, topic: str) -> Identities:
        if topic not in self._names:
            self._names[topic] = Identities(self._connection, topic)
        return self._names[topic]

    def _forget(self, topic: str) -> None:
        sources = self._connection.execute("SELECT number FROM sources WHERE topic = ?", (topic,)).fetchall()
        for (number,) in sources:
            self._connection.execute(
                "DELETE FROM identities WHERE identity > ? AND identity < ?", (f"{number}:", f"{number};")
            )
        for table in ("tips", "heads", "sources", "topics"):
            self._connection.execute(f"DELETE FROM {table} WHERE topic = ?", (topic,))
        self._names.pop(topic, None)

    def _connect(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LogError(
                f"The folder of the index {self._path} cannot be made: {error.strerror}; check its permissions."
            ) from error
        with self._plain_errors():
            connection = sqlite3.connect(
                self._path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is read again
                connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                [version] = connection.execute("PRAGMA user_version").fetchone()
                [application] = connection.execute("PRAGMA application_id").fetchone()
                if (version, application) not in {(0, 0), (_VERSION, _APPLICATION_ID)}:
                    raise sqlite3.DatabaseError("of another program or version")  # noqa: TRY301 - as if unreadable
                if not version:
                    connection.executescript(_SCHEMA)
            except BaseException:
                connection.close()
                raise
            return connection

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if reason := remedy(error):
                raise LogError(f"The index {self._path} of what is on Kafka cannot be used: {reason}.") from error
            raise UnreadableIndexError(
                f"The index {self._path} of what is on Kafka is damaged ({error}); remove it: it is made anew."
            ) from error


def followed_heads(path: Path, place: Place, incarnation: str) -> Sequence[Tip]:
    """The heads that the file knows of a partition, in order; none where it is not there or knows another topic."""
    rows = _looked_up(
        path,
        "SELECT next_offset, head FROM heads JOIN topics USING (topic) "
        "WHERE topic = ? AND partition = ? AND incarnation = ? ORDER BY next_offset",
        (*place, incarnation),
    )
    return [Tip(*row) for row in rows]


def followed_tips(path: Path, incarnations: Mapping[str, str]) -> Heads:
    """How far the file has followed those topics that it knows in these incarnations."""
    rows = _looked_up(
        path, "SELECT topic, incarnation, partition, next_offset, head FROM tips JOIN topics USING (topic)"
    )
    return {
        (topic, partition): Tip(next_offset, head)
        for topic, incarnation, partition, next_offset, head in rows
        if incarnations.get(topic) == incarnation
    }


def _looked_up(path: Path, select: str, values: Sequence[Any] = ()) -> list[Any]:
    """What a file holds that is nobody's connection; nothing where it is not there or not readable."""
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(select, values).fetchall()
    except sqlite3.Error:  # chains are then computed from their beginning
        return []
