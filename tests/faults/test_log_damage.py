"""A damaged log is noticed when it is opened and verified: no flipped bit or cut tail is taken for the truth."""

import random
import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from eventlog.base import CorruptLogError, LogError, Record, Stored
from eventlog.embedded import EmbeddedLog
from eventlog.sqlite.slots import OFFSETS

PARTITIONS = 3
TRIES = 100


class Files(NamedTuple):
    """The bytes of a log's three files that count."""

    main: bytes
    wal: bytes
    witness: bytes

    @classmethod
    def of(cls, path: Path) -> "Files":
        """Copy them as they are."""
        return cls(*(beside(path, suffix).read_bytes() for suffix in ("", "-wal", ".witness")))

    def put(self, path: Path) -> None:
        """Lay them down as a log that nobody has open."""
        for old in path.parent.glob(path.name + "*"):
            old.unlink()
        for content, suffix in zip(self, ("", "-wal", ".witness"), strict=True):
            beside(path, suffix).write_bytes(content)


def beside(path: Path, suffix: str) -> Path:
    """A file that belongs to a log."""
    return path.with_name(path.name + suffix)


def read_all(log: EmbeddedLog) -> list[Stored]:
    """Every record of the log."""
    return [stored for partition in range(PARTITIONS) for stored in log.read("facts", partition, 0, 1_000)]


def flip(content: bytes, bit: int) -> bytes:
    """Turn one bit over."""
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def open_and_verify(path: Path) -> list[Stored]:
    """What a worker does when it starts, and then everything it would read."""
    with EmbeddedLog(path) as log:
        log.verify()
        return read_all(log)


