"""The exported file: it can be looked into, it is whole or known not to be, and it is there complete or not at all."""

from contextlib import suppress
from gzip import decompress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.base import Record
from eventlog.chain import start
from eventlog.embedded import EmbeddedLog
from eventlog.transfer import check_file
from eventlog.transfer_file import LogFile, LogFileError, whole_or_absent
from tests.transfer_kit import exported, lines, zipped

RECORDS = (
    Record(b"p-1", b'{"id": "1"}', None, 0),
    Record(None, "née".encode(), None, 0),
    Record(b"p-2", b"\xff\x00", None, 1),
    Record(b"\xfe", b"", None, 1),
)


def small_file() -> bytes:
    """The file of a log with four records in two of three partitions."""
    with TemporaryDirectory() as folder, EmbeddedLog(Path(folder, "log.db"), synchronous="NORMAL") as log:
        log.create_topic("facts", 3)
        log.append("facts", RECORDS)
        return exported(log)


FILE = small_file()


def read(file: bytes) -> list[tuple[str, int, int, bytes | None, bytes]]:
    """Every record of a file that is whole."""
    return [
        (topic, stored.partition, stored.offset, stored.key, stored.value)
        for topic, stored in LogFile(BytesIO(file), "copy.gz").records()
    ]


def test_a_person_can_look_inside() -> None:
    """Unzipped, it is lines of JSON: what there is, a record each, text as text, and the heads."""
    first, *records, last = lines(FILE)

    assert first == {
        "kind": "engagement-log",
        "version": 1,
        "exported": "2025-09-08T09:00:00Z",
        "topics": {"facts": [2, 2, 0]},
    }
    assert records == [
        {"kind": "record", "topic": "facts", "partition": 0, "offset": 0, "key": "p-1", "value": '{"id": "1"}'},
        {"kind": "record", "topic": "facts", "partition": 0, "offset": 1, "value": "née"},
        {"kind": "record", "topic": "facts", "partition": 1, "offset": 0, "key": "p-2", "value_base64": "/wA="},
        {"kind": "record", "topic": "facts", "partition": 1, "offset": 1, "key_base64": "/g==", "value": ""},
    ]
    assert last["kind"] == "end"
    assert last["heads"]["facts"][2] == start("facts", 2).hex()


def test_the_same_log_gives_the_same_file() -> None:
    """Two exports of a log, as of one moment, are equal byte for byte."""
    assert small_file() == FILE


def test_a_file_is_read_back() -> None:
    """Every record comes with its place, its key and its bytes."""
    assert read(FILE) == [
        ("facts", 0, 0, b"p-1", b'{"id": "1"}'),
        ("facts", 0, 1, None, "née".encode()),
        ("facts", 1, 0, b"p-2", b"\xff\x00"),
        ("facts", 1, 1, b"\xfe", b""),
    ]


def test_progress_is_told_of_every_record() -> None:
    """The numbers that are told add up to all records."""
    told: list[int] = []

    contents = check_file(LogFile(BytesIO(FILE), "copy.gz"), told.append)

    assert sum(told) == len(RECORDS)
    assert [tip.next_offset for tip in contents["facts"]] == [2, 2, 0]


@given(st.integers(0, len(FILE) - 1))
def test_a_file_that_is_cut_off_is_refused(length: int) -> None:
    """Wherever a file ends too early, it is not taken for a whole one."""
    with pytest.raises(LogFileError, match=r"copy\.gz"):
        read(FILE[:length])


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_flipped_bit_is_refused_or_harmless(place: int, mask: int) -> None:
    """No change of a byte goes unseen, but for those of gzip's own header, which change no record."""
    damaged = bytearray(FILE)
    damaged[place] ^= mask
    with suppress(LogFileError):
        assert read(bytes(damaged)) == read(FILE)


def test_a_cut_is_told_with_its_line() -> None:
    """Who has a file that was cut off learns how far it goes."""
    cut = zipped(lines(FILE)[:3])

    with pytest.raises(LogFileError, match=r"copy\.gz is cut off after line 3"):
        read(cut)


CHANGES: dict[str, tuple[Any, str]] = {
    "another value": (lambda all_: all_[1].update(value="{}"), "records of facts/0 are not those"),
    "another key": (lambda all_: all_[3].update(key="p-3"), "records of facts/1 are not those"),
    "a key taken away": (lambda all_: all_[1].pop("key"), "records of facts/0 are not those"),
    "two in the wrong order": (lambda all_: all_.insert(1, all_.pop(2)), "line 2 .* facts/0/0"),
    "one missing": (lambda all_: all_.pop(2), "line 3 .* facts/0/1"),
    "one twice": (lambda all_: all_.insert(2, all_[1]), "line 3 .* facts/0/1"),
    "no value": (lambda all_: all_[1].pop("value"), "line 2 has no value"),
    "no record": (lambda all_: all_.__setitem__(1, {"kind": "note"}), "line 2 cannot be read"),
    "the end too early": (lambda all_: all_.insert(2, all_[-1]), "line 3 is not what should stand there"),
    "no heads": (lambda all_: all_[-1].update(heads={}), "records of facts/0 are not those"),
    "fewer heads": (lambda all_: all_[-1]["heads"]["facts"].pop(), "records of facts/2 are not those"),
    "more after the end": (lambda all_: all_.append(all_[1]), "goes on after its end, from line 7"),
    "more records promised": (lambda all_: all_[0].update(topics={"facts": [2, 2, 1]}), "line 6 is not"),
    "another version": (lambda all_: all_[0].update(version=2), "has version 2 of the format"),
    "another file": (lambda all_: all_.pop(0), "is no exported log"),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES)
def test_an_edited_file_is_refused(change: Any, told: str) -> None:
    """Whoever edits a file and zips it again is told which line or partition gave it away."""
    changed = lines(FILE)
    change(changed)

    with pytest.raises(LogFileError, match=told):
        read(zipped(changed))


@pytest.mark.parametrize("content", [b"", b"id,name\n1,2\n", decompress(FILE)], ids=["empty", "a table", "unzipped"])
def test_something_else_is_no_exported_log(content: bytes) -> None:
    """A file of another kind is told apart at once."""
    with pytest.raises(LogFileError, match=r"copy\.gz is no exported log; .*export-log"):
        read(content)


def test_a_file_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    """While it is written nothing stands under its name; then all of it does, and nothing else is left."""
    path = tmp_path / "copy.gz"

    with whole_or_absent(path) as stream:
        stream.write(b"all of it")
        assert not path.exists()

    assert [each.name for each in tmp_path.iterdir()] == ["copy.gz"]
    assert path.read_bytes() == b"all of it"


def test_a_file_that_was_not_completed_leaves_what_was_there(tmp_path: Path) -> None:
    """An export that ends early leaves no piece, and the earlier copy as it was."""
    path = tmp_path / "copy.gz"
    path.write_bytes(b"the copy of yesterday")

    def interrupted() -> None:
        with whole_or_absent(path) as stream:
            stream.write(b"a part of it")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert [each.name for each in tmp_path.iterdir()] == ["copy.gz"]
    assert path.read_bytes() == b"the copy of yesterday"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Where nothing can be written, the message has the path and the reason."""
    with (
        pytest.raises(LogFileError, match=r"nowhere/copy\.gz cannot be written: No such file"),
        whole_or_absent(tmp_path / "nowhere" / "copy.gz"),
    ):
        pytest.fail("there is no such folder")
