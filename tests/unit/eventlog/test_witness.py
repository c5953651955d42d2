"""The witness says where partitions stood, or says nothing; it never says something wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.base import CorruptLogError, Record
from eventlog.chain import Tip
from eventlog.embedded import EmbeddedLog
from eventlog.sqlite.slots import Place
from eventlog.sqlite.witness import ENTRY_BYTES, Sighting, Witness

FIRST = Place(0, "facts", 0)
THIRD = Place(2, "rejected", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a witness that has seen two partitions."""
    path = tmp_path / "log.db.witness"
    witness = Witness(path)
    witness.note(FIRST, Tip(5, b"a" * 16))
    witness.note(THIRD, Tip(7, b"b" * 16))
    witness.close()
    return path


@pytest.fixture
def witness(path: Path) -> Iterator[Witness]:
    """That witness, open."""
    witness = Witness(path)
    yield witness
    witness.close()


def test_it_says_what_it_was_told(witness: Witness) -> None:
    """What was noted comes back, by slot, also after the file was closed."""
    assert witness.sightings() == {
        0: Sighting("facts", 0, Tip(5, b"a" * 16)),
        2: Sighting("rejected", 0, Tip(7, b"b" * 16)),
    }


def test_the_newest_note_counts(witness: Witness) -> None:
    """A later note of a partition takes the place of the earlier one, and of no other."""
    witness.note(FIRST, Tip(6, b"c" * 16))

    assert [said.tip.next_offset for said in witness.sightings().values()] == [6, 7]


def test_the_longest_topic_name_fits(witness: Witness) -> None:
    """A name of 249 characters, the longest that a topic can have, stays within its entry."""
    witness.note(Place(1, "x" * 249, 4_095), Tip(2**40, b"d" * 16))

    assert witness.sightings()[1] == Sighting("x" * 249, 4_095, Tip(2**40, b"d" * 16))


@pytest.mark.parametrize("bit", range(0, ENTRY_BYTES * 8, 61))
def test_a_flipped_bit_silences_one_entry(path: Path, bit: int, caplog: pytest.LogCaptureFixture) -> None:
    """Whichever bit of an entry is flipped, that entry says nothing, with a warning, and the others still speak."""
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    witness = Witness(path)

    assert list(witness.sightings()) == [2]
    assert "entry 0" in caplog.text
    witness.close()


def test_a_cut_file_says_what_is_left(path: Path) -> None:
    """A witness that was cut in the middle of an entry keeps the entries before."""
    path.write_bytes(path.read_bytes()[: 2 * ENTRY_BYTES + 100])
    witness = Witness(path)

    assert list(witness.sightings()) == [0]
    witness.close()


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """A closed log of three records."""
    path = tmp_path / "log.db"
    with EmbeddedLog(path) as log:
        log.create_topic("facts", 2)
        log.append("facts", [Record(b"k", b"%d" % number, None, 1) for number in range(3)])
    return path


def test_a_garbled_witness_is_not_fatal(log_path: Path) -> None:
    """A log whose witness was overwritten still opens and verifies, and the witness is written anew."""
    witness = log_path.with_name("log.db.witness")
    sound = witness.read_bytes()
    witness.write_bytes(b"\xa5" * len(sound))

    with EmbeddedLog(log_path) as log:
        assert log.verify() == {"facts": 3}
    assert witness.read_bytes() == sound


def test_without_its_witness_a_log_is_checked_by_the_projections(log_path: Path) -> None:
    """When the witness is gone, the heads that are kept with the projections still find a lost record."""
    log_path.with_name("log.db.witness").unlink()

    with EmbeddedLog(log_path) as log, pytest.raises(CorruptLogError, match="ends before offset 3"):
        log.verify(expected_heads={("facts", 1): (4, bytes(16))})


def test_a_witness_that_lags_is_brought_up_to_date(log_path: Path) -> None:
    """After a kill between commit and note the witness lags; opening accepts that and mends it."""
    witness = log_path.with_name("log.db.witness")
    before = witness.read_bytes()
    with EmbeddedLog(log_path) as log:
        log.append("facts", [Record(b"k", b"3", None, 1)])
    after = witness.read_bytes()
    witness.write_bytes(before)

    EmbeddedLog(log_path).close()

    assert witness.read_bytes() == after != before


def test_a_log_that_is_gone_is_not_begun_anew(log_path: Path) -> None:
    """When the log's file was removed and its witness stands, opening stops rather than begin an empty log."""
    log_path.unlink()

    with pytest.raises(CorruptLogError, match="topic facts, partition 0 is gone"):
        EmbeddedLog(log_path)
    with pytest.raises(CorruptLogError, match="topic facts, partition 0 is gone"):
        EmbeddedLog(log_path)