@pytest.fixture(scope="module")
def half_written(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A log of 120 records as a kill leaves it: half in the main file, half in the write-ahead log."""
    path = tmp_path_factory.mktemp("half") / "log.db"
    seeded = random.Random(7)
    for _ in range(2):
        with EmbeddedLog(path) as log:
            log.create_topic("facts", PARTITIONS)
            for number in range(60):
                identity = f"source\n{seeded.getrandbits(128)}"
                log.append("facts", [Record(b"key-%d" % number, seeded.randbytes(300), identity)])
            files = Files.of(path)
    return files


@pytest.fixture(scope="module")
def at_rest(half_written: Files, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The same log after it was closed: all in the main file."""
    path = tmp_path_factory.mktemp("rest") / "log.db"
    half_written.put(path)
    EmbeddedLog(path).close()
    beside(path, "-wal").write_bytes(b"")
    return Files.of(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a damaged copy is laid down."""
    return tmp_path / "log.db"


def test_sound_copies_are_accepted(half_written: Files, at_rest: Files, path: Path) -> None:
    """Without damage, both states verify and hold the same records; the tests below are not red by themselves."""
    half_written.put(path)
    one = open_and_verify(path)
    at_rest.put(path)

    assert open_and_verify(path) == one
    assert len(one) == 120
    assert len(half_written.wal) > 100_000


def test_every_bit_flipped_in_the_write_ahead_log_is_detected(half_written: Files, path: Path) -> None:
    """SQLite drops the tail behind the flipped bit in silence; the witness makes it heard, 100 times of 100."""
    seeded = random.Random(1)

    for _ in range(TRIES):
        half_written._replace(wal=flip(half_written.wal, seeded.randrange(len(half_written.wal) * 8))).put(path)
        with pytest.raises(CorruptLogError, match="are lost"):
            open_and_verify(path)


def test_every_bit_flipped_in_a_stored_record_is_detected(at_rest: Files, path: Path) -> None:
    """Key, value, head and identity: a flipped bit of any of them is noticed, 100 times of 100."""
    at_rest.put(path)
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT CAST(key || value || head || identity AS BLOB) FROM records").fetchall()
    connection.close()
    seeded = random.Random(2)

    for _ in range(TRIES):
        [stored] = seeded.choice(rows)
        assert stored in at_rest.main
        broken = flip(stored, seeded.randrange(len(stored) * 8))
        at_rest._replace(main=at_rest.main.replace(stored, broken)).put(path)  # also in what a page split left over
        with pytest.raises(CorruptLogError):
            open_and_verify(path)


def test_every_cut_of_the_write_ahead_log_is_detected(half_written: Files, path: Path) -> None:
    """A write-ahead log that ends too early, anywhere, or is gone, has lost records: noticed, 50 times of 50."""
    seeded = random.Random(3)

    for cut in [0, *(seeded.randrange(len(half_written.wal)) for _ in range(TRIES // 2 - 1))]:
        half_written._replace(wal=half_written.wal[:cut]).put(path)
        with pytest.raises(CorruptLogError, match=r"topic facts, partition \d ends before offset \d+, but its witness"):
            open_and_verify(path)


def test_a_refused_log_stays_refused(half_written: Files, path: Path) -> None:
    """Opening alone refuses a log that lost its tail, so no appender writes over the loss, however often it tries."""
    half_written._replace(wal=flip(half_written.wal, 400_000)).put(path)

    for _ in range(3):
        with pytest.raises(CorruptLogError, match="are lost"):
            EmbeddedLog(path)


def test_deleted_last_records_are_detected(at_rest: Files, path: Path) -> None:
    """Records deleted from the end of a partition, tidily, with their index: noticed, 50 times of 50."""
    seeded = random.Random(4)

    for _ in range(TRIES // 2):
        at_rest.put(path)
        slot, count = seeded.randrange(PARTITIONS), seeded.randrange(1, 30)
        with sqlite3.connect(path) as connection:
            connection.execute(
                "DELETE FROM records WHERE position IN (SELECT position FROM records WHERE position BETWEEN ? AND ? "
                "ORDER BY position DESC LIMIT ?)",
                (slot * OFFSETS, (slot + 1) * OFFSETS - 1, count),
            )
        connection.close()
        with pytest.raises(CorruptLogError, match=f"topic facts, partition {slot} ends .*: {count} are lost"):
            open_and_verify(path)


def test_a_bit_flipped_anywhere_is_detected_or_does_not_matter(at_rest: Files, path: Path) -> None:
    """Wherever in the main file a bit flips, start is refused, or it was unused and all reads byte for byte."""
    at_rest.put(path)
    sound = open_and_verify(path)
    seeded = random.Random(6)
    refused = 0

    for _ in range(TRIES):
        at_rest._replace(main=flip(at_rest.main, seeded.randrange(len(at_rest.main) * 8))).put(path)
        try:
            assert open_and_verify(path) == sound
        except LogError:
            refused += 1

    assert refused > TRIES / 4


def test_a_cut_main_file_is_detected(at_rest: Files, path: Path) -> None:
    """A main file that ends too early is refused, wherever it was cut."""
    seeded = random.Random(8)

    for cut in [0, *(seeded.randrange(len(at_rest.main)) for _ in range(20))]:
        at_rest._replace(main=at_rest.main[:cut]).put(path)
        with pytest.raises(CorruptLogError):
            open_and_verify(path)


def test_an_edited_value_is_named(at_rest: Files, path: Path) -> None:
    """A record that somebody edited in the database is named with topic, partition and offset, and what to do."""
    at_rest.put(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records SET value = x'00' WHERE position = ?", (OFFSETS + 4,))
    connection.close()

    with pytest.raises(CorruptLogError, match=r"topic facts, partition 1, offset 4 is not what was .*Restore it"):
        open_and_verify(path)


def test_a_deleted_record_in_between_stops_a_reader(at_rest: Files, path: Path) -> None:
    """A gap is never read over, even by a reader that did not verify."""
    at_rest.put(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM records WHERE position = ?", (OFFSETS + 4,))
    connection.close()

    with EmbeddedLog(path) as log, pytest.raises(CorruptLogError, match="partition 1 has a gap at or after offset 2"):
        log.read("facts", 1, 2, 10)


def test_a_power_cut_leaves_everything_that_was_acknowledged(tmp_path: Path, path: Path) -> None:
    """Whatever the disk kept of a write it had not confirmed, and of the witness: what was acknowledged is there."""
    witnesses, sizes = [], []
    live = tmp_path / "live.db"
    with EmbeddedLog(live) as log:
        log.create_topic("facts", PARTITIONS)
        for number in range(101):
            log.append("facts", [Record(b"%d" % (number + key), bytes(300)) for key in range(3)])
            sizes.append(beside(live, "-wal").stat().st_size)
            witnesses.append(beside(live, ".witness").read_bytes())
        files = Files.of(live)
    seeded = random.Random(9)

    for acknowledged in range(100):
        kept = seeded.randrange(sizes[acknowledged], sizes[acknowledged + 1])
        files._replace(wal=files.wal[:kept], witness=witnesses[seeded.randrange(acknowledged + 1)]).put(path)
        with EmbeddedLog(path) as log:
            assert log.verify() == {"facts": 3 * (acknowledged + 1)}
